/** Without this file Persimmon, whose queries and keys go through LayerNorms with biases, could not be read. */
import type { AttentionSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { layerCount, linear, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { evenHeads, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/persimmon/configuration_persimmon.py`, `modeling_persimmon.py`). */
export const persimmon: Family = { types: ["persimmon"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 262144, hidden_size: 4096, intermediate_size: 16384, num_hidden_layers: 36, num_attention_heads: 64, hidden_act: "relu2",
  max_position_embeddings: 16384, layer_norm_eps: 1e-5, tie_word_embeddings: false, qk_layernorm: true,
};

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = evenHeads(config, true);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: { key: "partial_rotary_factor", fallback: 0.5 }, context: size(config, "max_position_embeddings") });
  return {
    architecture: "persimmon",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_eps"), offset: 0 },
    ...aroundBlocks(source, shape.hiddenSize),
    residual: "sequential",
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: normOf(source, "final_layernorm", shape.hiddenSize, true),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, o: "self_attn.dense", attentionOut: "self_attn.dense", mlpOut: "mlp.dense_4h_to_h" }),
  };
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const inner = size(config, "intermediate_size");
  const normed = flag(config, "qk_layernorm", true);
  const headNorm = (name: string): AttentionSpec["qNorm"] => (normed ? { weight: source.tensor(`${at}.self_attn.${name}.weight`, [headDim]), bias: source.tensor(`${at}.self_attn.${name}.bias`, [headDim]) } : null);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "per_head", all: linear(source, `${at}.self_attn.query_key_value`, 3 * d, d, true) },
      o: linear(source, `${at}.self_attn.dense`, d, d, true),
      qNorm: headNorm("q_layernorm"),
      kNorm: headNorm("k_layernorm"),
      rope,
      window: null,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, true),
    mlp: { kind: "plain", activation: activationOf(config, "hidden_act", "relu2"), up: linear(source, `${at}.mlp.dense_h_to_4h`, inner, d, true), down: linear(source, `${at}.mlp.dense_4h_to_h`, d, inner, true) },
    mlpPostNorm: null,
  };
}
