/** Without this file emitters and checkpoint readers would not agree on what a model and an SAE are made of. */
import type { Edit } from "../ops/edit.ts";
import type { Folded, Hook, HookFacts } from "../ops/hook.ts";
import type { AttentionSpec, DeltaSpec } from "./attention_specs.ts";
import type { ExpertsSpec } from "./expert_specs.ts";
import type { Compaction } from "./lowering/compaction.ts";
import type { Target } from "./target.ts";

/** float64 is computed with as float32. */
export type StoredType = "f32" | "f16" | "bf16" | "f64";

/** A tensor where it lies in a file. Never read into memory by us: the graph points at it and the runtime maps it. */
export interface TensorRef {
  /** Real absolute path (symlinks resolved). */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly dtype: StoredType;
  readonly shape: readonly number[];
}

/** Bytes of a file, as many as `shape` says: two numbers of four bits each, the first in the lower half, or an exponent of two each. */
export interface PackedRef extends Omit<TensorRef, "dtype"> {
  readonly dtype: "e2m1" | "e8m0";
}

/** Weights where they lie, as they are stored. */
export type WeightRef = TensorRef | PackedRef;

/** x·W + b. "out_in" is [out, in] as torch's Linear keeps it, "in_out" is [in, out] as GPT-2's Conv1D does. */
export interface LinearSpec {
  readonly weight: TensorRef;
  readonly layout: "out_in" | "in_out";
  readonly bias: TensorRef | null;
}

/** Weight and bias [d] of a norm; what is done with them is said once per model (`NormKind`). Without a weight there is no bias either (OLMo). */
export interface NormSpec {
  readonly weight: TensorRef | null;
  readonly bias: TensorRef | null;
}

/** `offset` is added to the weight before it multiplies: 1 in Gemma, whose files hold the difference from 1. */
export interface NormKind {
  readonly kind: "rms" | "layer";
  readonly epsilon: number;
  readonly offset: 0 | 1;
}

export type Activation = "silu" | "gelu" | "gelu_tanh" | "relu";

export interface GatedSpec {
  readonly kind: "gated";
  readonly activation: Activation;
  readonly gate: LinearSpec;
  readonly up: LinearSpec;
  readonly down: LinearSpec;
}

export type MlpSpec =
  | GatedSpec
  | { readonly kind: "plain"; readonly activation: Activation; readonly up: LinearSpec; readonly down: LinearSpec }
  | ExpertsSpec;

export interface BlockSpec {
  /** null: attention reads the stream as it is (OLMo 2). */
  readonly ln1: NormSpec | null;
  readonly attention: AttentionSpec | DeltaSpec;
  /** Norm of what attention gives, before it joins the residual stream (Gemma 2 and 3, OLMo 2). */
  readonly attentionPostNorm: NormSpec | null;
  /** null: the MLP reads what attention reads, where both read side by side (Phi), else the stream as it is (OLMo 2). */
  readonly ln2: NormSpec | null;
  readonly mlp: MlpSpec;
  readonly mlpPostNorm: NormSpec | null;
}

/** A decoder-only language model as plain data: what its config says and where its weights lie. */
export interface DecoderSpec {
  /** `model_type` of its config. */
  readonly architecture: string;
  /** Content fingerprint of config and weight headers, part of every cache key. */
  readonly digest: string;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly norm: NormKind;
  /** Scores are softcap · tanh(score / softcap) where given (Gemma 2). */
  readonly softcap: number | null;
  /** Factor of what attention and MLP give on its way into the stream, behind the hooks `attn_out` and `mlp_out` (Granite); absent: 1. */
  readonly residualScale?: number;
  /** Logits are logitCap · tanh(logit / logitCap) where given. */
  readonly logitCap?: number;
  /** Factor of the logits, before they are capped (Cohere, Granite); absent: 1. */
  readonly logitScale?: number;
  /** "parallel": attention and MLP both read the block's input, and both are added to it. */
  readonly residual: "sequential" | "parallel";
  /** true: `attn_out` and `mlp_out` are what attention and MLP give before the norms behind them, as TransformerLens has it in OLMo 2; else what these add to the stream, as in Gemma. */
  readonly readBeforePostNorms?: true;
  readonly vocabulary: number;
  readonly context: number;
  /** [vocabulary, hiddenSize] */
  readonly embed: TensorRef;
  /** Factor of the embedding, √d in Gemma. */
  readonly embedScale: number | null;
  /** Norm of the embedding, before the first block (Bloom); absent: there is none. */
  readonly embedNorm?: NormSpec;
  /** [context, hiddenSize]: learned positions, added to the embedding (GPT-2). */
  readonly positions: TensorRef | null;
  readonly blocks: readonly BlockSpec[];
  readonly finalNorm: NormSpec;
  /** null when tied to `embed`. */
  readonly lmHead: TensorRef | null;
  readonly lmHeadBias: TensorRef | null;
  /** Name of the head's tensor where the checkpoint holds none, as of a base model: it reads texts and continues none. */
  readonly noHead?: string;
  readonly hooks: HookFacts;
}

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

/** A point of the graph that is read: dense [n, width of the hook], or encoded to (row, feature, value) triples. */
export interface GraphTap {
  readonly layer: number;
  readonly hook: Hook;
  /** true: the mean over the model's dimensions is subtracted first (`center_writing_weights` of TransformerLens); else it is kept. */
  readonly centred?: true;
  /** At `z`: what is subtracted first of the heads' biases; absent: nothing. */
  readonly folded?: Folded;
  readonly sae: SaeSpec | null;
  /** Stop at the encoder's input, `tap{i}_shifted` [n, d]: the engine screens features outside of the graph. */
  readonly screened?: boolean;
  /** Only these features, ascending; absent: all. Not for topk, where a feature's fate depends on all others. */
  readonly features?: readonly number[];
}

/** What is done to the model at a hook (`ops/edit.ts`), with the SAE that it is done by, which has a decoder and writes where it reads. */
export interface GraphEdit extends Omit<Edit, "sae"> {
  readonly sae: SaeSpec;
}

/** Edits of a pass, and the tokens that those leave alone which are not for special tokens too. */
export interface Editing {
  readonly edits: readonly GraphEdit[];
  readonly specialIds: Iterable<number>;
}

/** A tap whose features the engine screens: which one, and with what. */
export interface ScreenedTap {
  readonly tap: number;
  readonly sae: SaeSpec;
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

/** A model's head (`emitHead`): a graph of its own. `cap`: what its logits are capped by. */
export interface GraphHead {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly vocabulary: number;
  readonly cap: number | null;
}

/** A graph for the CPU that goes on from the outputs of another on a device. */
export interface GraphTail {
  readonly bytes: Uint8Array;
  readonly nodes: number;
  readonly compactions: readonly Compaction[];
}

/** What is kept of the tokens that a continuation has read; a dimension is a number, or named where steps differ in it. */
export interface CacheInput {
  readonly name: string;
  readonly element: "f32" | "f16";
  readonly dims: readonly (number | string)[];
}

export interface EmittedGraph {
  /** Fingerprint of the bytes: sessions are kept under it. */
  readonly key: string;
  readonly bytes: Uint8Array;
  /** The CPU in float32 where not said. */
  readonly target?: Target;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Inputs `past_…` that the outputs `present_…` of the last step become: none where nothing is continued. */
  readonly caches: readonly CacheInput[];
  /** Bytes of weights mapped, and multiply-adds ×2 per token of the forward part. */
  readonly mappedBytes: number;
  readonly flopsPerToken: number;
  /** Operators in it: a measure of its size that, unlike its bytes, holds no names of files. */
  readonly operators: number;
  /** Of a continuation: which of its calls take texts of unlike lengths, all or all but the first; absent: none. */
  readonly unlike?: "all" | "steps";
  /** true: documents are padded as heads wider than 128 columns want it (`paddedLength`). */
  readonly wideHeads?: true;
  /** true: tokens go through few of the weights that it maps, each through its own. */
  readonly experts?: true;
  /** Taps that leave as `tap{i}_shifted` and become triples in the engine. */
  readonly screened?: readonly ScreenedTap[];
  /** What of the graph runs on the CPU of the engine process after the device, named and counted by `explain`; none on the CPU. */
  readonly tail?: GraphTail;
  /** What goes on from its output `hidden` on the same device, some rows at a time. */
  readonly head?: GraphHead;
}
