/** Without this file the Llama family, and Mistral and Qwen that grew from it, could not be read. */
import type { BlockSpec, RopeSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, word, type Config } from "../config.ts";
import { layerCount, linear, normOf, unsupported, type Decoder, type Family, type Source } from "./family.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, windows, type LayerKind } from "./layer_kinds.ts";
import { ropeOf } from "./rope.ts";

/** Where the members of the family differ. */
interface Member {
  readonly theta: number;
  readonly headDim: number | null;
  readonly kvHeads: number | null;
  readonly context: number;
  readonly epsilon: number;
  readonly qkvBias: (config: Config) => boolean;
  readonly oBias: (config: Config) => boolean;
  readonly headNorms: boolean;
  readonly windowed: "never" | "always" | "from_max_window_layers";
}

const LLAMA: Member = { theta: 10000, headDim: null, kvHeads: null, context: 2048, epsilon: 1e-6, qkvBias: biased, oBias: biased, headNorms: false, windowed: "never" };

/** Defaults and differences of transformers 5.24 (`models/{llama,mistral,qwen2,qwen3}/configuration_*.py` and `modeling_*.py`). */
const MEMBERS: Readonly<Record<string, Member>> = {
  llama: LLAMA,
  mistral: { ...LLAMA, kvHeads: 8, context: 4096 * 32, windowed: "always", qkvBias: () => false, oBias: () => false },
  qwen2: { ...LLAMA, kvHeads: 32, context: 32768, windowed: "from_max_window_layers", qkvBias: () => true, oBias: () => false },
  qwen3: { ...LLAMA, kvHeads: 32, headDim: 128, context: 32768, windowed: "from_max_window_layers", headNorms: true },
};

function biased(config: Config): boolean {
  return flag(config, "attention_bias", false);
}

export const llama: Family = { types: Object.keys(MEMBERS), embedding: "embed_tokens.weight", read };

function read(source: Source): Decoder {
  const { config } = source;
  const type = word(config, "model_type");
  const member = MEMBERS[type] as Member;
  if (word(config, "hidden_act", "silu") !== "silu") throw unsupported(config, "hidden_act", "only silu is computed");
  const shape = headsOf(config, member.headDim, member.kvHeads);
  const layers = layerCount(config);
  const rope = ropeOf(config, shape.headDim, { theta: member.theta, partial: 1 });
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
    lmHead: flag(config, "tie_word_embeddings", false) ? null : source.head(["lm_head.weight"], [vocabulary, shape.hiddenSize]),
    lmHeadBias: null,
    hooks: hookFacts(shape, { block: "model.layers.{layer}", ln1: "input_layernorm", ln2: "post_attention_layernorm", o: "self_attn.o_proj", attentionOut: "self_attn.o_proj", mlpOut: "mlp.down_proj", parallel: false }),
  };
}

/** Mistral's window holds in every layer; Qwen's only where it is asked for, from `max_window_layers` on. */
function windowsOf(config: Config, member: Member, layers: number): readonly (number | null)[] {
  const unsaid = !Object.hasOwn(config.value, "sliding_window");
  const asked = member.windowed === "always" ? unsaid || optional(config, "sliding_window") !== null : member.windowed !== "never" && flag(config, "use_sliding_window", false);
  if (!asked) return new Array<null>(layers).fill(null);
  if (member.windowed === "always") return windows(config, new Array<LayerKind>(layers).fill("sliding_attention"), 4096);
  const first = Number(optional(config, "max_window_layers") ?? 28);
  return windows(config, layerKinds(config, layers, (layer) => (layer >= first ? "sliding_attention" : "full_attention")), 4096);
}

function blockOf(source: Source, member: Member, { hiddenSize: d, heads, kvHeads, headDim }: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const at = `layers.${layer}`;
  const mlpSize = size(source.config, "intermediate_size");
  const mlpBias = flag(source.config, "mlp_bias", false);
  const part = (name: string, width: number): ReturnType<typeof linear> => linear(source, `${at}.self_attn.${name}_proj`, width, d, member.qkvBias(source.config));
  const headNorm = (name: string): ReturnType<Source["tensor"]> | null => (member.headNorms ? source.tensor(`${at}.self_attn.${name}.weight`, [headDim]) : null);
  return {
    ln1: normOf(source, `${at}.input_layernorm`, d, false),
    attention: {
      qkv: { kind: "separate", q: part("q", heads * headDim), k: part("k", kvHeads * headDim), v: part("v", kvHeads * headDim) },
      o: linear(source, `${at}.self_attn.o_proj`, d, heads * headDim, member.oBias(source.config)),
      qNorm: headNorm("q_norm"),
      kNorm: headNorm("k_norm"),
      rope,
      window,
      scale: 1 / Math.sqrt(headDim),
    },
    attentionPostNorm: null,
    ln2: normOf(source, `${at}.post_attention_layernorm`, d, false),
    mlp: {
      kind: "gated",
      activation: "silu",
      gate: linear(source, `${at}.mlp.gate_proj`, mlpSize, d, mlpBias),
      up: linear(source, `${at}.mlp.up_proj`, mlpSize, d, mlpBias),
      down: linear(source, `${at}.mlp.down_proj`, d, mlpSize, mlpBias),
    },
    mlpPostNorm: null,
  };
}
