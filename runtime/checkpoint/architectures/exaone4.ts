/** Without this file EXAONE 4, whose norms stand behind attention and MLP and which turns nothing where everything is seen, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { optional, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { POST_NORMED_MODULES, postNormed } from "./post_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/exaone4/configuration_exaone4.py`, `modeling_exaone4.py`). */
export const exaone4: Family = { types: ["exaone4"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 102400, hidden_size: 4096, intermediate_size: 16384, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 32, hidden_act: "silu",
  max_position_embeddings: 2048, rms_norm_eps: 1e-5, tie_word_embeddings: false, sliding_window: 4096, sliding_window_pattern: 4, layer_types: null,
};

/** Hooks of what attention and MLP give lie before the norms, as in OLMo 2. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  const windowed = optional(config, "sliding_window") !== null;
  const kinds = kindsOf(config, windowed);
  const seen = windows(config, kinds);
  return {
    ...rmsDecoder(source, shape),
    readBeforePostNorms: true,
    // Where no layer has a window, all of them turn.
    blocks: kinds.map((kind, layer) => blockOf(source, shape, windowed && kind === "full_attention" ? null : rope, seen[layer] ?? null, layer)),
    hooks: hookFacts(shape, POST_NORMED_MODULES),
  };
}

/** Where the config does not say, all but every so many layers look through a window. */
export function kindsOf(config: Config, windowed: boolean): readonly LayerKind[] {
  return layerKinds(config, layerCount(config), WINDOWED, (layer) => (windowed && (layer + 1) % size(config, "sliding_window_pattern") !== 0 ? "sliding_attention" : "full_attention"));
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec | null, window: number | null, layer: number): BlockSpec {
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return postNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias: false, outputBias: false, qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window }),
    mlp: gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(source.config, "hidden_act", "silu"), bias: false }),
  });
}
