/** Without this file a guard would judge an SAE by its name alone. */
import type { TapOutput } from "../engine/port.ts";

/** What an SAE does on some tokens. */
export interface SaeFigures {
  readonly tokens: number;
  /** Mean number of active features per token. */
  readonly l0: number;
  /** Mean L2 norm of what it reads. */
  readonly norm: number;
  /** 1 − Σ‖x − x̂‖² / Σ‖x − mean‖² over all tokens; null where it was not worked out. */
  readonly explainedVariance: number | null;
}

/** Rows of one document: the activations that were read and the features they gave, and which rows count. */
export interface Rows {
  readonly dense: TapOutput & { readonly kind: "dense" };
  readonly sparse: TapOutput & { readonly kind: "sparse" };
  /** Rows of text after the first position: special tokens and the first token have norms of their own (attention sinks) that no SAE was trained on. */
  readonly counted: readonly number[];
  /** What the features give back, [rows, width]; null where it was not worked out. */
  readonly restored: Float32Array | null;
  /** These rows are counted elsewhere: only their reconstruction is looked at. */
  readonly onlyRestored?: true;
}

/** Sums in float64, documents in the order given: the same figures whatever the batches were. */
export function measure(documents: readonly Rows[]): SaeFigures {
  const width = documents[0]?.dense.width ?? 0;
  let tokens = 0;
  let active = 0;
  let norms = 0;
  for (const { dense, sparse, counted, onlyRestored } of documents) {
    if (onlyRestored === true) continue;
    for (const row of counted) {
      let square = 0;
      for (let i = 0; i < width; i++) {
        const value = dense.values[row * width + i]!;
        square += value * value;
      }
      norms += Math.sqrt(square);
      active += sparse.indptr[row + 1]! - sparse.indptr[row]!;
      tokens++;
    }
  }
  return { tokens, l0: active / tokens, norm: norms / tokens, explainedVariance: explained(documents.filter(({ restored }) => restored !== null), width) };
}

/** As sae_lens' `ExplainedVarianceCalculator` (`evals.py`): pooled over tokens, about the mean of these tokens. Null where nothing was given back. */
function explained(documents: readonly Rows[], width: number): number | null {
  const mean = new Float64Array(width);
  let tokens = 0;
  for (const { dense, counted } of documents) {
    for (const row of counted) {
      for (let i = 0; i < width; i++) mean[i]! += dense.values[row * width + i]!;
      tokens++;
    }
  }
  let residual = 0;
  let total = 0;
  for (const { dense, counted, restored } of documents) {
    for (const row of counted) {
      for (let i = 0; i < width; i++) {
        const value = dense.values[row * width + i]!;
        residual += (value - restored![row * width + i]!) ** 2;
        total += (value - mean[i]! / tokens) ** 2;
      }
    }
  }
  return total === 0 ? null : 1 - residual / total;
}
