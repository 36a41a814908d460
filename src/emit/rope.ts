/** Without this file positions would not reach the attention operator: it wants tables of cosines and sines. */
import type { DecoderSpec, RopeSpec } from "./specs.ts";

/** Positions the tables hold at most. 8192 rows of a 128-wide head are 4 MB in the model bytes. */
const MOST_POSITIONS = 8192;

/** Longest document that a graph of this model accepts, in tokens. */
export function maxPositions(model: DecoderSpec): number {
  return Math.min(model.context, MOST_POSITIONS);
}

const f32 = Math.fround;

/**
 * Inverse frequencies [headDim / 2], rounded to float32 after each step as transformers 4.57 rounds them
 * (`modeling_rope_utils.py`: `_compute_default_rope_parameters`, `_compute_linear_scaling_rope_parameters`,
 * `_compute_llama3_parameters`), since a rounding here grows with the position.
 */
export function inverseFrequencies(rope: RopeSpec, headDim: number): Float32Array {
  const frequencies = new Float32Array(headDim / 2);
  for (let pair = 0; pair < frequencies.length; pair += 1) {
    const plain = f32(1 / f32(rope.theta ** f32((2 * pair) / headDim)));
    frequencies[pair] = scaled(plain, rope.scaling);
  }
  return frequencies;
}

function scaled(frequency: number, scaling: RopeSpec["scaling"]): number {
  switch (scaling.kind) {
    case "none":
      return frequency;
    case "linear":
      return f32(frequency / scaling.factor);
    case "llama3": {
      const wavelength = f32((2 * Math.PI) / frequency);
      if (wavelength > scaling.originalContext / scaling.lowFreqFactor) return f32(frequency / scaling.factor);
      if (wavelength < scaling.originalContext / scaling.highFreqFactor) return frequency;
      const rotations = f32(scaling.originalContext / wavelength);
      const smooth = f32(f32(rotations - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor));
      return f32(f32(f32((1 - smooth) * frequency) / scaling.factor) + f32(smooth * frequency));
    }
    default:
      return scaling satisfies never;
  }
}

/** Tables [positions, width] of cos and sin; pairs past headDim / 2 turn by nothing (cos 1, sin 0). */
export function rotaryTables(rope: RopeSpec, headDim: number, width: number, positions: number): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const frequencies = inverseFrequencies(rope, headDim);
  const cos = new Float32Array(positions * width).fill(1);
  const sin = new Float32Array(positions * width);
  for (let position = 0; position < positions; position += 1) {
    for (let pair = 0; pair < frequencies.length; pair += 1) {
      const angle = f32(position * (frequencies[pair] as number));
      cos[position * width + pair] = Math.cos(angle);
      sin[position * width + pair] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
