/** Without this file nanochat, none of whose norms has weights, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { layerCount, linear, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/nanochat/configuration_nanochat.py`, `modeling_nanochat.py`). */
export const nanochat: Family = { types: ["nanochat"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 50304, hidden_size: 768, intermediate_size: 8192, num_hidden_layers: 12, num_attention_heads: 6, num_key_value_heads: null, hidden_act: "relu2",
  max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, final_logit_softcapping: 15,
};
const PLAIN: NormSpec = { weight: null, bias: null };

/** The embedding is normed as well, and heads turn the other way round. They are normed behind that, which without weights is the same as before. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope: RopeSpec = { ...ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") }), reversed: true };
  return {
    architecture: "nanochat",
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps"), offset: 0 },
    ...aroundBlocks(source, shape.hiddenSize),
    embedNorm: PLAIN,
    ...(optional(config, "final_logit_softcapping") === null ? {} : { logitCap: positive(config, "final_logit_softcapping") }),
    residual: "sequential",
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    finalNorm: PLAIN,
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp.fc2" }),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const at = `layers.${layer}.mlp`;
  const { hiddenSize: d, headDim } = shape;
  const bias = flag(config, "attention_bias", false);
  const inner = size(config, "intermediate_size");
  const normed = { width: headDim };
  return {
    ln1: PLAIN,
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, qNorm: normed, kNorm: normed, rope, window: null }),
    attentionPostNorm: null,
    ln2: PLAIN,
    mlp: { kind: "plain", activation: activationOf(config, "hidden_act", "relu2"), up: linear(source, `${at}.fc1`, inner, d, false), down: linear(source, `${at}.fc2`, d, inner, false) },
    mlpPostNorm: null,
  };
}
