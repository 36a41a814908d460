/** Without this file Granite, a Llama whose sums have factors, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/granite/configuration_granite.py`, `modeling_granite.py`). */
export const granite: Family = { types: ["granite"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 32000, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
  embedding_multiplier: 1, logits_scaling: 1, residual_multiplier: 1, attention_multiplier: 1,
};

/** Attention and MLP are read as their modules give them, and their factor comes behind that: so it is in TransformerLens (`model_bridge/supported_architectures/granite.py`). */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    ...factorsOf(config),
    blocks: Array.from({ length: layerCount(config) }, (_, layer) => blockOf(source, shape, rope, layer)),
    hooks: hookFacts(shape, LLAMA_MODULES),
  };
}

/** Those that are not 1. */
function factorsOf(config: Config): Pick<Decoder, "residualScale" | "logitScale"> & Partial<Pick<Decoder, "embedScale">> {
  const [embedScale, residualScale, scaling] = ["embedding_multiplier", "residual_multiplier", "logits_scaling"].map((key) => positive(config, key)) as [number, number, number];
  return { ...(embedScale === 1 ? {} : { embedScale }), ...(residualScale === 1 ? {} : { residualScale }), ...(scaling === 1 ? {} : { logitScale: 1 / scaling }) };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const bias = flag(config, "attention_bias", false);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window: null, scale: positive(config, "attention_multiplier") }),
    mlp: gatedMlp(source, `layers.${layer}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: flag(config, "mlp_bias", false) }),
  });
}
