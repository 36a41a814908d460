/** Without this file GLM-4 and its kin could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, size, word } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { fusedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{glm,glm4}/configuration_*.py` and `modeling_*.py`). */
export const glm: Family = { types: ["glm", "glm4"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 151552, hidden_size: 4096, intermediate_size: 13696, num_hidden_layers: 40, num_attention_heads: 32, num_key_value_heads: 2, head_dim: 128, hidden_act: "silu",
  max_position_embeddings: 131072, rms_norm_eps: 1.5625e-7, tie_word_embeddings: false, attention_bias: true,
};

/** Norms behind attention and MLP as well, whose outputs the hooks are, as in Gemma: a `glm4`. Pairs of neighbours turn in the first half of a head. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const sandwiched = word(config, "model_type") === "glm4";
  const shape = headsOf(config);
  const rope: RopeSpec = { ...ropeOf(config, shape.headDim, { theta: 10_000, partial: { key: "partial_rotary_factor", fallback: 0.5 }, context: size(config, "max_position_embeddings") }), interleaved: true };
  return {
    ...rmsDecoder(source, shape),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, sandwiched, layer)),
    hooks: hookFacts(shape, sandwiched ? { ...LLAMA_MODULES, attentionOut: "post_self_attn_layernorm", mlpOut: "post_mlp_layernorm" } : LLAMA_MODULES),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, sandwiched: boolean, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d } = shape;
  const at = `layers.${layer}`;
  const behind = (name: string): NormSpec | null => (sandwiched ? normOf(source, `${at}.${name}`, d, false) : null);
  const block = preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias: flag(config, "attention_bias", true), outputBias: false, rope, window: null }),
    mlp: fusedMlp(source, `${at}.mlp`, d, activationOf(config, "hidden_act", "silu")),
  });
  return { ...block, attentionPostNorm: behind("post_self_attn_layernorm"), mlpPostNorm: behind("post_mlp_layernorm") };
}
