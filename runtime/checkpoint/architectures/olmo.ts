/** Without this file the first OLMo, whose norms have no weights, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/olmo/configuration_olmo.py`, `modeling_olmo.py`). */
export const olmo: Family = { types: ["olmo"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 50304, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, tie_word_embeddings: false, attention_bias: false, clip_qkv: null,
};
const PLAIN: NormSpec = { weight: null, bias: null };
/** No key of the config (`OlmoLayerNorm`). */
const EPSILON = 1e-5;

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const context = size(config, "max_position_embeddings");
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context });
  return {
    architecture: "olmo",
    ...shape,
    norm: { kind: "layer", epsilon: EPSILON, offset: 0 },
    ...aroundBlocks(source, shape.hiddenSize),
    residual: "sequential",
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: PLAIN,
    hooks: hookFacts(shape, LLAMA_MODULES),
  };
}

/** `clip_qkv`, where it is given. */
export function clipOf(config: Config): { readonly clip?: number } {
  return optional(config, "clip_qkv") === null ? {} : { clip: positive(config, "clip_qkv") };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const bias = flag(config, "attention_bias", false);
  return {
    ln1: PLAIN,
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window: null, ...clipOf(config) }),
    attentionPostNorm: null,
    ln2: PLAIN,
    mlp: gatedMlp(source, `layers.${layer}.mlp`, shape.hiddenSize, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
    mlpPostNorm: null,
  };
}
