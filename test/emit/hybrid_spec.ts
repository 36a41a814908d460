/** Without this file each test of linear attention or of short convolutions would spell out what such a layer is made of. */
import type { DeltaMaps, DeltaSpec } from "../../src/emit/attention_specs.ts";
import type { BlockSpec, DecoderSpec, LinearSpec, TensorRef } from "../../src/emit/specs.ts";

/** `byKeyHead`: its maps are two, as in Qwen3-Next. */
export type DeltaSizes = Pick<DeltaSpec, "keyHeads" | "valueHeads" | "keyDim" | "valueDim" | "kernel"> & { readonly byKeyHead?: true };

/** Tensors [shape] of weights around `base`, as far from it as `spread`; matrices as those of the rest of the model. */
export interface Tensors {
  readonly matrix: (rows: number, columns: number) => TensorRef;
  readonly vector: (shape: readonly number[], spread: number, base?: number) => TensorRef;
}

/** A Llama in which every other layer, from the first on, is one of linear attention, and in which the heads of the others have gates. */
export function hybridSpec(spec: DecoderSpec, sizes: DeltaSizes, { matrix, vector }: Tensors): DecoderSpec {
  const { hiddenSize: d, heads, headDim } = spec;
  const { byKeyHead, ...own } = sizes;
  const { keyHeads, valueHeads, keyDim, valueDim, kernel } = own;
  const linear = (rows: number, columns = d): LinearSpec => ({ weight: matrix(rows, columns), layout: "out_in", bias: null });
  const [columns, values] = [2 * keyHeads * keyDim + valueHeads * valueDim, valueHeads * valueDim];
  const mapsOf = (): DeltaMaps => (byKeyHead === true ? { kind: "per_key_head", qkvz: linear(columns + values), ba: linear(2 * valueHeads) } : { kind: "apart", qkv: linear(columns), z: linear(values), b: linear(valueHeads), a: linear(valueHeads) });
  const attentionOf = ({ attention }: BlockSpec, layer: number): BlockSpec["attention"] => {
    if (layer % 2 === 1 && attention.kind === "softmax" && attention.qkv.kind === "separate") return { ...attention, qkv: { ...attention.qkv, kind: "gated", q: linear(2 * heads * headDim) } };
    return {
      kind: "delta", ...own, maps: mapsOf(), conv: vector([columns, 1, kernel], 2),
      aLog: vector([valueHeads], 2), dt: vector([valueHeads], 2), norm: vector([valueDim], 0.2, 1), o: linear(d, values),
    };
  };
  return { ...spec, blocks: spec.blocks.map((block, layer) => ({ ...block, attention: attentionOf(block, layer) })) };
}

/** A Llama in which every other layer, from the first on, is a gated convolution over `kernel` tokens, with biases. */
export function convolvingSpec(spec: DecoderSpec, kernel: number, { matrix, vector }: Tensors): DecoderSpec {
  const { hiddenSize: d } = spec;
  const linear = (rows: number): LinearSpec => ({ weight: matrix(rows, d), layout: "out_in", bias: vector([rows], 0.2) });
  const attentionOf = ({ attention }: BlockSpec, layer: number): BlockSpec["attention"] => (layer % 2 === 1 ? attention : { kind: "convolution", in: linear(3 * d), kernels: { weight: vector([d, 1, kernel], 2), bias: vector([d], 0.2) }, o: linear(d) });
  return { ...spec, blocks: spec.blocks.map((block, layer) => ({ ...block, attention: attentionOf(block, layer) })) };
}
