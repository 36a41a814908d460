/** Without this file emitters and checkpoint readers would not agree on what an SAE is made of. */
import type { Folded, Hook } from "../ops/hook.ts";
import type { TensorRef } from "./specs.ts";

export type SaeKind = "standard" | "jumprelu" | "topk" | "groupmax" | "gated";
/** `publisher`: as the package that wrote the format encodes, where that is neither of the others. */
export type Convention = "openmoss" | "saelens" | "neuronpedia" | "publisher";
/** Who wrote the folder that an SAE was read from. */
export type SaeFormat =
  | "sae_lens" | "llama_scope" | "llama_scope_r1" | "llamascopium" | "gemma_scope" | "gemma_scope_2"
  | "sparsify" | "dictionary_learning" | "qwen_scope" | "circuit_tracer" | "deepseek_r1" | "goodfire" | "hook_z";

/** "in_out" is [inputs, outputs], "out_in" is [outputs, inputs]. */
export type Layout = "in_out" | "out_in";

/** A place in the model by the name that the SAE gives it. `hook` is null where it is none that can be read. */
export interface HookPlace {
  readonly layer: number | null;
  readonly hook: Hook | null;
  readonly hookName: string;
}

/**
 * From features (values as the encoder gives them) back: Σ value·scale·weight + bias (+ x·skip, x before any normalisation), and, where
 * the decoder gives back its own input, normalisation undone. m = dSae.
 */
export interface SaeDecoder {
  /** [m, dOut] "in_out" or [dOut, m] "out_in". */
  readonly weight: TensorRef;
  readonly layout: Layout;
  readonly dOut: number;
  readonly scale: Float32Array | null;
  readonly bias: Float32Array | null;
  /** [dIn, dOut] "in_out" or [dOut, dIn] "out_in". */
  readonly skip: { readonly weight: TensorRef; readonly layout: Layout } | null;
}

/**
 * An SAE or transcoder with its convention already folded into small vectors (d = dIn, m = dSae), so that every kind is
 * h = (norm(x) − inputShift) · W + bias; pre = h ∘ preScale; then by kind
 * standard: max(pre, 0) · jumprelu: pre > threshold ? max(pre, 0) : 0 · topk: the k largest pre, then max(·, 0), ties to the lower feature ·
 * groupmax: the largest of each of k equal runs of features, then max(·, 0), ties to the lower feature ·
 * gated: (x·W + gateBias > 0) · max(x·W ∘ magnitudeScale + bias, 0); finally times outputScale where given.
 */
export interface SaeSpec extends HookPlace {
  readonly kind: SaeKind;
  readonly digest: string;
  readonly dIn: number;
  readonly dSae: number;
  /** W_enc: "in_out" is [d, m], "out_in" is [m, d]. */
  readonly encoder: TensorRef;
  readonly encoderLayout: Layout;
  /** null: only features can be had, and `noDecoder` says why. */
  readonly decoder: SaeDecoder | null;
  readonly noDecoder: string;
  readonly normalize: "none" | "layer_norm" | "constant_norm_rescale";
  readonly inputShift: Float32Array | null;
  readonly bias: Float32Array;
  readonly preScale: Float32Array | null;
  readonly threshold: Float32Array | null;
  /** How many are kept of topk, how many groups of groupmax. */
  readonly k: number | null;
  readonly gateBias: Float32Array | null;
  readonly magnitudeScale: Float32Array | null;
  readonly outputScale: Float32Array | null;
  /** The module of the block whose output it was trained on, or predicts as a transcoder, where the format names modules and not hooks: `mlp` is no hook_mlp_out in a model that norms it first. */
  readonly module: string | null;
  /** Where a transcoder writes; null for an SAE, which gives back what it reads. */
  readonly hookOut: HookPlace | null;
  /** true: it was trained on a stream whose mean over the dimensions is subtracted; where it is read says whether that is done (`GraphTap`). */
  readonly centred?: true;
  /** It was trained on heads without their value biases. */
  readonly folded?: Folded;
  readonly convention: Convention;
  readonly modelName: string | null;
  readonly prependBos: boolean;
  readonly format: SaeFormat;
  /** What its reader has to say aloud: a converted copy, a guess that the file leaves open. */
  readonly notes: readonly string[];
}

/**
 * An encoder in eight bits, row j = w_j of d weights as scale_j · (level − 128) + e_j, and what bounds its error.
 * Derived from the checkpoint, never instead of it: values are computed from `rows`.
 */
export interface QuantizedEncoder {
  /** uint8 [m, d]; 128 stands for 0. */
  readonly levels: { readonly file: string; readonly offset: number };
  /** The weights themselves, as stored, [m, d]: the checkpoint's own where it has that layout. */
  readonly rows: TensorRef;
  /** [m] scale_j, exact; ‖w_j‖ and ‖e_j‖, rounded up. */
  readonly scale: Float32Array;
  readonly norm: Float32Array;
  readonly error: Float32Array;
}
