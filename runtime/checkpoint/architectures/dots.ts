/** Without this file dots.llm1 and GLM 4.5 to 4.7 with experts could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { biasedExperts } from "./biased_experts.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows } from "./layer_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults of transformers 5.24 (`models/{dots1,glm4_moe}/configuration_*.py`). */
const DEFAULTS: Readonly<Record<string, JsonObject>> = {
  dots1: {
    vocab_size: 152064, hidden_size: 4608, intermediate_size: 10944, moe_intermediate_size: 1408, num_hidden_layers: 62, num_attention_heads: 32, num_key_value_heads: 32, hidden_act: "silu",
    n_group: 1, topk_group: 1, first_k_dense_replace: 0, norm_topk_prob: false, routed_scaling_factor: 1,
    max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, sliding_window: 4096, max_window_layers: 62,
  },
  glm4_moe: {
    vocab_size: 151552, hidden_size: 4096, intermediate_size: 10944, moe_intermediate_size: 1408, num_hidden_layers: 46, num_attention_heads: 96, num_key_value_heads: 8, hidden_act: "silu",
    n_routed_experts: 128, n_shared_experts: 1, num_experts_per_tok: 8, n_group: 1, topk_group: 1, first_k_dense_replace: 1, norm_topk_prob: true, routed_scaling_factor: 1,
    max_position_embeddings: 131072, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, use_qk_norm: false,
  },
};

export const dots: Family = { types: Object.keys(DEFAULTS), embedding: "embed_tokens.weight", read };

/** Arithmetic of `models/{dots1,glm4_moe}/modeling_*.py`: the first layers have one MLP, all others experts. */
function read(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const source = withDefaults(given, DEFAULTS[type] as JsonObject);
  const { config } = source;
  const shape = headsOf(config);
  const partial = type === "glm4_moe" ? { key: "partial_rotary_factor", fallback: 0.5 } : null;
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    blocks: windowsOf(config, type).map((window, layer) => blockOf(source, type, shape, rope, window, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** A dots.llm1 has windows from `max_window_layers` on, where `layer_types` does not say. */
function windowsOf(config: Config, type: string): readonly (number | null)[] {
  const layers = layerCount(config);
  if (type !== "dots1") return new Array<null>(layers).fill(null);
  const first = sizeOrNone(config, "max_window_layers");
  return windows(config, layerKinds(config, layers, WINDOWED, (layer) => (optional(config, "sliding_window") !== null && layer >= first ? "sliding_attention" : "full_attention")));
}

function blockOf(source: Source, type: string, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const normed = type === "dots1" || flag(config, "use_qk_norm", false);
  const headNorm = (name: string): ReturnType<Source["tensor"]> | null => (normed ? source.tensor(`${at}.self_attn.${name}.weight`, [headDim]) : null);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias && type === "dots1", qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window }),
    mlp: layer >= sizeOrNone(config, "first_k_dense_replace") ? biasedExperts(source, `${at}.mlp`, d) : gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
  });
}
