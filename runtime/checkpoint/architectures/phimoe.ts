/** Without this file Phi 3.5 with experts could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, number, optional, positive, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { mixtureOf, type ExpertNames } from "./experts.ts";
import { contradiction, layerCount, normOf, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { windows, type LayerKind } from "./layer_kinds.ts";
import { LLAMA_MODULES } from "./pre_normed.ts";
import { contextWithin, type Longrope } from "./longrope.ts";
import { ropeType, saidOfPositions, turned } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/phimoe/configuration_phimoe.py`, `modeling_phimoe.py`). */
export const phimoe: Family = { types: ["phimoe"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 32064, hidden_size: 4096, intermediate_size: 6400, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, hidden_act: "silu",
  max_position_embeddings: 4096 * 32, rms_norm_eps: 1e-5, tie_word_embeddings: false, sliding_window: null, num_local_experts: 16, router_jitter_noise: 0.01, attention_bias: false, lm_head_bias: false,
};
/** As its publisher calls them; the modules of transformers 5 have other names (`conversion_mapping.py`). */
const PUBLISHED: { readonly module: string; readonly names: ExpertNames } = { module: "block_sparse_moe", names: ["w1", "w3", "w2"] };

/** A Mixtral with LayerNorms, whose experts are two, however many are asked for, and are weighed each by itself. */
function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  const shape = headsOf(config);
  const rope = positionsOf(config, shape.headDim);
  const kind: LayerKind = optional(config, "sliding_window") === null ? "full_attention" : "sliding_attention";
  const seen = windows(config, new Array<LayerKind>(layerCount(config)).fill(kind));
  const around = aroundBlocks(source, shape.hiddenSize);
  return {
    architecture: "phimoe",
    ...shape,
    norm: { kind: "layer", epsilon: positive(config, "rms_norm_eps"), offset: 0 },
    ...around,
    context: contextWithin(rope, around.context),
    lmHeadBias: flag(config, "lm_head_bias", false) ? source.head(["lm_head.bias"], [around.vocabulary]) : null,
    residual: "sequential",
    blocks: seen.map((window, layer) => blockOf(source, shape, rope, window, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, true),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** Scaled as longrope or not at all: other kinds have no factors under its keys. */
function positionsOf(config: Config, headDim: number): RopeSpec {
  const context = size(config, "max_position_embeddings");
  const said = saidOfPositions(config);
  const scaled = said !== null && ropeType(said) !== "default";
  if (scaled && ropeType(said) !== "longrope") throw unsupported(config, optional(config, "rope_scaling") === null ? "rope_parameters" : "rope_scaling", "positions of this family are scaled as longrope or not at all");
  const longrope: Longrope = { original: scaled ? size(said, "original_max_position_embeddings", context) : context, factorKey: "short_mscale" };
  return turned(config, said, headDim, { theta: 1_000_000, partial: null, context, longrope });
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const norm = (name: string): NormSpec => normOf(source, `${at}.${name}`, d, true);
  const published = `${at}.${PUBLISHED.module}`;
  const named = source.holds(`${published}.gate.weight`);
  const count = size(config, "num_local_experts");
  if (count < 2) throw contradiction(config, "num_local_experts", "and a token takes two");
  return {
    ln1: norm("input_layernorm"),
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, rope, window }),
    attentionPostNorm: null,
    ln2: norm("post_attention_layernorm"),
    mlp: mixtureOf(source, named ? published : `${at}.mlp`, d, {
      count,
      perToken: 2,
      width: size(config, "intermediate_size"),
      activation: activationOf(config, "hidden_act", "silu"),
      normalized: false,
      choosing: { kind: "sparse_mixer", tolerance: 2 * number(config, "router_jitter_noise") },
      names: PUBLISHED.names,
      ...(named ? {} : { router: "router" }),
    }),
    mlpPostNorm: null,
  };
}
