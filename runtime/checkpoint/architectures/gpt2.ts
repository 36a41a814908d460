/** Without this file GPT-2, the model of most published SAEs, could not be read. */
import type { BlockSpec, LinearSpec } from "../../../src/emit/specs.ts";
import { flag, size, type Config } from "../config.ts";
import { activationOf } from "./activation.ts";
import { normOf, type Family, type Source } from "./family.ts";
import { gptDecoder } from "./gpt_decoder.ts";
import type { Heads } from "./heads.ts";

/** transformers 5.24 `models/gpt2/modeling_gpt2.py`, `configuration_gpt2.py`; to it GPT-SW3 is another word for the same (`models/auto/configuration_auto.py`). */
export const gpt2: Family = { types: ["gpt2", "gpt-sw3"], embedding: "wte.weight", read: (source) => gptDecoder(source, (apart) => apart, blockOf) };

/** A Conv1D: weight [in, out]. */
export function conv(source: Source, name: string, width: number, out: number): LinearSpec {
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
