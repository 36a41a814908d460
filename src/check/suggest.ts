/** Without this file a misspelt word would get no suggestion. */

/** Damerau–Levenshtein distance (adjacent swaps count one): Damerau 1964, optimal string alignment variant. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(current[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** The nearest of `names`: one that looks the same, else one letter away, of which it is one word, at most a third of the word away, or that contains it; never for a single letter. */
export function nearest(word: string, names: readonly string[]): string | null {
  const twin = names.find((name) => name.normalize() === word.normalize()) ?? names.find((name) => name.normalize("NFKC") === word.normalize("NFKC"));
  if (twin !== undefined) return twin;
  if (word.length < 2 || word.length > 100) return null;
  const low = word.toLowerCase();
  const allowed = Math.max(1, Math.floor(word.length / 3));
  let best: { name: string; away: number } | null = null;
  for (const name of names) {
    if (name.length > 100) continue;
    const away = distance(low, name.toLowerCase());
    if (away <= allowed && (best === null || away < best.away)) best = { name, away };
  }
  if (best !== null && (best.away <= 1 || low.length < 4)) return best.name;
  if (low.length < 4) return null;
  // `score` is rather one of the words of `score_mean` than a slip of `store`, or a part of `underscored`.
  const words = names.filter((name) => name.toLowerCase().split(/[_\W]+/).includes(low));
  if (words.length > 0) return shortest(words);
  return best?.name ?? shortest(names.filter((name) => name.toLowerCase().includes(low) || (name.length >= 4 && low.includes(name.toLowerCase()))), low);
}

/** The name whose length is nearest to that of a word, of several the first; null of none. */
function shortest(names: readonly string[], word = ""): string | null {
  const [first, ...others] = names;
  const away = (name: string): number => Math.abs(name.length - word.length);
  return first === undefined ? null : others.reduce((nearer, name) => (away(name) < away(nearer) ? name : nearer), first);
}

/** What tells a word from a name that looks the same, such as an é of one character from one of two: for notes, where nothing else would. */
export function toldApart(word: string, name: string | null): readonly string[] {
  if (name === null || name === word || name.normalize() !== word.normalize()) return [];
  const [ours, theirs] = [word, name].map((text) => Array.from(new Intl.Segmenter("en").segment(text), ({ segment }) => segment)) as [string[], string[]];
  const at = ours.findIndex((character, i) => character !== theirs[i]);
  return [`they look alike: character ${at + 1} is ${codePoints(ours[at]!)} here and ${codePoints(theirs[at] ?? "")} in the column`];
}

function codePoints(text: string): string {
  return [...text].map((character) => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`).join(" ");
}

/** `a, b, c (+4 more)` */
export function listed(names: readonly string[], most = 12): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} (+${names.length - most} more)` : shown || "none";
}
