/** Without this file Bloom could not be read. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size, sizeUnder, type Config } from "../config.ts";
import { contradiction, layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const bloom: Family = { types: ["bloom"], embedding: "word_embeddings.weight", read };

/** transformers 5.24 `models/bloom/modeling_bloom.py`, `configuration_bloom.py`: what tokens stand apart is added to scores, and the embedding is normed. */
function read(source: Source): Decoder {
  const { config } = source;
  if (flag(config, "apply_residual_connection_post_layernorm", false)) throw unsupported(config, "apply_residual_connection_post_layernorm", "a stream that goes on from the norm is not computed");
  if (flag(config, "slow_but_exact", false) && size(config, "pretraining_tp", 1) > 1) throw unsupported(config, "slow_but_exact", "transformers then leaves out the biases behind attention and MLP");
  const hiddenSize = sizeUnder(config, "hidden_size", "n_embed", 64);
  const heads = sizeUnder(config, "n_head", "num_attention_heads", 8);
  if (hiddenSize % heads !== 0) throw contradiction(config, "hidden_size", `which ${heads} heads do not divide`);
  const shape: Heads = { hiddenSize, heads, kvHeads: heads, headDim: hiddenSize / heads };
  const vocabulary = size(config, "vocab_size", 250880);
  const slopes = slopesOf(heads);
  return {
    architecture: "bloom",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    // No key of its config class: the published ones were trained on as many tokens, and some say so.
    context: size(config, "seq_length", 2048),
    embed: source.tensor("word_embeddings.weight", [vocabulary, hiddenSize]),
    embedScale: null,
    embedNorm: normOf(source, "word_embeddings_layernorm", hiddenSize, true),
    positions: null,
    blocks: Array.from({ length: layersOf(config) }, (_, layer) => blockOf(source, shape, slopes, layer)),
    finalNorm: normOf(source, "ln_f", hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attention.dense", attentionOut: "self_attention.dense", mlpOut: "mlp.dense_4h_to_h", addedInside: true, parallel: false }),
  };
}

function layersOf(config: Config): number {
  return layerCount({ ...config, value: { ...config.value, n_layer: sizeUnder(config, "n_layer", "num_hidden_layers", 2) } }, "n_layer");
}

/** Powers of 2^(−8/n) for n heads; where n is no power of two, those of the next lower one and every other one of the next higher (`_get_alibi_slopes`). */
export function slopesOf(heads: number): readonly number[] {
  const lower = 2 ** Math.floor(Math.log2(heads));
  const powers = (count: number, step: number, of: number): number[] => Array.from({ length: count }, (_, at) => Math.fround(Math.fround(2 ** (-8 / of)) ** (1 + at * step)));
  return [...powers(lower, 1, lower), ...powers(heads - lower, 2, 2 * lower)];
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, slopes: readonly number[], layer: number): BlockSpec {
  const at = `h.${layer}`;
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "per_head", all: linear(source, `${at}.self_attention.query_key_value`, 3 * d, d, true) },
      o: linear(source, `${at}.self_attention.dense`, d, d, true),
      qNorm: null,
      kNorm: null,
      rope: null,
      slopes,
      window: null,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, true),
    mlp: { kind: "plain", activation: "gelu_tanh", up: linear(source, `${at}.mlp.dense_h_to_4h`, 4 * d, d, true), down: linear(source, `${at}.mlp.dense_4h_to_h`, d, 4 * d, true) },
    mlpPostNorm: null,
  };
}
