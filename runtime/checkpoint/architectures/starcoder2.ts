/** Without this file StarCoder 2 could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { layerCount, linear, normOf, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

export const starcoder2: Family = { types: ["starcoder2"], embedding: "embed_tokens.weight", read };

/** What its config class takes where nothing is said (transformers 5.24, `models/starcoder2/configuration_starcoder2.py`). */
const DEFAULTS = { hidden_size: 3072, num_attention_heads: 24, num_hidden_layers: 30 };

/** transformers 5.24 `models/starcoder2/modeling_starcoder2.py`: LayerNorm, biases, one MLP without a gate, and a window in every layer or in none. */
function read(source: Source): Decoder {
  const config = { ...source.config, value: { ...DEFAULTS, ...source.config.value } };
  const shape = headsOf(config, null, 2);
  const context = size(config, "max_position_embeddings", 4096);
  const rope = ropeOf(config, shape.headDim, { theta: 10000, partial: null, context: 4096 });
  const window = optional(config, "sliding_window") === null ? null : size(config, "sliding_window");
  const vocabulary = size(config, "vocab_size", 49152);
  return {
    architecture: "starcoder2",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context,
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, window, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: "mlp.c_proj", parallel: false }),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const d = shape.hiddenSize;
  const mlpSize = size(source.config, "intermediate_size", 12288);
  const bias = flag(source.config, "use_bias", true);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window }),
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, true),
    mlp: { kind: "plain", activation: activationOf(source.config, "hidden_act", "gelu_pytorch_tanh"), up: linear(source, `${at}.mlp.c_fc`, mlpSize, d, bias), down: linear(source, `${at}.mlp.c_proj`, d, mlpSize, bias) },
    mlpPostNorm: null,
  };
}
