/** Without this file emitters and checkpoint readers would not agree on what mixes the tokens of a block. */
import type { LinearSpec, TensorRef } from "./specs.ts";

/** How positions turn the queries and keys of a block: pairs of the first `dimensions` columns of each head. */
export interface RopeSpec {
  readonly theta: number;
  /** Even, at most the head size; the columns after them are left as they are. */
  readonly dimensions: number;
  /** true: pairs are neighbours, columns 2i and 2i + 1 (GPT-J, Cohere); absent: columns i and i + dimensions / 2. */
  readonly interleaved?: true;
  /** true: pairs turn the other way round (nanochat). */
  readonly reversed?: true;
  readonly scaling:
    | { readonly kind: "none" }
    | { readonly kind: "linear"; readonly factor: number }
    /** The first `pairs` turn as those of a head of `dimensions` do, the others not at all (Gemma 4). */
    | { readonly kind: "proportional"; readonly factor: number; readonly pairs: number }
    /** The angle of each pair over a number of its own, of texts of at most `context` tokens (Phi-3). */
    | { readonly kind: "longrope"; readonly factors: readonly number[]; readonly attentionFactor: number; readonly context: number }
    | { readonly kind: "llama3"; readonly factor: number; readonly lowFreqFactor: number; readonly highFreqFactor: number; readonly originalContext: number }
    | { readonly kind: "yarn"; readonly factor: number; readonly betaFast: number; readonly betaSlow: number; readonly originalContext: number; readonly truncate: boolean; readonly attentionFactor: number };
}

export type QkvSpec =
  | { readonly kind: "separate"; readonly q: LinearSpec; readonly k: LinearSpec; readonly v: LinearSpec }
  /** The same, and behind the query of each head a gate of its size: what the head gives is multiplied by its sigmoid (Qwen 3.5). */
  | { readonly kind: "gated"; readonly q: LinearSpec; readonly k: LinearSpec; readonly v: LinearSpec }
  /** Values are what the keys are made of, before their norm (Gemma 4, where all is seen). */
  | { readonly kind: "keys"; readonly q: LinearSpec; readonly k: LinearSpec }
  /** Queries of its own over the keys and values of an earlier block (the last layers of Gemma 4). */
  | { readonly kind: "queries"; readonly q: LinearSpec; readonly of: number }
  /** One product whose columns are all of q, then k, then v (GPT-2, and with one k and v GPT-BigCode). */
  | { readonly kind: "thirds"; readonly all: LinearSpec }
  /** One product whose columns are q, k and v of the first key-value head, then of the second: as many queries as share it (one in GPT-NeoX, more in Falcon), its key, its value. */
  | { readonly kind: "per_head"; readonly all: LinearSpec }
  /** Keys and values made of a few numbers that all heads share (DeepSeek V2 and V3). */
  | LatentSpec
  /** One product whose columns are q, v and k, in this order, of the first of `count` parts of the heads, then of the second (CodeGen). */
  | { readonly kind: "shards"; readonly all: LinearSpec; readonly count: number };

/**
 * Multi-head latent attention (DeepSeek-AI 2024, arXiv 2405.04434), written out. The query of a head is `plain` columns and then `turned` ones; its key is as many of its own, and then
 * those that all heads share; its value is `valueDim` columns.
 */
export interface LatentSpec {
  readonly kind: "latent";
  /** [heads · (plain + turned), d], or from [rank] numbers of their own, which are normed. */
  readonly q: LinearSpec;
  readonly qLatent: Latent | null;
  /** [rank + turned, d]: what keys and values are made of, and the shared part of the keys. */
  readonly down: LinearSpec;
  /** [rank] */
  readonly norm: TensorRef;
  /** [heads · (plain + valueDim), rank] */
  readonly up: LinearSpec;
  readonly plain: number;
  readonly turned: number;
  readonly valueDim: number;
  /** Of the norms of what is shared. */
  readonly epsilon: number;
}

export interface Latent {
  readonly down: LinearSpec;
  readonly norm: TensorRef;
}

export type HeadNormRef =
  | TensorRef
  | readonly TensorRef[]
  /** [headDim] both, where there is a bias too (Persimmon). */
  | { readonly weight: TensorRef; readonly bias: TensorRef }
  /** Without a weight, of heads of so many columns (nanochat). */
  | { readonly width: number };

export interface AttentionSpec {
  readonly kind: "softmax";
  readonly qkv: QkvSpec;
  readonly o: LinearSpec;
  /** The heads of this block where they are others than the model's; of latent attention what the operator takes, as wide as the wider of keys and values. */
  readonly own?: { readonly heads?: number; readonly kvHeads: number; readonly headDim: number };
  /** Norms, of the model's kind, of each head's queries and keys [headDim], of those of all heads together [heads · headDim] (OLMo 2), or of each head with a weight of its own, [heads, headDim] (Cohere) or one of [headDim] after another (StableLM), before they turn; null where there are none. */
  readonly qNorm: HeadNormRef | null;
  readonly kNorm: HeadNormRef | null;
  /** true: they are normed once they have turned (Hunyuan), which is not the same where a norm has weights. */
  readonly turnedFirst?: true;
  /** true: each head's values are divided by their root mean square. */
  readonly valueNorm?: true;
  /** Queries, keys and values are kept between −clip and clip, before they turn and after they are normed; absent: they are not (OLMo). */
  readonly clip?: number;
  /** What is made of what attention reads, and multiplies what the heads give: a number for each column (AFMoE), or one for each head (Laguna); absent: nothing. */
  readonly gate?: { readonly map: LinearSpec; readonly activation: "sigmoid" | "softplus" };
  /** null: positions are added to the embedding, or there are none. */
  readonly rope: RopeSpec | null;
  /** [heads] what the score of a key grows by with each place that it stands further on (ALiBi, of Bloom), where nothing turns; absent: it does not. */
  readonly slopes?: readonly number[];
  /** true: slopes, places and their products are rounded to bfloat16 each, and what comes of it is multiplied by `scale` as dot products are (Falcon). */
  readonly roundedSlopes?: true;
  /** Keys that a query sees, itself included; null: all before it. */
  readonly window: number | null;
  /** Texts are cut in runs of so many tokens, and a query sees those of its own run up to itself; absent: they are not (Llama 4). */
  readonly chunk?: number;
  /** Queries are multiplied by 1 + factor · ln(1 + ⌊(place + 1) / every⌋), so that they stay sharp in long texts; absent: by nothing (Llama 4). */
  readonly sharpening?: { readonly every: number; readonly factor: number };
  /** Factor of the dot products. */
  readonly scale: number;
  /** [heads] one more score in the softmax of each head, of a key that has no value; absent: there are none (gpt-oss). */
  readonly sinks?: TensorRef;
}

/** Linear attention by the gated delta rule: a matrix [keyDim, valueDim] for each value head is all that is known of earlier tokens. */
export interface DeltaSpec {
  readonly kind: "delta";
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Tokens that the convolution before it sees, at least two. */
  readonly kernel: number;
  readonly maps: DeltaMaps;
  /** [columns of the convolution, 1, kernel]: all queries, then all keys, then all values. */
  readonly conv: TensorRef;
  /** [valueHeads] the logarithm of how fast is forgotten, and what is added to the step. */
  readonly aLog: TensorRef;
  readonly dt: TensorRef;
  /** RMS norm of each head's output [valueDim], without an offset. */
  readonly norm: TensorRef;
  readonly o: LinearSpec;
}

/** Queries, keys and values, the gate of what is given, the rate of updates, and the step of forgetting. */
export type DeltaMaps =
  /** Columns of the first are all queries, then all keys, then all values. */
  | { readonly kind: "apart"; readonly qkv: LinearSpec; readonly z: LinearSpec; readonly b: LinearSpec; readonly a: LinearSpec }
  /** Columns are the query and the key of the first key head, the values and then the gates of the value heads that share it, then those of the second; and their rates, then their steps, likewise (Qwen3-Next). */
  | { readonly kind: "per_key_head"; readonly qkvz: LinearSpec; readonly ba: LinearSpec };

/** A gated convolution over the last few tokens in the place of attention: what goes into it is all that is known of earlier ones (LFM2). */
export interface ConvolutionSpec {
  readonly kind: "convolution";
  /** [3·d, d]: what opens the input of the convolution, what opens its output, and the input itself. */
  readonly in: LinearSpec;
  readonly kernels: Kernels;
  readonly o: LinearSpec;
}

/** One kernel a column, as torch's Conv1d with as many groups as columns keeps it. */
export interface Kernels {
  /** [columns, 1, kernel], of at least two tokens. */
  readonly weight: TensorRef;
  /** [columns] */
  readonly bias: TensorRef | null;
}
