/** Without this file MiniMax M2 could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { optional, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { layerCount, withDefaults, withKeys, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { PUBLISHED } from "./mixtral.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/minimax_m2/configuration_minimax_m2.py`, `modeling_minimax_m2.py`). */
export const minimax: Family = { types: ["minimax_m2"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 200064, hidden_size: 3072, intermediate_size: 1536, num_hidden_layers: 62, num_attention_heads: 48, num_key_value_heads: 8, head_dim: 128, hidden_act: "silu",
  max_position_embeddings: 196608, rms_norm_eps: 1e-6, tie_word_embeddings: false,
};
const EXPERTS = { count: 256, perToken: 8 };
const BIAS = "e_score_correction_bias";

/** A Mixtral whose experts are chosen with a bias, and whose queries and keys of all heads are normed together. */
function read(given: Source): Decoder {
  const source = withKeys(withDefaults(given, DEFAULTS), { num_experts: "num_local_experts" });
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 5_000_000, partial: { key: "partial_rotary_factor", fallback: turnedShare(config, shape.headDim) }, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** The part of a head that turns: published configs say how many columns. */
function turnedShare(config: Config, headDim: number): number {
  return optional(config, "rotary_dim") === null ? 1 : size(config, "rotary_dim") / headDim;
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { hiddenSize: d, heads, kvHeads, headDim } = shape;
  const norm = (name: string, count: number): ReturnType<Source["tensor"]> => source.tensor(`layers.${layer}.self_attn.${name}.weight`, [count * headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias: false, outputBias: false, qNorm: norm("q_norm", heads), kNorm: norm("k_norm", kvHeads), rope, window: null }),
    mlp: expertsOf(source, layer, d),
  });
}

function expertsOf(source: Source, layer: number, d: number): GatedExpertsSpec {
  const { config } = source;
  const published = `layers.${layer}.${PUBLISHED.module}`;
  const at = source.holds(`${published}.gate.weight`) ? published : `layers.${layer}.mlp`;
  const { count, perToken } = choiceOf({ ...config, value: { ...config.value, num_experts: null } }, EXPERTS);
  return mixtureOf(source, at, d, {
    count,
    perToken,
    width: size(config, "intermediate_size"),
    activation: activationOf(config, "hidden_act", "silu"),
    normalized: true,
    choosing: { kind: "biased", shares: "sigmoid", bias: source.tensor(`${at}.${BIAS}`, [count]), groups: 1, groupsPerToken: 1, bestOfGroup: 2, leastSum: 1e-20, factor: 1 },
    names: PUBLISHED.names,
  });
}
