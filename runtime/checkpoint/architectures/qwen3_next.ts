/** Without this file Qwen3-Next, which keeps the maps of its linear attention key head by key head, could not be read. */
import type { DeltaMaps, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { optional, word } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { sparseMlp, type ExpertDefaults } from "./experts.ts";
import { layerCount, linear, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { deltaKinds, gatedAttention, gatedDelta, hooksOfDelta, type DeltaKind, type DeltaSizes } from "./gated_delta.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/qwen3_next/configuration_qwen3_next.py`, `modeling_qwen3_next.py`). */
export const qwen3Next: Family = { types: ["qwen3_next"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 151936, hidden_size: 2048, intermediate_size: 5632, num_hidden_layers: 48, num_attention_heads: 16, num_key_value_heads: 2, head_dim: 256, hidden_act: "silu",
  max_position_embeddings: 32768, rms_norm_eps: 1e-6, tie_word_embeddings: false, norm_topk_prob: true,
};
const EXPERTS: ExpertDefaults = { count: 512, perToken: 10, width: 512, shared: 512 };

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  if (word(config, "hidden_act") !== "silu") throw unsupported(config, "hidden_act", "only silu is computed");
  const shape = headsOf(config);
  const kinds = deltaKinds(config, layerCount(config));
  const rope = ropeOf(config, shape.headDim, { theta: 10_000, partial: { key: "partial_rotary_factor", fallback: 0.25 }, context: 32768 });
  const blocks = kinds.map((kind, layer) => blockOf(source, shape, rope, kind, layer));
  const modules = { ...LLAMA_MODULES, mlpOut: blocks.every(({ mlp }) => mlp.kind === "gated") ? "mlp.down_proj" : "mlp" };
  const around = rmsDecoder(source, shape);
  return { ...around, norm: { ...around.norm, offset: 1 }, blocks, hooks: hooksOfDelta(hookFacts(shape, modules), modules.block, kinds) };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, kind: DeltaKind, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const { hiddenSize: d } = shape;
  // With no experts at all each layer has one MLP.
  const sparse = optional(source.config, "num_experts") === 0 ? null : sparseMlp(source, layer, d, EXPERTS);
  return preNormed(source, layer, d, {
    attention: kind === "full_attention" ? gatedAttention(source, shape, rope, `${at}.self_attn`) : gatedDelta(source, d, `${at}.linear_attn`, (sizes) => mapsOf(source, d, `${at}.linear_attn`, sizes)),
    mlp: sparse ?? gatedMlp(source, `${at}.mlp`, d, { activation: "silu", bias: false }),
  });
}

/** `fix_query_key_value_ordering`. */
function mapsOf(source: Source, d: number, at: string, { keyHeads, valueHeads, keyDim, valueDim }: DeltaSizes): DeltaMaps {
  return { kind: "per_key_head", qkvz: linear(source, `${at}.in_proj_qkvz`, 2 * (keyHeads * keyDim + valueHeads * valueDim), d, false), ba: linear(source, `${at}.in_proj_ba`, 2 * valueHeads, d, false) };
}
