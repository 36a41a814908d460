/** Without this file Apertus, whose MLPs learned the shape of their activation, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, PlainSpec, TensorRef } from "../../../src/emit/specs.ts";
import { flag, size, word } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, normOf, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { plainMlp } from "./plain_mlp.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf, withPositions } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/apertus/configuration_apertus.py`, `modeling_apertus.py`). */
export const apertus: Family = { types: ["apertus"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 131072, hidden_size: 4096, intermediate_size: 14336, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "xielu",
  max_position_embeddings: 65536, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false,
};
/** Positions of a config that says nothing of them. */
const POSITIONS: JsonObject = { rope_type: "llama3", rope_theta: 12_000_000, factor: 8, original_max_position_embeddings: 8192, low_freq_factor: 1, high_freq_factor: 4 };

function read(given: Source): Decoder {
  const source = withPositions(withDefaults(given, DEFAULTS), POSITIONS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 12_000_000, partial: null, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, ln1: "attention_layernorm", ln2: "feedforward_layernorm" }),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}`;
  const { hiddenSize: d, headDim } = shape;
  const bias = flag(config, "attention_bias", false);
  const headNorm = (name: string): TensorRef => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return {
    ln1: normOf(source, `${at}.attention_layernorm`, d, false),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window: null }),
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.feedforward_layernorm`, d, false),
    mlp: plainMlp(source, `${at}.mlp`, d, { activation: shaped(source, `${at}.mlp.act_fn`), bias: false }),
    mlpPostNorm: null,
  };
}

/** The activation of a layer, whose numbers are parameters of the model where it is xIELU. */
function shaped(source: Source, at: string): PlainSpec["activation"] {
  if (word(source.config, "hidden_act", "xielu") !== "xielu") return activationOf(source.config, "hidden_act", "xielu");
  const [alphaPositive, alphaNegative] = ["alpha_p", "alpha_n"].map((name) => source.tensor(`${at}.${name}`, [1])) as [TensorRef, TensorRef];
  return { kind: "xielu", alphaPositive, alphaNegative, beta: source.tensor(`${at}.beta`, []), epsilon: source.tensor(`${at}.eps`, []) };
}
