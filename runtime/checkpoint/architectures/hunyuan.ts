/** Without this file Hunyuan, which norms queries and keys once they have turned, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { mixtureOf } from "./experts.ts";
import { contradiction, layerCount, withDefaults, withKeys, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeType, saidOfPositions, turned } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

const SPARSE = "hunyuan_v1_moe";

/** Defaults and arithmetic of transformers 5.24 (`models/{hunyuan_v1_dense,hunyuan_v1_moe}/configuration_*.py` and `modeling_*.py`). */
export const hunyuan: Family = { types: ["hunyuan_v1_dense", SPARSE], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 290943, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false,
};

/** Keys that stand for those of the numbers of experts (`attribute_map`). */
const KEYS = { num_experts_per_tok: "moe_topk", num_local_experts: "num_experts" };

function read(given: Source): Decoder {
  const chooses = word(given.config, "model_type") === SPARSE;
  const source = withDefaults(chooses ? withKeys(given, KEYS) : given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim);
  return {
    ...rmsDecoder(source, shape),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, chooses, layer)),
    hooks: hookFacts(shape, chooses ? { ...LLAMA_MODULES, mlpOut: "mlp" } : LLAMA_MODULES),
  };
}

/** What it calls dynamic is not where `alpha` is given: the base is stretched by it, whatever the length of a text (`compute_ntk_alpha_rope_parameters`). */
function ropeOf(config: Config, headDim: number): RopeSpec {
  const given = saidOfPositions(config);
  const defaults = { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") };
  const dynamic = given !== null && ropeType(given) === "dynamic";
  const alpha = dynamic ? optional(given, "alpha") : null;
  if (given === null || alpha === null || alpha === 0) return turned(config, given, headDim, defaults);
  const { type: _type, rope_type: _kind, ...own } = given.value;
  const rope = turned(config, { file: given.file, value: own }, headDim, defaults);
  return { ...rope, theta: rope.theta * positive(given, "alpha") ** (headDim / (headDim - 2)) };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, chooses: boolean, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: headNorm("query_layernorm"), kNorm: headNorm("key_layernorm"), turnedFirst: true, rope, window: null }),
    mlp: chooses ? expertsOf(source, layer, d) : gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
  });
}

/** Experts as wide as the MLP that all tokens take beside them. */
function expertsOf(source: Source, layer: number, d: number): GatedExpertsSpec {
  const { config } = source;
  const at = `layers.${layer}.mlp`;
  const activation = activationOf(config, "hidden_act", "silu");
  const count = size(config, "num_experts", 1);
  const perToken = perTokenIn(config, layer);
  if (perToken > count) throw contradiction(config, "moe_topk", `and there are ${count} experts`);
  const mixture = mixtureOf(source, at, d, { count, perToken, width: size(config, "intermediate_size"), activation, normalized: true, router: "gate.wg" });
  return { ...mixture, shared: { mlp: gatedMlp(source, `${at}.shared_mlp`, d, { activation, bias: false }), gate: null } };
}

/** One number for all layers, or one for each. */
function perTokenIn(config: Config, layer: number): number {
  const given = optional(config, "moe_topk");
  if (!Array.isArray(given)) return size(config, "moe_topk", 1);
  const own = given[layer];
  if (!Number.isInteger(own) || (own as number) < 1) throw contradiction(config, "moe_topk", `and must be a whole number of at least 1, or such a number for each layer, and layer ${layer} has none`);
  return own as number;
}
