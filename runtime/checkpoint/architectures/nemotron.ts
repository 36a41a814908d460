/** Without this file Nemotron and Minitron, whose norms hold the difference from 1, and Jais 2, which is like them but for that, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size, word } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { layerCount, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { plainMlp } from "./plain_mlp.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{nemotron,jais2}/configuration_*.py`, `modeling_*.py`). */
const DEFAULTS: Readonly<Record<string, JsonObject>> = {
  nemotron: {
    vocab_size: 256000, hidden_size: 6144, intermediate_size: 24576, num_hidden_layers: 32, num_attention_heads: 48, num_key_value_heads: null, hidden_act: "relu2",
    max_position_embeddings: 4096, norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
  },
  jais2: {
    vocab_size: 150272, hidden_size: 3328, intermediate_size: 26624, num_hidden_layers: 32, num_attention_heads: 26, num_key_value_heads: null, hidden_act: "relu2",
    max_position_embeddings: 8192, layer_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: true, mlp_bias: true,
  },
};

export const nemotron: Family = { types: Object.keys(DEFAULTS), embedding: "embed_tokens.weight", read };

/** LayerNorms, of 1 more than their weights in a Nemotron, half of whose heads turns; and an MLP without a gate. */
function read(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const source = withDefaults(given, DEFAULTS[type] as JsonObject);
  const { config } = source;
  const shape = headsOf(config);
  const own = type === "nemotron";
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: own ? { key: "partial_rotary_factor", fallback: 0.5 } : null, context: size(config, "max_position_embeddings") });
  return {
    architecture: type,
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, own ? "norm_eps" : "layer_norm_eps"), offset: own ? 1 : 0 },
    ...aroundBlocks(source, shape.hiddenSize),
    residual: "sequential",
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, true),
    hooks: hookFacts(shape, LLAMA_MODULES),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const bias = flag(config, "attention_bias", false);
  const norm = (name: string): NormSpec => normOf(source, `layers.${layer}.${name}`, d, true);
  return {
    ln1: norm("input_layernorm"),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window: null }),
    attentionPostNorm: null,
    ln2: norm("post_attention_layernorm"),
    mlp: plainMlp(source, `layers.${layer}.mlp`, d, { activation: activationOf(config, "hidden_act", "relu2"), bias: flag(config, "mlp_bias", false) }),
    mlpPostNorm: null,
  };
}
