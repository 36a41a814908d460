/** Without this file emitters and checkpoint readers would not agree on what a mixture of experts is made of. */
import type { Activation, GatedSpec, LinearSpec, PackedRef, TensorRef } from "./specs.ts";

/** Matrices of a gated MLP without biases, [out, in]. */
export interface ExpertSpec {
  readonly gate: TensorRef;
  readonly up: TensorRef;
  readonly down: TensorRef;
}

interface Mixture {
  readonly kind: "experts";
  /** [experts, d] */
  readonly router: LinearSpec;
  readonly perToken: number;
}

/** Gated MLPs of one shape, of which each token takes the few that the router prefers. */
export type ExpertsSpec = GatedExpertsSpec | PairedExpertsSpec | JoinedExpertsSpec;

export interface GatedExpertsSpec extends Mixture {
  readonly activation: Activation;
  readonly experts: readonly ExpertSpec[];
  /** How experts are chosen and weighed; absent: by the softmax of all scores. */
  readonly choosing?: Choosing;
  /** Whether the shares of a token's experts are divided by their sum. */
  readonly normalized: boolean;
  /** [experts] by which the share of each expert is multiplied in the end (Gemma 4). */
  readonly shareFactors?: TensorRef;
  /** An MLP that every token takes besides, times σ(gate · x), whose gate is [1, d] (Qwen 2 and 3.5 with experts); null: as it is (dots). `averaged`: half of what both give together is what counts (Cohere with experts). */
  readonly shared: { readonly mlp: GatedSpec; readonly gate: TensorRef | null; readonly averaged?: true } | null;
}

export type Choosing =
  /** Shares are the sigmoid or the softmax of scores; the largest of these plus `bias` [experts] are chosen, of the best `groupsPerToken` of `groups` (DeepSeek V3, ERNIE). */
  | {
      readonly kind: "biased";
      /** Scores are cap · tanh(score / cap) first; absent: they are not (Laguna). */
      readonly cap?: number;
      readonly shares: "sigmoid" | "softmax";
      /** null: shares alone choose. */
      readonly bias: TensorRef | null;
      readonly groups: number;
      readonly groupsPerToken: number;
      /** How many of a group's best add up to what groups are compared by. */
      readonly bestOfGroup: 1 | 2;
      /** What shares are divided by: their sum, but no less than that, or the sum with that added to it (LFM2). */
      readonly leastSum: number;
      readonly addedToSum?: number;
      /** What shares are multiplied by in the end. */
      readonly factor: number;
    }
  /** The two largest scores, each with its share among those that are less than it by no more than `tolerance` of the larger size; the second without the first (Phi 3.5 with experts). */
  | { readonly kind: "sparse_mixer"; readonly tolerance: number };

/** The largest scores choose, and what an expert reads is multiplied by the sigmoid of its score (Llama 4). */
export interface JoinedExpertsSpec extends Mixture {
  readonly activation: Activation;
  readonly joined: readonly JoinedExpertSpec[];
  /** An MLP that every token takes besides. */
  readonly shared: { readonly mlp: GatedSpec; readonly gate: null };
}

/** Matrices of a gated MLP, [in, out]. */
export interface JoinedExpertSpec {
  /** Columns of the gate, and behind them those of what it opens. */
  readonly gateUp: TensorRef;
  readonly down: TensorRef;
}

/** down((clamp(up) + 1) ∘ g·σ(alpha·g)), g = min(gate, limit), up between −limit and limit (gpt-oss); shares are the softmax of the chosen scores. */
export interface PairedExpertsSpec extends Mixture {
  readonly alpha: number;
  readonly limit: number;
  readonly pairs: readonly PairedExpertSpec[];
}

/** Columns of the first map are gate and up in turn. */
export interface PairedExpertSpec {
  readonly gateUp: ExpertLinear;
  readonly down: ExpertLinear;
}

export type ExpertLinear =
  /** Weight [in, out] and bias. */
  | { readonly weight: TensorRef; readonly bias: TensorRef }
  /** MXFP4 (Open Compute Project, Microscaling Formats 1.0): [out, in / 32, 16] numbers two a byte, and [out, in / 32] what each 32 of a row share. */
  | { readonly blocks: PackedRef; readonly scales: PackedRef; readonly bias: TensorRef };
