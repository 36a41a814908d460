/** Without this file SantaCoder and the first StarCoders could not be read. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { gptSizes } from "./gpt_sizes.ts";
import type { Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";

export const gptBigcode: Family = { types: ["gpt_bigcode"], embedding: "wte.weight", read };

/** transformers 5.24 `models/gpt_bigcode/modeling_gpt_bigcode.py`, `configuration_gpt_bigcode.py`: a GPT-2 whose maps are Linears and whose heads may share one key and value. */
function read(source: Source): Decoder {
  const { config } = source;
  if (flag(config, "add_cross_attention", false)) throw unsupported(config, "add_cross_attention", "a text is all that is read");
  const { shape: apart, layers, context } = gptSizes(config, { hiddenSize: 768, heads: 12, layers: 12, context: 1024 });
  const shape: Heads = { ...apart, kvHeads: flag(config, "multi_query", true) ? 1 : apart.heads };
  const { hiddenSize } = shape;
  const vocabulary = size(config, "vocab_size", 50257);
  return {
    architecture: "gpt_bigcode",
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

function blockOf(source: Source, { hiddenSize: d, heads, kvHeads, headDim }: Heads, layer: number): BlockSpec {
  const at = `h.${layer}`;
  const mlpSize = size(source.config, "n_inner", 4 * d);
  return {
    ln1: normOf(source, `${at}.ln_1`, d, true),
    attention: {
      kind: "softmax",
      // All queries before the key and the value that they share; else query, key and value of one head before those of the next.
      qkv: { kind: kvHeads === heads ? "per_head" : "thirds", all: linear(source, `${at}.attn.c_attn`, d + 2 * kvHeads * headDim, d, true) },
      o: linear(source, `${at}.attn.c_proj`, d, d, true),
      qNorm: null,
      kNorm: null,
      rope: null,
      window: null,
      scale: flag(source.config, "scale_attn_weights", true) ? 1 / Math.sqrt(headDim) : 1,
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.ln_2`, d, true),
    mlp: { kind: "plain", activation: activationOf(source.config, "activation_function", "gelu_pytorch_tanh"), up: linear(source, `${at}.mlp.c_fc`, mlpSize, d, true), down: linear(source, `${at}.mlp.c_proj`, d, mlpSize, true) },
    mlpPostNorm: null,
  };
}
