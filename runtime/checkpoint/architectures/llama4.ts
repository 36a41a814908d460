/** Without this file Llama 4, which sees long texts in runs and multiplies what its experts read, could not be read. */
import type { AttentionSpec, RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { JoinedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, number, optional, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, matrix } from "./experts.ts";
import { contradiction, layerCount, linear, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds } from "./layer_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";
import { turningLayers } from "./turning_layers.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/llama4/configuration_llama4.py`, `modeling_llama4.py`). */
export const llama4: Family = { types: ["llama4_text"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 202048, hidden_size: 5120, intermediate_size: 8192, intermediate_size_mlp: 16384, num_hidden_layers: 48, num_attention_heads: 40, num_key_value_heads: 8, head_dim: 128, hidden_act: "silu",
  max_position_embeddings: 4096 * 32, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, interleave_moe_layer_step: 1, use_qk_norm: true, no_rope_layer_interval: 4,
  attention_chunk_size: 8192, attn_temperature_tuning: true, floor_scale: 8192, attn_scale: 0.1,
};
const KINDS = ["full_attention", "chunked_attention"] as const;

function read(given: Source): Decoder {
  const source = saidOrNot(withDefaults(given, DEFAULTS));
  const { config, outer } = source;
  const shape = headsOf(config);
  const layers = layerCount(config);
  const rope: RopeSpec = { ...ropeOf(config, shape.headDim, { theta: 500_000, partial: null, context: size(config, "max_position_embeddings") }), interleaved: true };
  const turning = turningLayers(config, layers);
  const chunk = optional(config, "attention_chunk_size") === null ? null : size(config, "attention_chunk_size");
  const kinds = layerKinds(config, layers, KINDS, (layer) => (turning[layer] === true && chunk !== null ? "chunked_attention" : "full_attention"));
  if (chunk === null && kinds.includes("chunked_attention")) throw contradiction(config, "attention_chunk_size", "and layers that see texts in runs are asked for");
  const sparse = sparseLayers(config, layers);
  const blocks = kinds.map((kind, layer) => blockOf(source, shape, { ...placed(config, shape, turning[layer] === true ? rope : null), ...(kind === "chunked_attention" && chunk !== null ? { chunk } : {}) }, sparse(layer), layer));
  const block = outer === null ? LLAMA_MODULES.block : "language_model.model.layers.{layer}";
  const mlpOut = blocks.every(({ mlp }) => mlp.kind === "gated") ? "feed_forward.down_proj" : "feed_forward";
  return { ...rmsDecoder(source, shape), blocks, hooks: hookFacts(shape, { ...LLAMA_MODULES, block, mlpIn: "feed_forward", mlpOut }) };
}

/** No layers at all that are said to turn are none said, as the published configs have it. */
function saidOrNot(source: Source): Source {
  const { config } = source;
  const given = optional(config, "no_rope_layers");
  return Array.isArray(given) && given.length === 0 ? { ...source, config: { ...config, value: { ...config.value, no_rope_layers: null } } } : source;
}

/** Where a layer turns, queries and keys may be normed, which is the same before they turn; where it does not, queries may be multiplied by where they stand. */
function placed(config: Config, { headDim }: Heads, rope: RopeSpec | null): Pick<AttentionSpec, "rope" | "qNorm" | "kNorm" | "sharpening"> {
  if (rope !== null) {
    const normed = flag(config, "use_qk_norm", true) ? { width: headDim } : null;
    return { rope, qNorm: normed, kNorm: normed };
  }
  const factor = flag(config, "attn_temperature_tuning", true) ? number(config, "attn_scale") : 0;
  return { rope: null, qNorm: null, kNorm: null, ...(factor === 0 ? {} : { sharpening: { every: size(config, "floor_scale"), factor } }) };
}

/** `moe_layers`, or every `interleave_moe_layer_step`-th. */
function sparseLayers(config: Config, layers: number): (layer: number) => boolean {
  const given = optional(config, "moe_layers");
  if (given === null) {
    const every = size(config, "interleave_moe_layer_step");
    return (layer) => (layer + 1) % every === 0;
  }
  if (!Array.isArray(given) || !given.every((layer) => Number.isInteger(layer) && (layer as number) < layers)) throw contradiction(config, "moe_layers", `and must be a list of the ${layers} layers`);
  return (layer) => given.includes(layer);
}

function blockOf(source: Source, shape: Heads, own: Pick<AttentionSpec, "rope" | "qNorm" | "kNorm" | "sharpening" | "chunk">, sparse: boolean, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d } = shape;
  const bias = flag(config, "attention_bias", false);
  const at = `layers.${layer}.feed_forward`;
  const activation = activationOf(config, "hidden_act", "silu");
  const dense = { ...source, config: { ...config, value: { ...config.value, intermediate_size: optional(config, "intermediate_size_mlp") } } };
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias, window: null, ...own }),
    mlp: sparse ? expertsOf(source, at, d) : gatedMlp(dense, at, d, { activation, bias: false }),
  });
}

/** `Llama4TextMoe`, whose experts are kept as they are published: all in one tensor, [in, out], gates before what they open. */
function expertsOf(source: Source, at: string, d: number): JoinedExpertsSpec {
  const { config } = source;
  const { count, perToken } = choiceOf(config, { count: 16, perToken: 1 });
  const width = size(config, "intermediate_size");
  const activation = activationOf(config, "hidden_act", "silu");
  const [gateUps, downs] = [source.tensor(`${at}.experts.gate_up_proj`, [count, d, 2 * width]), source.tensor(`${at}.experts.down_proj`, [count, width, d])];
  return {
    kind: "experts",
    router: linear(source, `${at}.router`, count, d, false),
    perToken,
    activation,
    joined: Array.from({ length: count }, (_, expert) => ({ gateUp: matrix(gateUps, expert, d, 2 * width), down: matrix(downs, expert, width, d) })),
    shared: { mlp: gatedMlp(source, `${at}.shared_expert`, d, { activation, bias: false }), gate: null },
  };
}
