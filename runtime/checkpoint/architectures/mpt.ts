/** Without this file MPT could not be read. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, section, size, sizeUnder, word, type Config } from "../config.ts";
import { slopesOf } from "./bloom.ts";
import { contradiction, layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const mpt: Family = { types: ["mpt"], embedding: "wte.weight", read };

/** transformers 5.24 `models/mpt/modeling_mpt.py`, `configuration_mpt.py`: what tokens stand apart is added to scores, nothing has a bias, and the MLP is four times as wide as the stream. */
function read(source: Source): Decoder {
  const { config } = source;
  const attention = section(config, "attn_config") ?? { file: config.file, value: {} };
  requirePlain(config, attention);
  const hiddenSize = sizeUnder(config, "d_model", "hidden_size", 2048);
  const heads = sizeUnder(config, "n_heads", "num_attention_heads", 16);
  if (hiddenSize % heads !== 0) throw contradiction(config, "d_model", `which ${heads} heads do not divide`);
  const shape: Heads = { hiddenSize, heads, kvHeads: heads, headDim: hiddenSize / heads };
  const vocabulary = size(config, "vocab_size", 50368);
  const slopes = slopesOf(heads);
  return {
    architecture: "mpt",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_seq_len", 2048),
    embed: source.tensor("wte.weight", [vocabulary, hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: Array.from({ length: layersOf(config) }, (_, layer) => blockOf(source, attention, shape, slopes, layer)),
    finalNorm: normOf(source, "norm_f", hiddenSize, false),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "transformer.blocks.{layer}", ln1: "norm_1", ln2: "norm_2", o: "attn.out_proj", attentionOut: "attn.out_proj", mlpIn: "ffn", mlpOut: "ffn.down_proj", addedInside: true, parallel: false }),
  };
}

/** What its own code does with these, transformers passes over: it would compute another model than was trained. */
function requirePlain(config: Config, attention: Config): void {
  const passedOver = "transformers passes over this, and so computes another model than was trained";
  if (!flag(attention, "alibi", true)) throw unsupported(attention, "alibi", passedOver);
  if (positive(attention, "alibi_bias_max", 8) !== 8) throw unsupported(attention, "alibi_bias_max", passedOver);
  for (const key of ["qk_ln", "prefix_lm"]) if (flag(attention, key, false)) throw unsupported(attention, key, passedOver);
  if (word(attention, "attn_type", "multihead_attention") !== "multihead_attention") throw unsupported(attention, "attn_type", passedOver);
  if (!flag(config, "no_bias", true)) throw unsupported(config, "no_bias", passedOver);
  if (optional(config, "logit_scale") !== null) throw unsupported(config, "logit_scale", passedOver);
}

function layersOf(config: Config): number {
  return layerCount({ ...config, value: { ...config.value, n_layers: sizeUnder(config, "n_layers", "num_hidden_layers", 24) } }, "n_layers");
}

function blockOf(source: Source, attention: Config, { hiddenSize: d, headDim }: Heads, slopes: readonly number[], layer: number): BlockSpec {
  const at = `blocks.${layer}`;
  const clip = optional(attention, "clip_qkv") === null || optional(attention, "clip_qkv") === 0 ? {} : { clip: positive(attention, "clip_qkv") };
  return {
    ln1: normOf(source, `${at}.norm_1`, d, false),
    attention: {
      kind: "softmax",
      qkv: { kind: "thirds", all: linear(source, `${at}.attn.Wqkv`, 3 * d, d, false) },
      o: linear(source, `${at}.attn.out_proj`, d, d, false),
      qNorm: null,
      kNorm: null,
      ...clip,
      rope: null,
      slopes,
      window: null,
      scale: positive(attention, "softmax_scale", 1 / Math.sqrt(headDim)),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.norm_2`, d, false),
    mlp: { kind: "plain", activation: "gelu", up: linear(source, `${at}.ffn.up_proj`, 4 * d, d, false), down: linear(source, `${at}.ffn.down_proj`, d, 4 * d, false) },
    mlpPostNorm: null,
  };
}
