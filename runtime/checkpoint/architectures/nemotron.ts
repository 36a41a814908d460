/** Without this file Nemotron and Minitron, whose norms hold the difference from 1, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
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

/** Defaults and arithmetic of transformers 5.24 (`models/nemotron/configuration_nemotron.py`, `modeling_nemotron.py`). */
export const nemotron: Family = { types: ["nemotron"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 256000, hidden_size: 6144, intermediate_size: 24576, num_hidden_layers: 32, num_attention_heads: 48, num_key_value_heads: null, hidden_act: "relu2",
  max_position_embeddings: 4096, norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
};

/** LayerNorms of 1 more than their weights, half of a head that turns, and an MLP without a gate. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: { key: "partial_rotary_factor", fallback: 0.5 }, context: size(config, "max_position_embeddings") });
  return {
    architecture: "nemotron",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "norm_eps"), offset: 1 },
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
