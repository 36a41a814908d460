/** Without this file the Llama family, and Mistral, InternLM and Qwen that grew from it, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, word, type Config } from "../config.ts";
import { sparseMlp, type ExpertDefaults } from "./experts.ts";
import { contradiction, layerCount, normOf, unsupported, withKeys, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Where the members of the family differ. */
interface Member {
  readonly theta: number;
  readonly headDim: number | null;
  readonly kvHeads: number | null;
  readonly context: number;
  readonly epsilon: number;
  readonly qkvBias: (config: Config) => boolean;
  readonly oBias: (config: Config) => boolean;
  readonly mlpBias: (config: Config) => boolean;
  readonly headNorms: boolean;
  readonly windowed: "never" | "always" | "from_max_window_layers" | "everywhere_if_asked" | "every_other_below_max";
  /** null: every layer has one MLP. */
  readonly experts: ExpertDefaults | null;
}

const LLAMA: Member = { theta: 10000, headDim: null, kvHeads: null, context: 2048, epsilon: 1e-6, qkvBias: biased, oBias: biased, mlpBias: (config) => flag(config, "mlp_bias", false), headNorms: false, windowed: "never", experts: null };

const MISTRAL: Member = { ...LLAMA, kvHeads: 8, context: 4096 * 32, windowed: "always", qkvBias: none, oBias: none, mlpBias: none };

/** Defaults and differences of transformers 5.24 (`models/{llama,mistral,ministral,qwen2,qwen3,qwen2_moe,qwen3_moe}/configuration_*.py` and `modeling_*.py`). */
const MEMBERS: Readonly<Record<string, Member>> = {
  llama: LLAMA,
  mistral: MISTRAL,
  // What a Mistral with `layer_types` is called.
  ministral: MISTRAL,
  // Its own class of configs, and Llama's modules (`models/internlm3/configuration_internlm3.py`).
  internlm3: { ...LLAMA, kvHeads: 2, headDim: 128, context: 32768, epsilon: 1e-5 },
  qwen2: { ...LLAMA, kvHeads: 32, context: 32768, windowed: "from_max_window_layers", qkvBias: () => true, oBias: none, mlpBias: none },
  qwen3: { ...LLAMA, kvHeads: 32, headDim: 128, context: 32768, windowed: "from_max_window_layers", headNorms: true, mlpBias: none },
  qwen2_moe: { ...LLAMA, kvHeads: 16, context: 32768, windowed: "every_other_below_max", qkvBias: (config) => flag(config, "qkv_bias", true), oBias: none, mlpBias: none, experts: { count: 60, perToken: 4, width: 1408, shared: 5632 } },
  qwen3_moe: { ...LLAMA, kvHeads: 4, context: 32768, windowed: "everywhere_if_asked", headNorms: true, mlpBias: none, experts: { count: 128, perToken: 8, width: 768, shared: null } },
};

function biased(config: Config): boolean {
  return flag(config, "attention_bias", false);
}

function none(): boolean {
  return false;
}

export const llama: Family = { types: Object.keys(MEMBERS), embedding: "embed_tokens.weight", read };

function read(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const source = type === "internlm3" ? internlm(given) : given;
  const { config } = source;
  const member = MEMBERS[type] as Member;
  if (word(config, "hidden_act", "silu") !== "silu") throw unsupported(config, "hidden_act", "only silu is computed");
  const shape = headsOf(config, member.headDim, member.kvHeads);
  const layers = layerCount(config);
  const rope = ropeOf(config, shape.headDim, { theta: member.theta, partial: null, context: member.context });
  const seen = windowsOf(config, member, layers);
  const vocabulary = size(config, "vocab_size");
  return {
    architecture: type,
    ...shape,
    norm: { kind: "rms", epsilon: positive(config, "rms_norm_eps", member.epsilon), offset: 0 },
    softcap: null,
    residual: "sequential",
    vocabulary,
    context: size(config, "max_position_embeddings", member.context),
    embed: source.tensor("embed_tokens.weight", [vocabulary, shape.hiddenSize]),
    embedScale: null,
    positions: null,
    blocks: seen.map((window, layer) => blockOf(source, member, shape, rope, window, layer)),
    finalNorm: normOf(source, "norm", shape.hiddenSize, false),
    lmHead: tied(source) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: source.outer === null ? "model.layers.{layer}" : "model.language_model.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: member.experts === null ? "mlp.down_proj" : "mlp", parallel: false }),
  };
}

/** Its keys of biases stand for Llama's (`attribute_map`), which has one for queries, keys, values and the way back. */
function internlm(given: Source): Source {
  const source = withKeys(given, { qkv_bias: "attention_bias", bias: "mlp_bias" });
  const [bias, mlpBias] = ["attention_bias", "mlp_bias"].map((key) => flag(source.config, key, false));
  if (bias !== mlpBias) throw unsupported(given.config, "qkv_bias", "transformers refuses an InternLM 3 whose other biases are not as these");
  return source;
}

/** A config around that of the text ties where the files have no head, a Mistral 3's also where it says nothing (`models/mistral3/configuration_mistral3.py`). */
export function tied({ config, outer, holdsHead }: Source): boolean {
  if (flag(config, "tie_word_embeddings", false)) return true;
  return outer !== null && flag(outer, "tie_word_embeddings", word(outer, "model_type") === "mistral3") && !holdsHead(["lm_head.weight"]);
}

/**
 * Mistral's window holds in every layer, unless `layer_types` says; Qwen's only where it is asked for: from `max_window_layers` on, or where `layer_types` says;
 * of a Qwen 2 with experts in every other layer below `max_window_layers`, or where `layer_types` says; of a Qwen 3 with experts in all, whatever those say.
 */
function windowsOf(config: Config, member: Member, layers: number): readonly (number | null)[] {
  if (member.windowed === "never") return new Array<null>(layers).fill(null);
  const given = !Object.hasOwn(config.value, "sliding_window") || optional(config, "sliding_window") !== null;
  // A Mistral with `layer_types` is a Ministral to transformers (`models/auto/configuration_auto.py`).
  if (member.windowed === "always") return windows(config, layerKinds(config, layers, WINDOWED, () => (given ? "sliding_attention" : "full_attention")), 4096);
  const asked = (given || member.windowed === "every_other_below_max") && flag(config, "use_sliding_window", false);
  if (member.windowed === "everywhere_if_asked") return windows(config, new Array<LayerKind>(layers).fill(asked ? "sliding_attention" : "full_attention"), 4096);
  const first = Number(optional(config, "max_window_layers") ?? 28);
  const windowed = member.windowed === "every_other_below_max" ? (layer: number): boolean => layer % 2 === 0 && layer < first : (layer: number): boolean => layer >= first;
  const kinds = layerKinds(config, layers, WINDOWED, (layer) => (asked && windowed(layer) ? "sliding_attention" : "full_attention"));
  if (!asked && kinds.includes("sliding_attention")) throw contradiction(config, "layer_types", "and no window is given: `use_sliding_window` is not true, or `sliding_window` is null");
  return windows(config, kinds, 4096);
}

function blockOf(source: Source, member: Member, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const headNorm = (name: string): ReturnType<Source["tensor"]> | null => (member.headNorms ? source.tensor(`${at}.self_attn.${name}.weight`, [headDim]) : null);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, false),
    attention: selfAttention(source, layer, shape, { bias: member.qkvBias(source.config), outputBias: member.oBias(source.config), qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window }),
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, false),
    mlp: (member.experts === null ? null : sparseMlp(source, layer, d, member.experts)) ?? gatedMlp(source, `${at}.mlp`, d, { activation: "silu", bias: member.mlpBias(source.config) }),
    mlpPostNorm: null,
  };
}
