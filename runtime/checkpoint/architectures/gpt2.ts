/** Without this file GPT-2, the model of most published SAEs, could not be read. */
import type { BlockSpec, LinearSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { gptSizes } from "./gpt_sizes.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const gpt2: Family = { types: ["gpt2"], embedding: "wte.weight", read };

/** transformers 5.24 `models/gpt2/modeling_gpt2.py`, `configuration_gpt2.py`. */
function read(source: Source): Decoder {
  const { config } = source;
  if (flag(config, "add_cross_attention", false)) throw unsupported(config, "add_cross_attention", "a text is all that is read");
  const { shape, layers, context } = gptSizes(config, { hiddenSize: 768, heads: 12, layers: 12, context: 1024 });
  const { hiddenSize } = shape;
  const vocabulary = size(config, "vocab_size", 50257);
  return {
    architecture: "gpt2",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "layer_norm_epsilon", 1e-5), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context,
    embed: source.tensor("wte.weight", [vocabulary, hiddenSize]),
    embedScale: null,
    positions: source.tensor("wpe.weight", [context, hiddenSize]),
    blocks: Array.from({ length: layers }, (_, layer) => blockOf(source, shape, layer)),
    finalNorm: normOf(source, "ln_f", hiddenSize, true),
    lmHead: flag(config, "tie_word_embeddings", true) ? null : source.head(["lm_head.weight"], [vocabulary, hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "transformer.h.{layer}", ln1: "ln_1", ln2: "ln_2", o: "attn.c_proj", attentionOut: "attn.c_proj", mlpOut: "mlp.c_proj", parallel: false }),
  };
}

/** A Conv1D: weight [in, out]. */
function conv(source: Source, name: string, width: number, out: number): LinearSpec {
  return { weight: source.tensor(`${name}.weight`, [width, out]), layout: "in_out", bias: source.tensor(`${name}.bias`, [out]) };
}

function scaleOf(config: Config, headDim: number, layer: number): number {
  const scale = flag(config, "scale_attn_weights", true) ? 1 / Math.sqrt(headDim) : 1;
  return flag(config, "scale_attn_by_inverse_layer_idx", false) ? scale / (layer + 1) : scale;
}

function blockOf(source: Source, { hiddenSize: d, headDim }: Heads, layer: number): BlockSpec {
  const at = `h.${layer}`;
  const mlpSize = size(source.config, "n_inner", 4 * d);
  return {
    ln1: normOf(source, `${at}.ln_1`, d, true),
    attention: {
      kind: "softmax",
      qkv: { kind: "thirds", all: conv(source, `${at}.attn.c_attn`, d, 3 * d) },
      o: conv(source, `${at}.attn.c_proj`, d, d),
      qNorm: null,
      kNorm: null,
      rope: null,
      window: null,
      scale: scaleOf(source.config, headDim, layer),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.ln_2`, d, true),
    mlp: { kind: "plain", activation: activationOf(source.config, "activation_function", "gelu_new"), up: conv(source, `${at}.mlp.c_fc`, d, mlpSize), down: conv(source, `${at}.mlp.c_proj`, mlpSize, d) },
    mlpPostNorm: null,
  };
}
