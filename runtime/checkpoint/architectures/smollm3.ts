/** Without this file SmolLM 3, in which some layers know no positions, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows } from "./layer_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";
import { turningLayers } from "./turning_layers.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/smollm3/configuration_smollm3.py`, `modeling_smollm3.py`). */
export const smollm3: Family = { types: ["smollm3"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 128256, hidden_size: 2048, intermediate_size: 11008, num_hidden_layers: 36, num_attention_heads: 16, num_key_value_heads: 4, hidden_act: "silu",
  max_position_embeddings: 32768, rms_norm_eps: 1e-6, use_sliding_window: false, sliding_window: null, no_rope_layers: null, no_rope_layer_interval: 4,
  layer_types: null, attention_bias: false, mlp_bias: false, tie_word_embeddings: true,
};

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const context = size(config, "max_position_embeddings");
  const rope = ropeOf(config, shape.headDim, { theta: 2_000_000, partial: null, context });
  const turning = turningLayers(config, layerCount(config));
  // Only layers without positions look through a window, where one is asked for.
  const asked = flag(config, "use_sliding_window", false) && optional(config, "sliding_window") !== null;
  const seen = windows(config, layerKinds(config, turning.length, WINDOWED, (layer) => (asked && !turning[layer] ? "sliding_attention" : "full_attention")));
  return {
    ...rmsDecoder(source, shape),
    blocks: turning.map((turns, layer) => blockOf(source, shape, turns ? rope : null, seen[layer] ?? null, layer)),
    hooks: hookFacts(shape, LLAMA_MODULES),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec | null, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const bias = flag(config, "attention_bias", false);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window }),
    mlp: gatedMlp(source, `layers.${layer}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: flag(config, "mlp_bias", false) }),
  });
}
