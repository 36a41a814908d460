/** Without this file a text that a tokenizer reads in lower case, or in another normal form, could not be recognised in its tokens. */

/** How many UTF-16 units of a text are held against as many of the tokens: no character is taken apart into more. */
const MOST_SOURCE = 8;
const MOST_SPELT = 18;

export interface Walked {
  /** Of each UTF-16 unit of what was spelt, and of its end, the place in the source. */
  readonly places: readonly number[];
  /** What the last character of the source stands for beside what was spelt, as `folded` has it. */
  readonly owed: string;
  /** Units of the source that were passed over before the first one was found. */
  readonly skipped: number;
}

/**
 * Finds in `source`, from `from` on, what tokens spell: the same characters, or those that are the same without case, marks and compatibility. Spaces may have been put in or left out,
 * and signs that cannot be seen left out. `owed`: what of the character before is still to be spelt. Null where something else stands there.
 */
export function walk(source: string, spelt: string, from: number, owed: string): Walked | null {
  const places: number[] = [];
  let at = from;
  let [skipped, met] = [0, false];
  const reach = (to: number, next: number): void => {
    while (places.length < to) places.push(at);
    at = next;
    met = true;
  };
  while (places.length < spelt.length) {
    const done = places.length;
    const character = String.fromCodePoint(spelt.codePointAt(done)!);
    if (owed !== "") {
      const part = folded(character);
      if (owed.startsWith(part)) {
        owed = owed.slice(part.length);
        reach(done + character.length, at);
        continue;
      }
      owed = "";
    }
    const there = source[at] ?? "";
    if (there === spelt[done]) reach(done + 1, at + 1);
    else if (isSpace(character)) reach(done + 1, isSpace(there) ? at + 1 : at);
    else {
      const like = alike(source, at, spelt, done);
      if (like !== null) {
        let next = at + like.source;
        // Marks that the tokens have in one character with the letter before.
        while (/\p{M}/u.test(source[next] ?? "") && source[next] !== spelt[done + like.spelt]) next++;
        owed = like.owed;
        reach(done + like.spelt, next);
      } else if (/^[\s\p{C}\p{M}]/u.test(there)) {
        at++;
        if (!met) skipped++;
      } else return null;
    }
  }
  return { places: [...places, at], owed, skipped };
}

export const isSpace = (character: string): boolean => /^\s/.test(character);

/** Without case, marks, spaces and compatibility forms. */
export const folded = (text: string): string => text.normalize("NFKD").toLowerCase().replace(/[\p{M}\s]/gu, "");

/** The shortest two beginnings that are the same once folded; at its end what is spelt may lack the rest of a character. */
function alike(source: string, at: number, spelt: string, from: number): { readonly source: number; readonly spelt: number; readonly owed: string } | null {
  for (let length = 1; length <= Math.min(MOST_SOURCE, source.length - at); length++) {
    const wanted = folded(source.slice(at, at + length));
    if (wanted === "") continue;
    for (let some = 1; some <= Math.min(MOST_SPELT, spelt.length - from); some++) {
      const found = folded(spelt.slice(from, from + some));
      if (found === wanted) return { source: length, spelt: some, owed: "" };
      if (found !== "" && from + some === spelt.length && wanted.startsWith(found) && Array.from(source.slice(at, at + length)).length === 1) return { source: length, spelt: some, owed: wanted.slice(found.length) };
      if (!wanted.startsWith(found)) break;
    }
  }
  return null;
}
