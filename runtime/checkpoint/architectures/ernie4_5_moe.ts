/** Without this file ERNIE 4.5 with experts could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeOrNone, sizeUnder, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { sharedExperts } from "./biased_experts.ts";
import { mixtureOf } from "./experts.ts";
import { contradiction, layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/ernie4_5_moe/configuration_ernie4_5_moe.py`, `modeling_ernie4_5_moe.py`). */
export const ernieMoe: Family = { types: ["ernie4_5_moe"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 103424, hidden_size: 2560, intermediate_size: 12288, num_hidden_layers: 28, num_attention_heads: 20, num_key_value_heads: 4, hidden_act: "silu",
  max_position_embeddings: 131072, rms_norm_eps: 1e-5, tie_word_embeddings: true, use_bias: false, moe_intermediate_size: 1536, moe_num_shared_experts: 2,
  moe_layer_start_index: 1, moe_layer_end_index: -1, moe_layer_interval: 1, moe_norm_min: 1e-12,
};
const EXPERTS = { count: 64, perToken: 6 };
const BIAS = "moe_statics.e_score_correction_bias";

/** Pairs of neighbours turn. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope: RopeSpec = { ...ropeOf(config, shape.headDim, { theta: 500_000, partial: null, context: size(config, "max_position_embeddings") }), interleaved: true };
  const around = rmsDecoder(source, shape);
  const layers = layerCount(config);
  const last = optional(config, "moe_layer_end_index") === -1 ? layers - 1 : sizeOrNone(config, "moe_layer_end_index");
  return {
    ...around,
    lmHeadBias: flag(config, "use_bias", false) ? source.head(["lm_head.bias"], [around.vocabulary]) : null,
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, rope, choosesIn(config, layer, last), layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** Whether a layer has experts. */
function choosesIn(config: Config, layer: number, last: number): boolean {
  return (layer + 1) % size(config, "moe_layer_interval") === 0 && layer >= sizeOrNone(config, "moe_layer_start_index") && layer <= last;
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, chooses: boolean, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const at = `layers.${layer}.mlp`;
  const bias = flag(config, "use_bias", false);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window: null }),
    mlp: chooses ? expertsOf(source, at, d, bias) : gatedMlp(source, at, d, { activation: activationOf(config, "hidden_act", "silu"), bias }),
  });
}

/** What the softmax of scores is, and a bias, says which experts are chosen. */
function expertsOf(source: Source, at: string, d: number, bias: boolean): GatedExpertsSpec {
  const { config } = source;
  const count = sizeUnder(config, "moe_num_experts", "num_experts", EXPERTS.count);
  const perToken = sizeUnder(config, "moe_k", "num_experts_per_tok", EXPERTS.perToken);
  if (perToken > count) throw contradiction(config, "moe_k", `and there are ${count} experts`);
  const width = size(config, "moe_intermediate_size");
  const activation = activationOf(config, "hidden_act", "silu");
  // As published, and as the modules of transformers 5 hold it (`conversion_mapping.py`).
  const name = source.holds(`${at}.${BIAS}`) ? `${at}.${BIAS}` : `${at}.gate.${BIAS}`;
  const mixture = mixtureOf(source, at, d, {
    count,
    perToken,
    width,
    activation,
    normalized: true,
    choosing: { kind: "biased", shares: "softmax", bias: source.tensor(name, [1, count]), groups: 1, groupsPerToken: 1, bestOfGroup: 2, leastSum: positive(config, "moe_norm_min"), factor: 1 },
  });
  const shared = sizeOrNone(config, "moe_num_shared_experts");
  return { ...mixture, shared: shared === 0 ? null : sharedExperts(source, at, d, { width: width * shared, activation, bias }) };
}
