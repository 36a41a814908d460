/** Without this file Cohere's models with experts (Command A Plus) could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { Choosing, GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec, NormKind } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { sharedExperts } from "./biased_experts.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { layerCount, normOf, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { sparseLayers } from "./mlp_kinds.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/cohere2_moe/configuration_cohere2_moe.py`, `modeling_cohere2_moe.py`). */
export const cohere2Moe: Family = { types: ["cohere2_moe"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 256000, hidden_size: 8192, intermediate_size: 22528, num_hidden_layers: 40, num_attention_heads: 64, num_key_value_heads: null, head_dim: 128, hidden_act: "silu",
  max_position_embeddings: 8192, layer_norm_eps: 1e-5, tie_word_embeddings: true, attention_bias: false, sliding_window: 4096, logit_scale: 0.0625, norm_topk_prob: true,
  shared_expert_combination_strategy: "average", expert_selection_fn: "softmax", prefix_dense_sliding_window_pattern: 1, sliding_window_pattern: 4,
};
const EXPERTS = { count: 8, perToken: 2 };

/** One norm before both halves of a parallel block; pairs of neighbours turn, in layers with a window and in the dense ones before the others. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  if (optional(config, "rope_scaling") !== null) throw unsupported(config, "rope_scaling", "transformers passes over this in this family, and so computes another model than was trained; it reads `rope_parameters`");
  const shape = headsOf(config);
  const rope: RopeSpec = { ...ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") }), interleaved: true };
  const layers = layersOf(config);
  const scale = positive(config, "logit_scale");
  return {
    architecture: "cohere2_moe",
    ...shape,
    norm: normKindOf(config),
    ...aroundBlocks(source, shape.hiddenSize),
    residual: "parallel",
    blocks: layers.map((each, layer) => blockOf(source, shape, rope, each, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    ...(scale === 1 ? {} : { logitScale: scale }),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, ln2: null, mlpOut: "mlp", parallel: true }),
  };
}

/** RMS norms where their epsilon is given, else LayerNorms without a bias. */
function normKindOf(config: Config): NormKind {
  if (optional(config, "rms_norm_eps") !== null) return { kind: "rms", epsilon: positive(config, "rms_norm_eps"), offset: 0 };
  return { kind: "layer", epsilon: positive(config, "layer_norm_eps"), offset: 0 };
}

interface Layer {
  readonly window: number | null;
  readonly turns: boolean;
  readonly chooses: boolean;
}

/** Dense layers, where there are some before the others, have a pattern of their own. */
function layersOf(config: Config): readonly Layer[] {
  const layers = layerCount(config);
  const dense = sizeOrNone(config, "first_k_dense_replace");
  const [before, every] = [size(config, "prefix_dense_sliding_window_pattern"), size(config, "sliding_window_pattern")];
  const kindOf = (layer: number): LayerKind => ((layer < dense ? (layer + 1) % before : (layer - dense + 1) % every) === 0 ? "full_attention" : "sliding_attention");
  const seen = windows(config, layerKinds(config, layers, WINDOWED, kindOf));
  return sparseLayers(config, layers, dense).map((chooses, layer) => ({ window: seen[layer] ?? null, turns: seen[layer] !== null || (!chooses && before === 1), chooses }));
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, { window, turns, chooses }: Layer, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const d = shape.hiddenSize;
  const bias = flag(config, "attention_bias", false);
  const width = optional(config, "prefix_dense_intermediate_size") === null ? {} : { width: size(config, "prefix_dense_intermediate_size") };
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, false),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope: turns ? rope : null, window }),
    attentionPostNorm: null,
    ln2: null,
    mlp: chooses ? expertsOf(source, `${at}.mlp`, d) : gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false, ...width }),
    mlpPostNorm: null,
  };
}

function expertsOf(source: Source, at: string, d: number): GatedExpertsSpec {
  const { config } = source;
  const width = size(config, "intermediate_size");
  const activation = activationOf(config, "hidden_act", "silu");
  const mixture = mixtureOf(source, at, d, { ...choiceOf(config, EXPERTS), width, activation, ...choosingOf(config) });
  const count = sizeOrNone(config, "num_shared_experts");
  if (count === 0) return mixture;
  const strategy = word(config, "shared_expert_combination_strategy");
  if (strategy !== "average" && strategy !== "sum") throw unsupported(config, "shared_expert_combination_strategy", "computed are average and sum");
  const shared = sharedExperts(source, at, d, { width: width * count, activation, bias: false });
  return { ...mixture, shared: strategy === "sum" ? shared : { ...shared!, averaged: true } };
}

/** The softmax of the chosen scores, which is what their shares are of all, over the sum of these; or the sigmoid of each. */
function choosingOf(config: Config): Pick<GatedExpertsSpec, "normalized"> & { readonly choosing?: Choosing } {
  const kind = word(config, "expert_selection_fn");
  if (kind === "softmax") return { normalized: true };
  if (kind !== "sigmoid") throw unsupported(config, "expert_selection_fn", "computed are softmax and sigmoid");
  return { normalized: flag(config, "norm_topk_prob", true), choosing: { kind: "biased", shares: "sigmoid", bias: null, groups: 1, groupsPerToken: 1, bestOfGroup: 2, leastSum: 1e-20, factor: 1 } };
}
