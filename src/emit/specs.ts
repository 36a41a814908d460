/** Without this file emitters and checkpoint readers would not agree on what a model and an SAE are made of. */
import type { Hook } from "../ops/op.ts";

export type StoredType = "f32" | "f16" | "bf16";

/** A tensor where it lies in a file. Never read into memory by us: the graph points at it and the runtime maps it. */
export interface TensorRef {
  /** Real absolute path (symlinks resolved). */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
}

export interface RopeSpec {
  readonly theta: number;
  readonly scaling:
    | { readonly kind: "none" }
    | { readonly kind: "linear"; readonly factor: number }
    | { readonly kind: "llama3"; readonly factor: number; readonly lowFreqFactor: number; readonly highFreqFactor: number; readonly originalContext: number };
}

/** One block of a pre-norm decoder. Weight layout [out, in] as in the hub's files. */
export interface BlockSpec {
  readonly inputNorm: TensorRef;
  readonly q: TensorRef;
  readonly k: TensorRef;
  readonly v: TensorRef;
  readonly o: TensorRef;
  readonly qBias: TensorRef | null;
  readonly kBias: TensorRef | null;
  readonly vBias: TensorRef | null;
  readonly oBias: TensorRef | null;
  readonly postNorm: TensorRef;
  readonly gate: TensorRef;
  readonly up: TensorRef;
  readonly down: TensorRef;
  readonly gateBias: TensorRef | null;
  readonly upBias: TensorRef | null;
  readonly downBias: TensorRef | null;
}

/** A Llama-architecture language model: what its config says and where its weights lie. */
export interface DecoderSpec {
  readonly architecture: "llama";
  /** Content fingerprint of config and weight headers, part of every cache key. */
  readonly digest: string;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly mlpSize: number;
  readonly rmsEpsilon: number;
  readonly vocabulary: number;
  readonly context: number;
  readonly rope: RopeSpec;
  /** [vocabulary, hiddenSize] */
  readonly embed: TensorRef;
  readonly blocks: readonly BlockSpec[];
  readonly finalNorm: TensorRef;
  /** null when tied to `embed`. */
  readonly lmHead: TensorRef | null;
}

export type SaeKind = "standard" | "jumprelu" | "topk" | "gated";
export type Convention = "openmoss" | "saelens" | "neuronpedia";

/**
 * An SAE encoder with its convention already folded into small vectors (d = dIn, m = dSae), so that every kind is
 * h = (norm(x) − inputShift) · W + bias; pre = h ∘ preScale; then by kind
 * standard: max(pre, 0) · jumprelu: pre > threshold ? max(pre, 0) : 0 · topk: the k largest pre, then max(·, 0), ties to the lower feature ·
 * gated: (x·W + gateBias > 0) · max(x·W ∘ magnitudeScale + bias, 0); finally times outputScale where given.
 */
export interface SaeSpec {
  readonly kind: SaeKind;
  readonly digest: string;
  readonly dIn: number;
  readonly dSae: number;
  /** W_enc: "in_out" is [d, m], "out_in" is [m, d]. */
  readonly encoder: TensorRef;
  readonly encoderLayout: "in_out" | "out_in";
  readonly decoder: TensorRef;
  readonly decoderLayout: "in_out" | "out_in";
  readonly normalize: "none" | "layer_norm" | "constant_norm_rescale";
  readonly inputShift: Float32Array | null;
  readonly bias: Float32Array;
  readonly preScale: Float32Array | null;
  readonly threshold: Float32Array | null;
  readonly k: number | null;
  readonly gateBias: Float32Array | null;
  readonly magnitudeScale: Float32Array | null;
  readonly outputScale: Float32Array | null;
  /** What the SAE says of itself. */
  readonly layer: number | null;
  readonly hook: Hook | null;
  readonly hookName: string;
  readonly convention: Convention;
  readonly modelName: string | null;
  readonly prependBos: boolean;
  readonly format: "sae_lens" | "llama_scope";
}

/** A point of the graph that is read: dense [n, d], or encoded to (row, feature, value) triples. */
export interface GraphTap {
  readonly layer: number;
  readonly hook: Hook;
  readonly sae: SaeSpec | null;
}

/** Inputs and outputs by name. */
export interface EmittedGraph {
  /** Fingerprint of the bytes: sessions are kept under it. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Bytes of weights mapped, and multiply-adds ×2 per token of the forward part. */
  readonly mappedBytes: number;
  readonly flopsPerToken: number;
  /** Operators in it: a measure of its size that, unlike its bytes, holds no names of files. */
  readonly operators: number;
}
