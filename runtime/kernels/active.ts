/** Without this file kernels would not agree on which activations count: unmasked row, finite, above the threshold. */
import type { Csr, Rows } from "./csr.ts";

/**
 * Call `visit(row, feature, value)` for every activation that counts, by row, then feature. The comparison
 * value > threshold is made in float32, as the SAE makes its own. O(nnz).
 */
export function eachActive(csr: Csr, rows: Rows, threshold: number, visit: (row: number, feature: number, value: number) => void): void {
  const bound = Math.fround(threshold);
  for (let row = 0; row < csr.rows; row++) {
    if (rows.masked[row] === 1) continue;
    const to = csr.indptr[row + 1]!;
    for (let entry = csr.indptr[row]!; entry < to; entry++) {
      const value = csr.values[entry]!;
      if (value > bound && value < Number.POSITIVE_INFINITY) visit(row, csr.indices[entry]!, value);
    }
  }
}
