/** Without this file Seed-OSS, Arcee's AFM, Helium, ERNIE 4.5, IQuest-Coder and CWM, each a Llama but for a switch or two, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import { flag, optional, size, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { layerCount, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { plainMlp } from "./plain_mlp.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf, withPositions } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

/** Where the members differ: what their config class takes for granted, and the key of each bias; null: there is none. */
interface Member {
  readonly defaults: JsonObject;
  readonly theta: number;
  /** true: pairs of neighbours turn. */
  readonly interleaved?: true;
  /** true: the MLP has no gate. */
  readonly ungated?: true;
  /** Positions of a config that says nothing of them, where those are not as they come. */
  readonly positions?: JsonObject;
  /** Kinds of layers where the config does not say; absent: all see everything, whatever it says. */
  readonly kindOf?: (layer: number) => LayerKind;
  readonly bias: string | null;
  readonly outputBias: string | null;
  readonly mlpBias: string;
}

/** Defaults and differences of transformers 5.24 (`models/{seed_oss,arcee,helium,ernie4_5,exaone,iquestcoder,cwm}/configuration_*.py` and `modeling_*.py`). */
const MEMBERS: Readonly<Record<string, Member>> = {
  seed_oss: {
    defaults: {
      vocab_size: 155136, hidden_size: 4096, intermediate_size: 27648, num_hidden_layers: 64, num_attention_heads: 80, num_key_value_heads: 8, head_dim: 128, hidden_act: "silu",
      max_position_embeddings: 524288, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: true, attention_out_bias: false, mlp_bias: false,
    },
    theta: 10_000, bias: "attention_bias", outputBias: "attention_out_bias", mlpBias: "mlp_bias",
  },
  arcee: {
    defaults: {
      vocab_size: 32000, hidden_size: 2560, intermediate_size: 18432, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "relu2",
      max_position_embeddings: 4096, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
    },
    theta: 10_000, ungated: true, bias: "attention_bias", outputBias: "attention_bias", mlpBias: "mlp_bias",
  },
  helium: {
    defaults: {
      vocab_size: 48000, hidden_size: 2560, intermediate_size: 7040, num_hidden_layers: 24, num_attention_heads: 20, num_key_value_heads: 20, head_dim: 128, hidden_act: "silu",
      max_position_embeddings: 4096, rms_norm_eps: 1e-8, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
    },
    theta: 100_000, interleaved: true, bias: "attention_bias", outputBias: null, mlpBias: "mlp_bias",
  },
  ernie4_5: {
    defaults: {
      vocab_size: 103424, hidden_size: 1024, intermediate_size: 3072, num_hidden_layers: 18, num_attention_heads: 16, num_key_value_heads: 2, head_dim: 128, hidden_act: "silu",
      max_position_embeddings: 131072, rms_norm_eps: 1e-5, tie_word_embeddings: true, use_bias: false,
    },
    theta: 500_000, interleaved: true, bias: "use_bias", outputBias: "use_bias", mlpBias: "use_bias",
  },
  exaone: {
    defaults: {
      vocab_size: 102400, hidden_size: 4096, intermediate_size: 14336, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8, hidden_act: "silu",
      max_position_embeddings: 4096, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
    },
    theta: 500_000, bias: "attention_bias", outputBias: "attention_bias", mlpBias: "mlp_bias",
  },
  iquestcoder: {
    defaults: {
      vocab_size: 76800, hidden_size: 5120, intermediate_size: 27648, num_hidden_layers: 80, num_attention_heads: 40, num_key_value_heads: 8, head_dim: 128, hidden_act: "silu",
      max_position_embeddings: 131072, rms_norm_eps: 1e-5, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
    },
    theta: 10_000, bias: "attention_bias", outputBias: "attention_bias", mlpBias: "mlp_bias",
  },
  cwm: {
    defaults: {
      vocab_size: 128256, hidden_size: 6144, intermediate_size: 21504, num_hidden_layers: 64, num_attention_heads: 48, num_key_value_heads: 8, head_dim: 128, hidden_act: "silu",
      max_position_embeddings: 131072, rms_norm_eps: 1e-5, tie_word_embeddings: false, mlp_bias: false, sliding_window: 8192,
    },
    theta: 1_000_000, bias: null, outputBias: null, mlpBias: "mlp_bias",
    positions: { rope_type: "llama3", rope_theta: 1_000_000, factor: 16, original_max_position_embeddings: 8192, low_freq_factor: 1, high_freq_factor: 4 },
    kindOf: (layer) => (layer % 4 === 0 ? "full_attention" : "sliding_attention"),
  },
};

/** Read under names of its own (`exaone.ts`). */
const APART: readonly string[] = ["exaone"];

export const llamaKin: Family = { types: Object.keys(MEMBERS).filter((type) => !APART.includes(type)), embedding: "embed_tokens.weight", read: readKin };

export function readKin(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const member = MEMBERS[type] as Member;
  const defaulted = withDefaults(given, member.defaults);
  const source = member.positions === undefined ? defaulted : withPositions(defaulted, member.positions);
  const { config } = source;
  if (type === "iquestcoder") requirePlain(config);
  const shape = headsOf(config);
  const turned = ropeOf(config, shape.headDim, { theta: member.theta, partial: null, context: size(config, "max_position_embeddings") });
  const rope: RopeSpec = member.interleaved === true ? { ...turned, interleaved: true } : turned;
  const layers = layerCount(config);
  const seen = windows(config, member.kindOf === undefined ? new Array<LayerKind>(layers).fill("full_attention") : layerKinds(config, layers, WINDOWED, member.kindOf));
  return {
    ...rmsDecoder(source, shape),
    blocks: seen.map((window, layer) => blockOf(source, member, shape, rope, window, layer)),
    hooks: hookFacts(shape, LLAMA_MODULES),
  };
}

/** What its own code has and transformers refuses. */
function requirePlain(config: Config): void {
  if (optional(config, "clip_qkv") !== null) throw unsupported(config, "clip_qkv", "queries, keys and values of this family are not clipped");
  if (flag(config, "use_sliding_window", false)) throw unsupported(config, "use_sliding_window", "all layers of this family see everything");
}

function blockOf(source: Source, member: Member, shape: Heads, rope: RopeSpec, window: number | null, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const mlp = member.ungated === true ? plainMlp : gatedMlp;
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, shape, { bias: biased(config, member.bias), outputBias: biased(config, member.outputBias), rope, window }),
    mlp: mlp(source, `layers.${layer}.mlp`, d, { activation: activationOf(config, "hidden_act", "silu"), bias: biased(config, member.mlpBias) }),
  });
}

function biased(config: Config, key: string | null): boolean {
  return key !== null && flag(config, key, false);
}
