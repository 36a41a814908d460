/** Without this file GPT-NeoX, and so the Pythia models, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { contradiction, layerCount, linear, normOf, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { ropeOf } from "./rope.ts";

export const gptNeox: Family = { types: ["gpt_neox"], embedding: "embed_in.weight", read };

/** transformers 5.24 `models/gpt_neox/modeling_gpt_neox.py`. */
function read(source: Source): Decoder {
  const { config } = source;
  // Heads are divided evenly here; `head_dim` has a say in how much of one turns, and only there.
  const { head_dim: width, num_key_value_heads: _, ...own } = config.value;
  const shape = headsOf({ ...config, value: own });
  const parallel = flag(config, "use_parallel_residual", true);
  const rope = ropeOf(config, width == null ? shape.headDim : size(config, "head_dim"), { theta: 10000, thetaKey: "rotary_emb_base", partial: { key: "rotary_pct", fallback: 0.25 }, context: 2048 });
  if (rope.dimensions > shape.headDim) throw contradiction(config, "head_dim", `which turns ${rope.dimensions} columns of a head that has ${shape.headDim}`);
  const vocabulary = size(config, "vocab_size");
  return {
    architecture: "gpt_neox",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_eps", 1e-5), offset: 0 },
    softcap: null,
    residual: parallel ? "parallel" : "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", 2048),
    embed: source.tensor("embed_in.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: normOf(source, "final_layer_norm", shape.hiddenSize, true),
    // transformers renamed the head in 5.14.
    lmHead: flag(config, "tie_word_embeddings", false) ? null : source.head(["embed_out.weight", "lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "gpt_neox.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "attention.dense", attentionOut: "attention.dense", mlpOut: "mlp.dense_4h_to_h", parallel }),
  };
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const mlpSize = size(source.config, "intermediate_size");
  const bias = flag(source.config, "attention_bias", true);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "per_head", all: linear(source, `${at}.attention.query_key_value`, 3 * d, d, bias) },
      o: linear(source, `${at}.attention.dense`, d, d, bias),
      qNorm: null,
      kNorm: null,
      rope,
      window: null,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, true),
    mlp: { kind: "plain", activation: activationOf(source.config, "hidden_act", "gelu"), up: linear(source, `${at}.mlp.dense_h_to_4h`, mlpSize, d, true), down: linear(source, `${at}.mlp.dense_4h_to_h`, d, mlpSize, true) },
    mlpPostNorm: null,
  };
}
