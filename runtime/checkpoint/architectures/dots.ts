/** Without this file dots.llm1, GLM 4.5 to 4.7 with experts and Solar Open could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { biasedExperts } from "./biased_experts.ts";
import { layerCount, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows } from "./layer_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { requireWholeTurn, ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Where the members differ. */
interface Member {
  readonly defaults: JsonObject;
  readonly theta: number;
  /** The part of a head that turns where the config does not say; null: all of it. */
  readonly partial: number | null;
  /** Whether queries and keys are normed: as `use_qk_norm` says, or whatever it says. */
  readonly headNorms: "always" | "never" | "as_said";
  readonly outputBias: boolean;
  readonly windowed: boolean;
  /** true: the first layers have one MLP, as many as `first_k_dense_replace` says; else all have experts. */
  readonly denseFirst: boolean;
}

const GLM: JsonObject = {
  vocab_size: 151552, hidden_size: 4096, intermediate_size: 10944, moe_intermediate_size: 1408, num_hidden_layers: 46, num_attention_heads: 96, num_key_value_heads: 8, hidden_act: "silu",
  n_routed_experts: 128, n_shared_experts: 1, num_experts_per_tok: 8, n_group: 1, topk_group: 1, first_k_dense_replace: 1, norm_topk_prob: true, routed_scaling_factor: 1,
  max_position_embeddings: 131072, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, use_qk_norm: false,
};

/** Defaults and arithmetic of transformers 5.24 (`models/{dots1,glm4_moe,solar_open,sarvam_moe}/configuration_*.py`, `models/{dots1,glm4_moe,solar_open}/modeling_*.py`). */
const MEMBERS: Readonly<Record<string, Member>> = {
  dots1: {
    defaults: {
      vocab_size: 152064, hidden_size: 4608, intermediate_size: 10944, moe_intermediate_size: 1408, num_hidden_layers: 62, num_attention_heads: 32, num_key_value_heads: 32, hidden_act: "silu",
      n_group: 1, topk_group: 1, first_k_dense_replace: 0, norm_topk_prob: false, routed_scaling_factor: 1,
      max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, sliding_window: 4096, max_window_layers: 62,
    },
    theta: 10_000, partial: null, headNorms: "always", outputBias: true, windowed: true, denseFirst: true,
  },
  glm4_moe: { defaults: GLM, theta: 10_000, partial: 0.5, headNorms: "as_said", outputBias: false, windowed: false, denseFirst: true },
  solar_open: {
    defaults: { ...GLM, vocab_size: 196608, moe_intermediate_size: 1280, num_hidden_layers: 48, num_attention_heads: 64, head_dim: 128 },
    theta: 1_000_000, partial: null, headNorms: "never", outputBias: false, windowed: false, denseFirst: false,
  },
  sarvam_moe: {
    defaults: {
      ...GLM, vocab_size: 262144, intermediate_size: 8192, num_hidden_layers: 19, num_attention_heads: 64, num_key_value_heads: 4, head_dim: 64, rms_norm_eps: 1e-6,
      moe_intermediate_size: 1024, num_experts_per_tok: 6, routed_scaling_factor: 2.5, use_qk_norm: true,
    },
    theta: 8_000_000, partial: 1, headNorms: "as_said", outputBias: false, windowed: false, denseFirst: true,
  },
};

/** Read under names of its own (`sarvam.ts`). */
const APART: readonly string[] = ["sarvam_moe"];

export const dots: Family = { types: Object.keys(MEMBERS).filter((type) => !APART.includes(type)), embedding: "embed_tokens.weight", read: (source) => readDots(source) };

/** `named`: the source under the names of transformers, where its publisher has others. */
export function readDots(given: Source, named: (source: Source, shape: Heads) => Source = (source) => source): Decoder {
  const type = word(given.config, "model_type");
  const member = MEMBERS[type] as Member;
  const defaulted = withDefaults(given, member.defaults);
  const { config } = defaulted;
  if (type === "solar_open") requireSolar(config);
  const shape = headsOf(config);
  const source = named(defaulted, shape);
  const partial = member.partial === null ? null : { key: "partial_rotary_factor", fallback: member.partial };
  const rope = ropeOf(config, shape.headDim, { theta: member.theta, partial, context: size(config, "max_position_embeddings") });
  return {
    ...rmsDecoder(source, shape),
    blocks: windowsOf(config, member).map((window, layer) => blockOf(source, member, shape, rope, window, layer)),
    hooks: hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" }),
  };
}

/** What a Solar Open of transformers has no modules for. */
function requireSolar(config: Config): void {
  requireWholeTurn(config);
  if (flag(config, "use_qk_norm", false)) throw unsupported(config, "use_qk_norm", "transformers norms no queries and keys of this family");
}

/** A dots.llm1 has windows from `max_window_layers` on, where `layer_types` does not say. */
function windowsOf(config: Config, { windowed }: Member): readonly (number | null)[] {
  const layers = layerCount(config);
  if (!windowed) return new Array<null>(layers).fill(null);
  const first = sizeOrNone(config, "max_window_layers");
  return windows(config, layerKinds(config, layers, WINDOWED, (layer) => (optional(config, "sliding_window") !== null && layer >= first ? "sliding_attention" : "full_attention")));
}

function blockOf(source: Source, { headNorms, outputBias, denseFirst }: Member, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, headDim } = shape;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const normed = headNorms === "always" || (headNorms === "as_said" && flag(config, "use_qk_norm", false));
  const headNorm = (name: string): ReturnType<Source["tensor"]> | null => (normed ? source.tensor(`${at}.self_attn.${name}.weight`, [headDim]) : null);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias, outputBias: bias && outputBias, qNorm: headNorm("q_norm"), kNorm: headNorm("k_norm"), rope, window }),
    mlp: !denseFirst || layer >= sizeOrNone(config, "first_k_dense_replace") ? biasedExperts(source, `${at}.mlp`, d) : gatedMlp(source, `${at}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: false }),
  });
}
