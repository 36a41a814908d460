/** Without this file two lists of features could not be compared. */

export interface Overlap {
  readonly sizes: readonly [number, number];
  /** Features in both, ascending. */
  readonly intersection: Uint32Array;
  /** |a ∩ b| / |a ∪ b|; null when both are empty. */
  readonly jaccard: number | null;
}

/** Compare two sets of feature ids; order and repeats do not matter. O(n log n). */
export function overlap(a: Uint32Array, b: Uint32Array): Overlap {
  const left = ascending(a);
  const right = ascending(b);
  const members = new Set(right);
  const intersection = left.filter((feature) => members.has(feature));
  const together = left.length + right.length - intersection.length;
  return { sizes: [left.length, right.length], intersection, jaccard: together === 0 ? null : intersection.length / together };
}

/** Every feature of any of the sets, once, ascending. */
export function union(sets: readonly Uint32Array[]): Uint32Array {
  const all = new Set<number>();
  for (const set of sets) for (const feature of set) all.add(feature);
  return Uint32Array.from(all).sort();
}

function ascending(features: Uint32Array): Uint32Array {
  return Uint32Array.from(new Set(features)).sort();
}
