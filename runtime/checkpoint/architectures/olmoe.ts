/** Without this file OLMoE could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { clipOf } from "./olmo.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/olmoe/configuration_olmoe.py`, `modeling_olmoe.py`). */
export const olmoe: Family = { types: ["olmoe"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 50304, hidden_size: 2048, intermediate_size: 2048, num_hidden_layers: 16, num_attention_heads: 16, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 4096, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, clip_qkv: null, norm_topk_prob: false,
};
const EXPERTS = { count: 64, perToken: 8 };

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** Queries and keys of all heads are normed together, then clipped. */
function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, heads, kvHeads, headDim } = shape;
  const bias = flag(config, "attention_bias", false);
  const norm = (name: string, count: number): ReturnType<Source["tensor"]> => source.tensor(`layers.${layer}.self_attn.${name}.weight`, [count * headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: norm("q_norm", heads), kNorm: norm("k_norm", kvHeads), ...clipOf(config), rope, window: null }),
    mlp: mixtureOf(source, `layers.${layer}.mlp`, d, { ...choiceOf(config, EXPERTS), width: size(config, "intermediate_size"), activation: activationOf(config, "hidden_act", "silu"), normalized: flag(config, "norm_topk_prob", false) }),
  });
}
