/** Without this file Mixtral could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { optional, size } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf, type ExpertNames } from "./experts.ts";
import { layerCount, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { windows, type LayerKind } from "./layer_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/mixtral/configuration_mixtral.py`, `modeling_mixtral.py`). */
export const mixtral: Family = { types: ["mixtral"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 32000, hidden_size: 4096, intermediate_size: 14336, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, head_dim: null, hidden_act: "silu",
  max_position_embeddings: 4096 * 32, rms_norm_eps: 1e-5, tie_word_embeddings: false, sliding_window: null,
};
const EXPERTS = { count: 8, perToken: 2 };
/** As its publisher calls them; the modules of transformers 5 have other names (`conversion_mapping.py`). */
export const PUBLISHED: { readonly module: string; readonly names: ExpertNames } = { module: "block_sparse_moe", names: ["w1", "w3", "w2"] };

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = ropeOf(config, shape.headDim, { theta: 1_000_000, partial: null, context: size(config, "max_position_embeddings") });
  const kind: LayerKind = optional(config, "sliding_window") === null ? "full_attention" : "sliding_attention";
  const seen = windows(config, new Array<LayerKind>(layerCount(config)).fill(kind));
  return {
    ...rmsDecoder(source, shape),
    blocks: seen.map((window, layer) => blockOf(source, shape, rope, window, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const published = `layers.${layer}.${PUBLISHED.module}`;
  const at = source.holds(`${published}.gate.weight`) ? published : `layers.${layer}.mlp`;
  return preNormed(source, layer, shape.hiddenSize, {
    attention: selfAttention(source, layer, shape, { bias: false, outputBias: false, rope, window }),
    mlp: mixtureOf(source, at, shape.hiddenSize, { ...choiceOf(config, EXPERTS), width: size(config, "intermediate_size"), activation: activationOf(config, "hidden_act", "silu"), normalized: true, names: PUBLISHED.names }),
  });
}
