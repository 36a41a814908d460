/** Without this file Qwen 3.5, and so most SAEs of Qwen Scope, would have no model. */
import type { DeltaMaps, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, positive, size, word } from "../config.ts";
import { expertsOf, type ExpertDefaults } from "./experts.ts";
import { layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { deltaKinds, gatedAttention, gatedDelta, hooksOfDelta, type DeltaKind, type DeltaSizes } from "./gated_delta.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/{qwen3_5,qwen3_5_moe}/configuration_*.py` and `modeling_*.py`). */
export const qwen35: Family = { types: ["qwen3_5_text", "qwen3_5", "qwen3_5_moe_text", "qwen3_5_moe"], embedding: "embed_tokens.weight", read };

/** Each layer of a model with experts has them, and one that all tokens share; probabilities add up to one (`Qwen3_5MoeSparseMoeBlock`). */
const EXPERTS: ExpertDefaults = { count: 256, perToken: 8, width: 512, shared: 512 };

function read(source: Source): Decoder {
  const { config, outer } = source;
  if (word(config, "hidden_act", "silu") !== "silu") throw unsupported(config, "hidden_act", "only silu is computed");
  const sparse = word(config, "model_type").startsWith("qwen3_5_moe");
  const shape = headsOf(config, 256, sparse ? 2 : 4, 16);
  const kinds = deltaKinds(config, layerCount(config));
  const rope = ropeOf(config, shape.headDim, { theta: 10000, partial: { key: "partial_rotary_factor", fallback: 0.25 }, context: 32768 });
  const vocabulary = size(config, "vocab_size", 248320);
  const tied = flag(config, "tie_word_embeddings", false) || (outer !== null && flag(outer, "tie_word_embeddings", false));
  const block = outer === null ? "model.layers.{layer}" : "model.language_model.layers.{layer}";
  const facts = hookFacts(shape, {
    block,
    ln1: "input_layernorm",
    ln2: "post_attention_layernorm",
    o: "self_attn.o_proj",
    attentionOut: "self_attn.o_proj",
    mlpOut: sparse ? "mlp" : "mlp.down_proj",
    parallel: false,
  });
  return {
    architecture: word(config, "model_type"),
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", 1e-6), offset: 1 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", 32768),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: kinds.map((kind, layer) => blockOf(source, shape, rope, kind, layer, sparse)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: tied ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hooksOfDelta(facts, block, kinds),
  };
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, kind: DeltaKind, layer: number, sparse: boolean): BlockSpec {
  const at = `layers.${layer}`;
  const { hiddenSize: d } = shape;
  return preNormed(source, layer, d, {
    attention: kind === "full_attention" ? gatedAttention(source, shape, rope, `${at}.self_attn`) : gatedDelta(source, d, `${at}.linear_attn`, (sizes) => mapsOf(source, d, `${at}.linear_attn`, sizes)),
    mlp: sparse ? expertsOf(source, `${at}.mlp`, d, EXPERTS, true) : denseMlp(source, `${at}.mlp`, d),
  });
}

function denseMlp(source: Source, at: string, d: number): BlockSpec["mlp"] {
  const inner = size(source.config, "intermediate_size", 12288);
  return { kind: "gated", activation: "silu", gate: linear(source, `${at}.gate_proj`, inner, d, false), up: linear(source, `${at}.up_proj`, inner, d, false), down: linear(source, `${at}.down_proj`, d, inner, false) };
}

function mapsOf(source: Source, d: number, at: string, { keyHeads, valueHeads, keyDim, valueDim }: DeltaSizes): DeltaMaps {
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.in_proj_${name}`, width, d, false);
  return { kind: "apart", qkv: part("qkv", 2 * keyHeads * keyDim + valueHeads * valueDim), z: part("z", valueHeads * valueDim), b: part("b", valueHeads), a: part("a", valueHeads) };
}
