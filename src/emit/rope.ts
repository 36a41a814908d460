/** Without this file positions would not reach the attention operator: it wants tables of cosines and sines. */
import type { RopeSpec } from "./attention_specs.ts";
import type { DecoderSpec } from "./specs.ts";

/**
 * Positions the tables hold where nobody asks for more. 1024 rows of a 128-wide head are 0.5 MB in the model bytes, which go through a socket to
 * processes that have just started, beside work that leaves little time to write to it.
 */
const USUAL_POSITIONS = 1024;

/**
 * Longest document that a graph of this model accepts, in tokens: 1024, or for a longer one the next power of two, and never more than the
 * model's context. Few sizes, so that few graphs are made; rows of a table do not depend on how many there are, so neither does a result.
 */
export function positionsFor(model: DecoderSpec, longest = 0): number {
  let positions = USUAL_POSITIONS;
  while (positions < Math.min(longest, model.context)) positions *= 2;
  return Math.min(positions, model.context);
}

const f32 = Math.fround;

/**
 * Inverse frequencies [dimensions / 2], rounded to float32 after each step as transformers rounds them (`modeling_rope_utils.py`:
 * `_compute_default_rope_parameters`, `_compute_linear_scaling_rope_parameters`, `_compute_proportional_rope_parameters`, `_compute_llama3_parameters`, `_compute_yarn_parameters`, `_compute_longrope_parameters`),
 * since a rounding here grows with the position.
 */
function inverseFrequencies(rope: RopeSpec): Float32Array {
  const frequencies = new Float32Array(rope.dimensions / 2);
  for (let pair = 0; pair < frequencies.length; pair += 1) {
    const power = f32(rope.theta ** f32((2 * pair) / rope.dimensions));
    frequencies[pair] = scaled(power, pair, rope);
  }
  return frequencies;
}

/** One over `power`, scaled. */
function scaled(power: number, pair: number, { scaling, theta, dimensions }: RopeSpec): number {
  const frequency = f32(1 / power);
  switch (scaling.kind) {
    case "none":
      return frequency;
    case "linear":
      return f32(frequency / scaling.factor);
    case "proportional":
      return pair < scaling.pairs ? f32(frequency / scaling.factor) : 0;
    case "longrope":
      return f32(1 / f32(f32(scaling.factors[pair] as number) * power));
    case "llama3": {
      const wavelength = f32((2 * Math.PI) / frequency);
      if (wavelength > scaling.originalContext / scaling.lowFreqFactor) return f32(frequency / scaling.factor);
      if (wavelength < scaling.originalContext / scaling.highFreqFactor) return frequency;
      const rotations = f32(scaling.originalContext / wavelength);
      const smooth = f32(f32(rotations - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor));
      return f32(f32(f32((1 - smooth) * frequency) / scaling.factor) + f32(smooth * frequency));
    }
    case "yarn": {
      // Peng et al. 2023, arXiv 2309.00071: pairs that turn often are left alone, those that turn rarely are stretched, a ramp between.
      const dimensionOf = (turns: number): number => (dimensions * Math.log(scaling.originalContext / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
      const whole = (value: number, round: (value: number) => number): number => (scaling.truncate ? round(value) : value);
      const low = Math.max(whole(dimensionOf(scaling.betaFast), Math.floor), 0);
      const found = Math.min(whole(dimensionOf(scaling.betaSlow), Math.ceil), dimensions - 1);
      const high = found === low ? found + 0.001 : found;
      const ramp = Math.min(Math.max(f32(f32(pair - low) / f32(high - low)), 0), 1);
      const kept = f32(1 - ramp);
      return f32(f32(f32(1 / f32(scaling.factor * power)) * f32(1 - kept)) + f32(frequency * kept));
    }
    default:
      return scaling satisfies never;
  }
}

/**
 * Tables [positions, width] of cos and sin; pairs past dimensions / 2 turn by nothing (cos 1, sin 0). Yarn's and longrope's factor on both stands for one
 * on the queries and one on the keys, as in transformers.
 */
export function rotaryTables(rope: RopeSpec, width: number, positions: number): Tables {
  const known = made.get(rope);
  if (known !== undefined && known.width === width && known.positions === positions) return known.tables;
  const tables = computeTables(rope, width, positions);
  made.set(rope, { width, positions, tables });
  return tables;
}

interface Tables {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** The last tables of each rope: the graphs of one query have the same. */
const made = new WeakMap<RopeSpec, { readonly width: number; readonly positions: number; readonly tables: Tables }>();

function computeTables(rope: RopeSpec, width: number, positions: number): Tables {
  const frequencies = inverseFrequencies(rope);
  const factor = rope.scaling.kind === "yarn" || rope.scaling.kind === "longrope" ? rope.scaling.attentionFactor : 1;
  const cos = new Float32Array(positions * width).fill(1);
  const sin = new Float32Array(positions * width);
  for (let position = 0; position < positions; position += 1) {
    for (let pair = 0; pair < frequencies.length; pair += 1) {
      const angle = f32(position * (frequencies[pair] as number));
      cos[position * width + pair] = f32(Math.cos(angle)) * factor;
      sin[position * width + pair] = f32(Math.sin(angle)) * factor;
    }
  }
  return { cos, sin };
}
