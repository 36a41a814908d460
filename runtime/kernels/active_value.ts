/** Without this file a product computed outside the graph would be compared, scaled and rounded in another way than inside it. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";

/**
 * What feature j gives for its product: the value before `outputScale`, or NaN-safe "no": undefined. `product` is fl(x·w + bias), or fl(x·w) of a
 * gated SAE. Each step rounds to float32 as the graph's operators do (`src/emit/encode.ts`, `activation`), so the bits are theirs.
 */
function activeValue(sae: SaeSpec, j: number, product: number): number | undefined {
  const { fround } = Math;
  if (sae.kind === "gated") {
    const gate = fround(product + sae.gateBias![j]!);
    const value = fround(fround(product * sae.magnitudeScale![j]!) + sae.bias[j]!);
    return gate <= 0 || value <= 0 ? undefined : value;
  }
  const value = sae.preScale === null ? product : fround(product * sae.preScale[j]!);
  const bar = sae.kind === "jumprelu" && sae.threshold !== null ? Math.max(sae.threshold[j]!, 0) : 0;
  return value <= bar ? undefined : value;
}

/** A row's active features, ascending, and their values as they are told. */
export interface ActiveRow {
  readonly features: Int32Array;
  readonly values: Float32Array;
}

/** What is active of a row's candidates, which are ascending: of topk the k largest, ties to the lower feature. */
export function activeRow(sae: SaeSpec, candidates: readonly number[], products: readonly number[]): ActiveRow {
  let kept: { readonly feature: number; readonly value: number }[] = [];
  candidates.forEach((feature, at) => {
    const value = activeValue(sae, feature, products[at]!);
    if (value !== undefined) kept.push({ feature, value });
  });
  if (sae.kind === "topk" && kept.length > sae.k!) {
    kept = kept.sort((a, b) => b.value - a.value || a.feature - b.feature).slice(0, sae.k!).sort((a, b) => a.feature - b.feature);
  }
  const { outputScale } = sae;
  return {
    features: Int32Array.from(kept, ({ feature }) => feature),
    values: Float32Array.from(kept, ({ feature, value }) => (outputScale === null ? value : Math.fround(value * outputScale[feature]!))),
  };
}
