/** Without this file tests of graphs would need checkpoints from elsewhere. */
import { writeFileSync } from "node:fs";
import type { SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec, StoredType, TensorRef } from "../../src/emit/specs.ts";
import { convolvingSpec, hybridSpec, type DeltaSizes } from "./hybrid_spec.ts";
import { llamaSpec } from "./llama_spec.ts";

/** A stream of numbers in [-0.5, 0.5), the same in every run (Numerical Recipes' linear congruential generator). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** float16 of a float32's bits, cut off; what is below its normal numbers becomes 0. */
function halfOf(word: number): number {
  const size = word & 0x7fff_ffff;
  return ((word >>> 16) & 0x8000) | (size < 0x3880_0000 ? 0 : (size - 0x3800_0000) >>> 13);
}

/** Tensors one after another in one file. */
function tensorFile(file: string, dtype: StoredType, seed: number): { readonly tensor: (shape: readonly number[], scale: number, base?: number) => TensorRef; readonly write: () => void } {
  const next = numbers(seed);
  const parts: Uint8Array[] = [];
  let offset = 0;
  return {
    tensor(shape, scale, base = 0) {
      const count = shape.reduce((product, dim) => product * dim, 1);
      const values = Float32Array.from({ length: count }, () => base + scale * next());
      // Truncating float32 gives valid bfloat16.
      const words = new Uint32Array(values.buffer);
      // More digits than float32 has.
      const bytes = dtype === "f32" ? values : dtype === "f64" ? Float64Array.from(values, (value) => value * (1 + 2 ** -30)) : Uint16Array.from(words, dtype === "bf16" ? (word) => word >>> 16 : halfOf);
      parts.push(new Uint8Array(bytes.buffer));
      const ref = { file, offset, length: bytes.byteLength, dtype, shape };
      offset += bytes.byteLength;
      return ref;
    },
    write: () => writeFileSync(file, Buffer.concat(parts)),
  };
}

export interface ModelShape {
  readonly hiddenSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly mlpSize: number;
  readonly layers: number;
  readonly dtype?: StoredType;
  /** Makes a hybrid of it, as `hybridSpec` says. */
  readonly delta?: DeltaSizes;
  /** Makes one with convolutions over so many tokens, as `convolvingSpec` says. */
  readonly convolution?: number;
}

/** A Llama of random weights in `file`, or a hybrid with linear attention; vocabulary 100, context 512. */
export function randomModel(file: string, { hiddenSize: d, heads, kvHeads, headDim, mlpSize, layers, dtype = "f32", delta, convolution }: ModelShape): DecoderSpec {
  const { tensor, write } = tensorFile(file, dtype, d * 31 + headDim);
  const scale = 2 / Math.sqrt(d);
  const matrix = (rows: number, columns: number): TensorRef => tensor([rows, columns], scale);
  const norm = (): TensorRef => tensor([d], 0.2, 1);
  const embed = tensor([100, d], 2);
  const blocks = Array.from({ length: layers }, () => ({
    ln1: norm(),
    q: matrix(heads * headDim, d),
    k: matrix(kvHeads * headDim, d),
    v: matrix(kvHeads * headDim, d),
    o: matrix(d, heads * headDim),
    ln2: norm(),
    gate: matrix(mlpSize, d),
    up: matrix(mlpSize, d),
    down: matrix(d, mlpSize),
  }));
  const spec = llamaSpec({ digest: "random", hiddenSize: d, heads, kvHeads, headDim, context: 512 }, { embed, blocks, finalNorm: norm() });
  const tensors = { matrix, vector: tensor };
  const made = delta !== undefined ? hybridSpec(spec, delta, tensors) : convolution !== undefined ? convolvingSpec(spec, convolution, tensors) : spec;
  write();
  return made;
}

export interface SaeShape {
  readonly kind: SaeKind;
  readonly dIn: number;
  readonly dSae: number;
  readonly layout: SaeSpec["encoderLayout"];
  readonly normalize?: SaeSpec["normalize"];
  readonly dtype?: StoredType;
}

/** An SAE of random weights in `file`, with every vector that its kind may have; k = 12. */
export function randomSae(file: string, { kind, dIn, dSae, layout, normalize = "none", dtype = "f32" }: SaeShape): SaeSpec {
  const { tensor, write } = tensorFile(file, dtype, dSae);
  const encoder = tensor(layout === "in_out" ? [dIn, dSae] : [dSae, dIn], 1);
  write();
  const next = numbers(dSae + 1);
  const vector = (length: number, scale: number, base = 0): Float32Array => Float32Array.from({ length }, () => base + scale * next());
  return {
    kind,
    digest: "random",
    dIn,
    dSae,
    encoder,
    encoderLayout: layout,
    decoder: null,
    noDecoder: "random weights have none",
    normalize,
    inputShift: vector(dIn, 0.5),
    bias: vector(dSae, 0.5),
    preScale: kind === "gated" ? null : vector(dSae, 0.5, 1),
    threshold: kind === "jumprelu" ? vector(dSae, 1, 1) : null,
    k: kind === "topk" || kind === "groupmax" ? 12 : null,
    gateBias: kind === "gated" ? vector(dSae, 0.5) : null,
    magnitudeScale: kind === "gated" ? vector(dSae, 0.5, 1) : null,
    outputScale: vector(dSae, 0.5, 1),
    layer: 1,
    hook: "resid_post",
    hookName: "blocks.1.hook_resid_post",
    convention: "saelens",
    modelName: null,
    prependBos: true,
    format: "sae_lens",
    hookOut: null,
    module: null,
    notes: [],
  };
}
