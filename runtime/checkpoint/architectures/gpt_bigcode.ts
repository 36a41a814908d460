/** Without this file SantaCoder and the first StarCoders could not be read. */
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, size } from "../config.ts";
import { activationOf } from "./activation.ts";
import { linear, normOf, type Family, type Source } from "./family.ts";
import { gptDecoder } from "./gpt_decoder.ts";
import type { Heads } from "./heads.ts";

/** transformers 5.24 `models/gpt_bigcode/modeling_gpt_bigcode.py`, `configuration_gpt_bigcode.py`: a GPT-2 whose maps are Linears and whose heads may share one key and value. */
export const gptBigcode: Family = { types: ["gpt_bigcode"], embedding: "wte.weight", read: (source) => gptDecoder(source, (apart) => ({ ...apart, kvHeads: flag(source.config, "multi_query", true) ? 1 : apart.heads }), blockOf) };

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
