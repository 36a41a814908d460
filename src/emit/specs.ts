/** Without this file emitters and checkpoint readers would not agree on what a model and an SAE are made of. */
import type { Edit } from "../ops/edit.ts";
import type { Folded, Hook, HookFacts } from "../ops/hook.ts";
import type { AttentionSpec, ConvolutionSpec, DeltaSpec } from "./attention_specs.ts";
import type { ExpertsSpec, GatedExpertsSpec } from "./expert_specs.ts";
import type { Compaction } from "./lowering/compaction.ts";
import type { SaeSpec } from "./sae_specs.ts";
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

/** relu2 is the square of relu. */
export type Activation = "silu" | "gelu" | "gelu_tanh" | "relu" | "relu2";

/** An activation with numbers that a layer has learned (Apertus), each kept before its softplus; `beta` and `epsilon` are no parameters, but lie in the file too. */
export interface LearnedActivation {
  readonly kind: "xielu";
  /** [1] */
  readonly alphaPositive: TensorRef;
  /** [1] */
  readonly alphaNegative: TensorRef;
  readonly beta: TensorRef;
  readonly epsilon: TensorRef;
}

export interface GatedSpec {
  readonly kind: "gated";
  readonly activation: Activation;
  readonly gate: LinearSpec;
  readonly up: LinearSpec;
  readonly down: LinearSpec;
}

export interface PlainSpec {
  readonly kind: "plain";
  readonly activation: Activation | LearnedActivation;
  readonly up: LinearSpec;
  readonly down: LinearSpec;
}

export type MlpSpec = GatedSpec | PlainSpec | ExpertsSpec;

export interface BlockSpec {
  /** null: attention reads the stream as it is (OLMo 2). */
  readonly ln1: NormSpec | null;
  readonly attention: AttentionSpec | DeltaSpec | ConvolutionSpec;
  /** Norm of what attention gives, before it joins the residual stream (Gemma 2 and 3, OLMo 2). */
  readonly attentionPostNorm: NormSpec | null;
  /** null: the MLP reads what attention reads, where both read side by side (Phi), else the stream as it is (OLMo 2). */
  readonly ln2: NormSpec | null;
  readonly mlp: MlpSpec;
  readonly beside?: BesideSpec;
  readonly mlpPostNorm: NormSpec | null;
  /** Norms of the stream itself, behind what attention and what the MLP added to it (OPT 350m); absent: there are none. */
  readonly streamNorms?: { readonly attention: NormSpec; readonly mlp: NormSpec };
  /** What the block is told of each token itself, and adds at its end (Gemma 4). */
  readonly layerInput?: LayerInputSpec;
  /** [1] factor of the stream at its end. */
  readonly factor?: TensorRef;
}

/** A mixture of experts beside the MLP, norm(mlp) + norm(experts), both of the stream before the MLP (Gemma 4 with experts). */
export interface BesideSpec {
  readonly mlpNorm: NormSpec;
  /** What the experts read. */
  readonly norm: NormSpec;
  readonly outputNorm: NormSpec;
  /** The router reads the stream over its root mean square, times this [d] and a number. */
  readonly routerWeight: TensorRef;
  readonly routerFactor: number;
  readonly experts: GatedExpertsSpec;
}

/** Of one block: x + norm(back(activation(gate(x)) ∘ input)), where the input [w] is made of the token's row of a table and of `from` its embedding. */
export interface LayerInputSpec {
  readonly from: LinearSpec;
  readonly gate: LinearSpec;
  readonly back: LinearSpec;
  readonly norm: NormSpec;
  readonly activation: Activation;
}

/** Of all blocks: input = (norm(from(embedding) · fromFactor) + table[token] · tableFactor) · √½, w numbers for each. */
export interface LayerInputsSpec {
  /** [vocabulary, blocks · w] */
  readonly table: TensorRef;
  readonly tableFactor: number;
  readonly fromFactor: number;
  /** [w] */
  readonly norm: TensorRef;
}

/** Positions that no file holds: the sines and then the cosines of a place's number times falling frequencies (Vaswani et al. 2017, arXiv 1706.03762). */
export interface SinusoidSpec {
  readonly kind: "sinusoids";
  /** The number of a text's first place. */
  readonly first: number;
  /** The number whose row is all zeros; null: there is none. */
  readonly nothing: number | null;
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
  /** [vocabulary, hiddenSize], or as wide as `embedMap` reads. */
  readonly embed: TensorRef;
  /** What the embedding goes through to be as wide as the stream, where it is of another width (OPT 350m). */
  readonly embedMap?: LinearSpec;
  /** Factor of the embedding, √d in Gemma. */
  readonly embedScale: number | null;
  /** What blocks are told of each token beside the stream (Gemma 4). */
  readonly layerInputs?: LayerInputsSpec;
  /** Norm of the embedding, before the first block (Bloom); absent: there is none. */
  readonly embedNorm?: NormSpec;
  /** [context, hiddenSize]: learned positions, added to the embedding (GPT-2), or such a table that is computed (XGLM). */
  readonly positions: TensorRef | SinusoidSpec | null;
  readonly blocks: readonly BlockSpec[];
  /** null: the head reads the stream as it is. */
  readonly finalNorm: NormSpec | null;
  /** What the stream goes through behind its last norm, to be as wide as the head. */
  readonly headMap?: LinearSpec;
  /** null when tied to `embed`. */
  readonly lmHead: TensorRef | null;
  readonly lmHeadBias: TensorRef | null;
  /** Name of the head's tensor where the checkpoint holds none, as of a base model: it reads texts and continues none. */
  readonly noHead?: string;
  readonly hooks: HookFacts;
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
  /** Widths of heads by which documents are padded (`paddedLength`); absent: to an even number of tokens. */
  readonly unevenHeads?: readonly number[];
  /** true: tokens go through few of the weights that it maps, each through its own. */
  readonly experts?: true;
  /** Taps that leave as `tap{i}_shifted` and become triples in the engine. */
  readonly screened?: readonly ScreenedTap[];
  /** What of the graph runs on the CPU of the engine process after the device, named and counted by `explain`; none on the CPU. */
  readonly tail?: GraphTail;
  /** What goes on from its output `hidden` on the same device, some rows at a time. */
  readonly head?: GraphHead;
}
