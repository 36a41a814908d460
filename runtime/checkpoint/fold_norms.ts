/** Without this file formats whose magnitudes Neuronpedia scales by decoder norms would each fold them in a way of their own. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";

/**
 * The spec after sae_lens' `fold_W_dec_norm`: values times n, thresholds too, decoder vectors over n. For kinds without a gate or k largest,
 * where folding cannot change which features are active.
 */
export function foldNorms<T extends Pick<SaeSpec, "kind" | "preScale" | "threshold" | "decoder" | "dSae">>(spec: T, norms: Float64Array): T {
  if (spec.kind !== "standard" && spec.kind !== "jumprelu") throw new Error(`decoder norms of a ${spec.kind} SAE are folded elsewhere`);
  const times = (vector: Float32Array): Float32Array => vector.map((value, at) => value * (norms[at] as number));
  const ones = new Float32Array(spec.dSae).fill(1);
  return {
    ...spec,
    preScale: times(spec.preScale ?? ones),
    threshold: spec.threshold === null ? null : times(spec.threshold),
    decoder: spec.decoder === null ? null : { ...spec.decoder, scale: (spec.decoder.scale ?? ones).map((value, at) => value / (norms[at] as number)) },
  };
}
