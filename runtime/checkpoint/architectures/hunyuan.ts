/** Without this file Hunyuan's dense models, which norm queries and keys once they have turned, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, section, size, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { turned } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/hunyuan_v1_dense/configuration_hunyuan_v1_dense.py`, `modeling_hunyuan_v1_dense.py`). */
export const hunyuan: Family = { types: ["hunyuan_v1_dense"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 290943, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false,
};

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim);
  return {
    ...rmsDecoder(source, shape),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    hooks: hookFacts(shape, LLAMA_MODULES),
  };
}

/** What it calls dynamic is not where `alpha` is given: the base is stretched by it, whatever the length of a text (`compute_ntk_alpha_rope_parameters`). */
function ropeOf(config: Config, headDim: number): RopeSpec {
  const old = section(config, "rope_scaling");
  const given = old !== null && Object.keys(old.value).length > 0 ? old : section(config, "rope_parameters");
  const defaults = { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") };
  const dynamic = given !== null && word(given, "rope_type", word(given, "type", "default")) === "dynamic";
  const alpha = dynamic ? optional(given, "alpha") : null;
  if (given === null || alpha === null || alpha === 0) return turned(config, given, headDim, defaults);
  const { type: _type, rope_type: _kind, ...own } = given.value;
  const rope = turned(config, { file: given.file, value: own }, headDim, defaults);
  return { ...rope, theta: rope.theta * positive(given, "alpha") ** (headDim / (headDim - 2)) };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: headNorm("query_layernorm"), kNorm: headNorm("key_layernorm"), turnedFirst: true, rope, window: null }),
    mlp: gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
  });
}
