/** Without this file Ministral 3, whose queries are scaled by where they stand in long texts, could not be read. */
import type { JsonObject } from "../strict_json.ts";
import { optional, section, size, type Config } from "../config.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { tied } from "./llama.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf, withPositions } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/ministral3/configuration_ministral3.py`, `modeling_ministral3.py`). */
export const ministral3: Family = { types: ["ministral3"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 131072, hidden_size: 4096, intermediate_size: 14336, num_hidden_layers: 34, num_attention_heads: 32, num_key_value_heads: 8, head_dim: 128, hidden_act: "silu",
  max_position_embeddings: 262144, rms_norm_eps: 1e-5, sliding_window: null,
};
const POSITIONS: JsonObject = { type: "yarn", rope_theta: 1_000_000, factor: 16, original_max_position_embeddings: 16384, beta_fast: 32, beta_slow: 1, mscale_all_dim: 1, mscale: 1, llama_4_scaling_beta: 0.1 };

function read(given: Source): Decoder {
  const source = withPositions(withDefaults(given, DEFAULTS), POSITIONS);
  const { config } = source;
  if (optional(config, "hidden_act") !== "silu") throw unsupported(config, "hidden_act", "only silu is computed");
  const shape = headsOf(config, 128, 8);
  const rope = ropeOf(config, shape.headDim, { theta: 10000, partial: null, context: 262144 });
  const window = optional(config, "sliding_window") === null ? null : size(config, "sliding_window");
  const around = rmsDecoder(source, shape);
  return {
    ...around,
    lmHead: tied(source) ? null : source.head(["lm_head.weight"], [around.vocabulary, shape.hiddenSize]),
    context: Math.min(around.context, unscaled(config)),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => preNormed(source, layer, shape.hiddenSize, {
      attention: selfAttention(source, layer, shape, { bias: false, outputBias: false, rope, window }),
      mlp: gatedMlp(source, `layers.${layer}.mlp`, shape.hiddenSize, { activation: "silu", bias: false }),
    })),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, block: source.outer === null ? LLAMA_MODULES.block : "model.language_model.layers.{layer}" }),
  };
}

/**
 * Tokens whose queries are as they are: those from `original_max_position_embeddings` on are multiplied by 1 + β·ln(1 + ⌊place / that⌋) (`get_llama_4_attn_scale`), which no
 * device here does. So that is the context everywhere, and longer texts are read in pieces.
 */
function unscaled(config: Config): number {
  const positions = section(config, "rope_parameters") ?? section(config, "rope_scaling");
  if (positions === null || optional(positions, "llama_4_scaling_beta") === null || optional(positions, "llama_4_scaling_beta") === 0) return Infinity;
  return size(positions, "original_max_position_embeddings");
}
