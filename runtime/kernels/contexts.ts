/** Without this file the strongest places of a feature would be looked for once per feature. */
import type { Csr, Rows } from "./csr.ts";
import { eachActive } from "./active.ts";

/** The places of one feature, in order: rows of the matrix. */
export interface Places {
  readonly feature: number;
  readonly rows: readonly number[];
  readonly values: readonly number[];
}

/**
 * For each feature the `count` documents where it is strongest, each by its strongest row: unmasked, finite, above `threshold`. Strongest
 * first; of equal values the lower document, and in a document the lower position. `document` and `position` of `rows` ascend. O(nnz).
 */
export function strongestPlaces(csr: Csr, rows: Rows, features: readonly number[], count: number, threshold = 0): readonly Places[] {
  const best = new Map(features.map((feature) => [feature, new Map<number, { readonly row: number; readonly value: number }>()]));
  eachActive(csr, rows, threshold, (row, feature, value) => {
    const documents = best.get(feature);
    if (documents === undefined) return;
    const document = rows.document[row]!;
    const known = documents.get(document);
    if (known === undefined || value > known.value) documents.set(document, { row, value });
  });
  return features.map((feature) => {
    const found = [...best.get(feature)!.values()].sort((a, b) => b.value - a.value || a.row - b.row).slice(0, count);
    return { feature, rows: found.map(({ row }) => row), values: found.map(({ value }) => value) };
  });
}

/** The value of a feature at a row: 0 where it is not stored. O(log of the row's entries). */
export function valueAt(csr: Csr, row: number, feature: number): number {
  let low = csr.indptr[row]!;
  let high = csr.indptr[row + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (csr.indices[middle]! < feature) low = middle + 1;
    else high = middle;
  }
  return low < csr.indptr[row + 1]! && csr.indices[low] === feature ? csr.values[low]! : 0;
}
