/** Without this file a piece of a script would be checked without the mistakes of grammar that the checker can say more of. */

/** Mistakes of grammar that the checker may withdraw, where it knows what was meant. */
export const REWORDED: ReadonlySet<string> = new Set(["dashed-name", "missing-comma", "pipe-in-brackets", "keyword-case"]);
