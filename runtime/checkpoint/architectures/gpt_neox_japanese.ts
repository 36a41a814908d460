/** Without this file GPT-NeoX Japanese, whose last layer alone adds a bias, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { layerCount, linear, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { evenHeads, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { ropeOf } from "./rope.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/gpt_neox_japanese/configuration_gpt_neox_japanese.py`, `modeling_gpt_neox_japanese.py`). */
export const gptNeoxJapanese: Family = { types: ["gpt_neox_japanese"], embedding: "embed_in.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 32000, hidden_size: 2560, num_hidden_layers: 32, num_attention_heads: 32, intermediate_multiple_size: 4, hidden_act: "gelu",
  max_position_embeddings: 2048, layer_norm_eps: 1e-5, tie_word_embeddings: true,
};

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = evenHeads(config, true);
  const context = size(config, "max_position_embeddings");
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, thetaKey: "rotary_emb_base", partial: { key: "rotary_pct", fallback: 1 }, context });
  const vocabulary = size(config, "vocab_size");
  const layers = layerCount(config);
  return {
    architecture: "gpt_neox_japanese",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_eps"), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context,
    embed: source.tensor("embed_in.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, rope, layer === layers - 1, layer)),
    finalNorm: normOf(source, "final_layer_norm", shape.hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["embed_out.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    // The bias is added outside of the module that it belongs to.
    hooks: hookFacts(shape, { block: "gpt_neox_japanese.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "attention.dense", attentionOut: "attention.(dense + dense_bias)", mlpOut: "mlp.dense_4h_to_h", parallel: false }),
  };
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, rope: RopeSpec, last: boolean, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const inner = d * size(config, "intermediate_multiple_size");
  const o = linear(source, `${at}.attention.dense`, d, d, false);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "per_head", all: linear(source, `${at}.attention.query_key_value`, 3 * d, d, false) },
      o: last ? { ...o, bias: source.tensor(`${at}.attention.dense_bias`, [d]) } : o,
      qNorm: null,
      kNorm: null,
      rope,
      window: null,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, true),
    mlp: { kind: "plain", activation: activationOf(config, "hidden_act", "gelu"), up: linear(source, `${at}.mlp.dense_h_to_4h`, inner, d, false), down: linear(source, `${at}.mlp.dense_4h_to_h`, d, inner, false) },
    mlpPostNorm: null,
  };
}
