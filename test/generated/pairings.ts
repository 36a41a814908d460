/** Without this file what goes wrong only where two things stand beside each other would be left to chance. */

/** Texts of at most `length` items in which each item follows each, itself too: a de Bruijn sequence of order 2, cut so that its pieces share their ends. */
export function pairings(items: readonly string[], length: number, between = ""): readonly string[] {
  const round = items.flatMap((first, at) => [first, ...items.slice(at + 1).flatMap((second) => [first, second])]);
  const all = [...round, round[0]!];
  return Array.from({ length: Math.ceil((all.length - 1) / (length - 1)) }, (_, i) => all.slice(i * (length - 1), i * (length - 1) + length).join(between));
}
