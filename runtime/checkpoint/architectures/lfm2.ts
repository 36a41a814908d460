/** Without this file LFM2 (Liquid), in which short convolutions stand where most models have attention, could not be read. */
import type { ConvolutionSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec, MlpSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { aroundBlocks } from "./around_blocks.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { contradiction, layerCount, linear, normOf, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts, hooksOfKinds } from "./hook_modules.ts";
import { layerKinds } from "./layer_kinds.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults of transformers 5.24 (`models/{lfm2,lfm2_moe}/configuration_*.py`). */
const COMMON: JsonObject = {
  vocab_size: 65536, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, max_position_embeddings: 128_000, norm_eps: 1e-5, tie_word_embeddings: true, conv_bias: false, conv_L_cache: 3,
};
const DEFAULTS: Readonly<Record<string, JsonObject>> = {
  lfm2: { ...COMMON, hidden_size: 2560, intermediate_size: 12288, block_multiple_of: 256, block_ffn_dim_multiplier: 1, block_auto_adjust_ff_dim: true },
  lfm2_moe: { ...COMMON, hidden_size: 2048, intermediate_size: 7168, moe_intermediate_size: 1792, num_dense_layers: 2, use_expert_bias: true, routed_scaling_factor: 1, norm_topk_prob: true },
};

export const lfm2: Family = { types: Object.keys(DEFAULTS), embedding: "embed_tokens.weight", read };

const KINDS = ["full_attention", "conv"] as const;
type Kind = (typeof KINDS)[number];

/** Arithmetic of `models/{lfm2,lfm2_moe}/modeling_*.py`: convolutions and attention in turn, and in the second experts behind the first layers. */
function read(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const source = renamed(withDefaults(given, DEFAULTS[type] as JsonObject));
  const { config } = source;
  const shape = headsOf(config);
  const kinds = kindsOf(config, type);
  const rope = ropeOf(config, shape.headDim, { theta: 1_000_000, partial: null, context: size(config, "max_position_embeddings") });
  const mlps = kinds.map((_, layer) => mlpOf(source, type, shape.hiddenSize, layer));
  const block = "model.layers.{layer}";
  const facts = hookFacts(shape, { block, ln1: "operator_norm", ln2: "ffn_norm", o: "self_attn.out_proj", attentionOut: "self_attn.out_proj", mlpIn: "feed_forward", mlpOut: mlps.every(({ kind }) => kind === "gated") ? "feed_forward.w2" : "feed_forward", parallel: false });
  return {
    architecture: type,
    ...shape,
    ...aroundBlocks(source, shape.hiddenSize),
    norm: { kind: "rms", epsilon: positive(config, "norm_eps"), offset: 0 },
    residual: "sequential",
    blocks: kinds.map((kind, layer) => blockOf(source, shape, rope, kind, layer, mlps[layer] as MlpSpec)),
    finalNorm: normOf(source, "embedding_norm", shape.hiddenSize, false),
    hooks: hooksOfKinds(facts, block, kinds.map((kind) => (kind === "conv" ? "conv.out_proj" : "self_attn.out_proj")), "convolutions have no heads"),
  };
}

/** Keys by which older configs say the same: they are followed where both are there. */
function renamed(source: Source): Source {
  const { config } = source;
  const said = (key: string, older: string): JsonObject => (optional(config, older) === null ? {} : { [key]: optional(config, older) });
  return { ...source, config: { ...config, value: { ...config.value, ...said("tie_word_embeddings", "tie_embedding"), ...(word(config, "model_type") === "lfm2" ? said("intermediate_size", "block_ff_dim") : {}) } } };
}

/** `layer_types`; of an LFM2 without them all layers look, or those of `full_attn_idxs`. */
function kindsOf(config: Config, type: string): readonly Kind[] {
  const layers = layerCount(config);
  if (type === "lfm2_moe" && optional(config, "layer_types") === null) throw contradiction(config, "layer_types", "and only they say which layers of this family are convolutions");
  const looking = optional(config, "full_attn_idxs");
  if (looking !== null && (!Array.isArray(looking) || !looking.every((layer) => Number.isInteger(layer)))) throw contradiction(config, "full_attn_idxs", "and must be a list of layers");
  return layerKinds(config, layers, KINDS, (layer) => (looking === null || looking.includes(layer) ? "full_attention" : "conv"));
}

function blockOf(source: Source, shape: Heads, rope: RopeSpec, kind: Kind, layer: number, mlp: MlpSpec): BlockSpec {
  const at = `layers.${layer}`;
  const { hiddenSize: d, headDim } = shape;
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}_layernorm.weight`, [headDim]);
  return {
    ln1: normOf(source, `${at}.operator_norm`, d, false),
    attention: kind === "conv" ? convolutionOf(source, d, `${at}.conv`) : selfAttention(source, layer, shape, { bias: false, outputBias: false, output: "out_proj", qNorm: headNorm("q"), kNorm: headNorm("k"), rope, window: null }),
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.ffn_norm`, d, false),
    mlp,
    mlpPostNorm: null,
  };
}

function convolutionOf(source: Source, d: number, at: string): ConvolutionSpec {
  const { config } = source;
  const kernel = size(config, "conv_L_cache");
  if (kernel < 2) throw unsupported(config, "conv_L_cache", "a convolution that sees one token is none");
  const bias = flag(config, "conv_bias", false);
  return { kind: "convolution", in: linear(source, `${at}.in_proj`, 3 * d, d, bias), kernels: { weight: source.tensor(`${at}.conv.weight`, [d, 1, kernel]), bias: bias ? source.tensor(`${at}.conv.bias`, [d]) : null }, o: linear(source, `${at}.out_proj`, d, d, bias) };
}

function mlpOf(source: Source, type: string, d: number, layer: number): MlpSpec {
  const { config } = source;
  const at = `layers.${layer}.feed_forward`;
  if (type === "lfm2_moe" && layer >= sizeOrNone(config, "num_dense_layers")) return expertsOf(source, d, at);
  const inner = type === "lfm2" ? adjusted(config) : size(config, "intermediate_size");
  const part = (name: string, out: number, into: number): ReturnType<typeof linear> => linear(source, `${at}.${name}`, out, into, false);
  return { kind: "gated", activation: "silu", gate: part("w1", inner, d), up: part("w3", inner, d), down: part("w2", d, inner) };
}

/** Columns of an MLP: two thirds of what the config says, times a factor, and filled up, unless that is switched off (`Lfm2MLP`). */
function adjusted(config: Config): number {
  const inner = size(config, "intermediate_size");
  if (!flag(config, "block_auto_adjust_ff_dim", true)) return inner;
  const less = Math.trunc((2 * inner) / 3);
  const step = size(config, "block_multiple_of");
  return step * Math.ceil(Math.trunc(positive(config, "block_ffn_dim_multiplier") * less) / step);
}

/** `Lfm2MoeSparseMoeBlock`: chosen by the sigmoid of their scores and a bias. */
function expertsOf(source: Source, d: number, at: string): MlpSpec {
  const { config } = source;
  const choice = choiceOf(config, { count: 32, perToken: 4 });
  const bias = flag(config, "use_expert_bias", true) ? source.tensor(`${at}.expert_bias`, [choice.count]) : null;
  return mixtureOf(source, at, d, {
    ...choice,
    width: size(config, "moe_intermediate_size"),
    activation: "silu",
    names: ["w1", "w3", "w2"],
    normalized: flag(config, "norm_topk_prob", true),
    choosing: { kind: "biased", shares: "sigmoid", bias, groups: 1, groupsPerToken: 1, bestOfGroup: 1, leastSum: 0, addedToSum: 1e-6, factor: positive(config, "routed_scaling_factor") },
  });
}
