/** Without this file nobody could say how much of an activation an SAE gives back. */

/** Over the rows that count; null where there are none, or nothing to compare with. */
export interface Fidelity {
  readonly rows: number;
  readonly explainedVariance: number | null;
  /** Mean over rows of the squared distance, summed over a row's numbers. */
  readonly mse: number | null;
  /** √(Σ‖x − x̂‖² / Σ‖x‖²). */
  readonly relativeError: number | null;
  readonly cosine: number | null;
}

/**
 * How near reconstructions come to activations, both [rows, width], over rows that are not masked, in float64.
 * explained variance = 1 − Σ‖x − x̂‖² / Σ‖x − mean‖², pooled over all rows (sae_lens 6.54 `evals.py` `ExplainedVarianceCalculator`, not its
 * per-batch `explained_variance_legacy`); mse and cosine as `get_sparsity_and_variance_metrics` there.
 */
export function fidelity(reconstruction: Float32Array, activation: Float32Array, width: number, masked: Uint8Array): Fidelity {
  const counted = Array.from(masked.keys()).filter((row) => masked[row] === 0);
  const mean = new Float64Array(width);
  for (const row of counted) for (let i = 0; i < width; i++) mean[i]! += activation[row * width + i]! / counted.length;
  let [error, size, variance, cosine] = [0, 0, 0, 0];
  for (const row of counted) {
    let [xx, yy, xy] = [0, 0, 0];
    for (let i = 0; i < width; i++) {
      const [x, y] = [activation[row * width + i]!, reconstruction[row * width + i]!];
      error += (x - y) * (x - y);
      variance += (x - mean[i]!) * (x - mean[i]!);
      xx += x * x;
      yy += y * y;
      xy += x * y;
    }
    size += xx;
    cosine += xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
  }
  const over = (value: number, divisor: number): number | null => (divisor > 0 && Number.isFinite(value / divisor) ? value / divisor : null);
  const unexplained = over(error, variance);
  const relative = over(error, size);
  return {
    rows: counted.length,
    explainedVariance: unexplained === null ? null : 1 - unexplained,
    mse: over(error, counted.length),
    relativeError: relative === null ? null : Math.sqrt(relative),
    cosine: over(cosine, counted.length),
  };
}
