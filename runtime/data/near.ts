/** Without this file a mistyped file or column name would be told wrong without being told right. */
import { distance } from "../../src/check/suggest.ts";

/** Up to three of `names` that `word` may have been meant as, nearest first. */
export function nearNames(word: string, names: readonly string[]): string[] {
  const wanted = word.toLowerCase().slice(0, 256);
  return names
    .filter((name) => name.length <= 256)
    .map((name) => ({ name, away: distance(wanted, name.toLowerCase()) }))
    .filter(({ name, away }) => away <= Math.max(2, Math.floor(Math.max(wanted.length, name.length) / 3)))
    .sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}
