/** Without this file kernels would not agree on which activations count: unmasked row, finite, above the threshold. */
import type { Csr, Rows } from "./csr.ts";

/** NaN and infinite activations of unmasked rows: left out of every figure, counted here. */
export interface NonFinite {
  readonly count: number;
  /** The first one by (document, position). */
  readonly first: { readonly document: number; readonly position: number } | null;
}

/**
 * Call `visit(row, feature, value)` for every activation that counts, by row, then feature. The comparison
 * value > threshold is made in float32, as the SAE makes its own. O(nnz).
 */
export function eachActive(csr: Csr, rows: Rows, threshold: number, visit: (row: number, feature: number, value: number) => void): NonFinite {
  const bound = Math.fround(threshold);
  let count = 0;
  let first: { document: number; position: number } | null = null;
  for (let row = 0; row < csr.rows; row++) {
    if (rows.masked[row] === 1) continue;
    const to = csr.indptr[row + 1]!;
    for (let entry = csr.indptr[row]!; entry < to; entry++) {
      const value = csr.values[entry]!;
      if (value - value !== 0) {
        count++;
        const document = rows.document[row]!;
        const position = rows.position[row]!;
        if (first === null || document < first.document || (document === first.document && position < first.position)) first = { document, position };
      } else if (value > bound) visit(row, csr.indices[entry]!, value);
    }
  }
  return { count, first };
}

export interface ActiveValues {
  /** Every activation that counts, [active pairs], by row, then feature. */
  readonly values: Float32Array;
  /** Active features of each unmasked row, [unmasked rows]. */
  readonly l0: Uint32Array;
  readonly nonFinite: NonFinite;
}

/** The two distributions of a matrix [rows, cols]: activation values and L0 per unmasked row. O(rows + nnz). */
export function activeValues(csr: Csr, rows: Rows, threshold = 0): ActiveValues {
  const values = new Float32Array(csr.values.length);
  const perRow = new Uint32Array(csr.rows);
  let next = 0;
  const nonFinite = eachActive(csr, rows, threshold, (row, _feature, value) => {
    values[next++] = value;
    perRow[row] = perRow[row]! + 1;
  });
  return { values: values.slice(0, next), l0: perRow.filter((_, row) => rows.masked[row] === 0), nonFinite };
}
