/** Without this file nobody could tell a feature that rounding switched on from one that a mistake did. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { decodeNumbers, pieces } from "../checkpoint/numbers.ts";

/** One feature at one row. */
export interface FeatureAt {
  readonly row: number;
  readonly feature: number;
}

/** What decides whether a feature is active, in float64: active where `pre` > `threshold`. */
export interface ExactPre {
  readonly pre: number;
  readonly threshold: number;
  /** Σ|x·w| in the units of `pre`: what rounding errors are proportional to. */
  readonly magnitude: number;
}

const STORED = { f32: "F32", f16: "F16", bf16: "BF16", f64: "F64" } as const;

/**
 * Pre-activations of these places for the given residual [rows, dIn], in float64 from the stored weights: h = (norm(x) − shift)·w + bias, pre = h · preScale,
 * against the feature's threshold (0 for standard); of a gated SAE the gate x·w + gateBias against 0. Null for kinds whose limit depends on the
 * other features of the row (top-k). Reads the encoder once, in pieces.
 */
export async function exactPre(sae: SaeSpec, residual: Float32Array, places: readonly FeatureAt[]): Promise<readonly ExactPre[] | null> {
  if (sae.kind !== "standard" && sae.kind !== "jumprelu" && sae.kind !== "gated") return null;
  const d = sae.dIn;
  const inputs = new Map<number, Float64Array>();
  for (const { row } of places) if (!inputs.has(row)) inputs.set(row, inputOf(sae, residual.subarray(row * d, (row + 1) * d)));
  const byFeature = new Map<number, number[]>();
  places.forEach(({ feature }, i) => byFeature.set(feature, [...(byFeature.get(feature) ?? []), i]));
  const sums = new Float64Array(places.length);
  const magnitudes = new Float64Array(places.length);
  const add = (feature: number, dimension: number, weight: number): void => {
    for (const i of byFeature.get(feature) ?? []) {
      const product = inputs.get(places[i]!.row)![dimension]! * weight;
      sums[i]! += product;
      magnitudes[i]! += Math.abs(product);
    }
  };
  const inOut = sae.encoderLayout === "in_out";
  let element = 0;
  for await (const bytes of pieces({ name: "", file: sae.encoder.file, dtype: STORED[sae.encoder.dtype], offset: sae.encoder.offset, length: sae.encoder.length })) {
    const numbers = decodeNumbers(bytes, STORED[sae.encoder.dtype]);
    const width = inOut ? sae.dSae : d;
    for (const feature of byFeature.keys()) {
      // Elements of one feature lie a row apart ("in_out"), or side by side.
      const first = inOut ? feature + Math.max(0, Math.ceil((element - feature) / width)) * width : Math.max(element, feature * width);
      const end = inOut ? element + numbers.length : Math.min(element + numbers.length, (feature + 1) * width);
      for (let at = first; at < end; at += inOut ? width : 1) add(feature, inOut ? (at - feature) / width : at - feature * width, numbers[at - element]!);
    }
    element += numbers.length;
  }
  return places.map(({ feature }, i) => {
    if (sae.kind === "gated") return { pre: sums[i]! + sae.gateBias![feature]!, threshold: 0, magnitude: magnitudes[i]! + Math.abs(sae.gateBias![feature]!) };
    const scale = sae.preScale?.[feature] ?? 1;
    return { pre: (sums[i]! + sae.bias[feature]!) * scale, threshold: sae.threshold?.[feature] ?? 0, magnitude: (magnitudes[i]! + Math.abs(sae.bias[feature]!)) * Math.abs(scale) };
  });
}

/** norm(x) − shift (sae_lens `saes/sae.py` `process_sae_in`; the deviation is that of torch, over d − 1). */
function inputOf(sae: SaeSpec, x: Float32Array): Float64Array {
  const values = Float64Array.from(x);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  switch (sae.normalize) {
    case "none":
      break;
    case "layer_norm": {
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) + 1e-5;
      values.forEach((value, i) => (values[i] = (value - mean) / deviation));
      break;
    }
    case "constant_norm_rescale": {
      const factor = Math.sqrt(values.length) / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      values.forEach((value, i) => (values[i] = value * factor));
      break;
    }
    default:
      sae.normalize satisfies never;
  }
  if (sae.inputShift !== null) values.forEach((value, i) => (values[i] = value - sae.inputShift![i]!));
  return values;
}
