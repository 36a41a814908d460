/** Without this file Laguna, whose heads are opened one by one and are more in some layers than in others, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec } from "../../../src/emit/specs.ts";
import type { HookFacts } from "../../../src/ops/hook.ts";
import { flag, number, optional, positive, size, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf } from "./experts.ts";
import { contradiction, layerCount, linear, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts } from "./hook_modules.ts";
import { kindRope } from "./kind_ropes.ts";
import { layerKinds, WINDOWED, windows, type LayerKind } from "./layer_kinds.ts";
import { sparseLayers } from "./mlp_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { selfAttention } from "./self_attention.ts";

/** Defaults and arithmetic of transformers 5.24 (`models/laguna/configuration_laguna.py`, `modeling_laguna.py`). */
export const laguna: Family = { types: ["laguna"], embedding: "embed_tokens.weight", read };

const DEFAULTS: JsonObject = {
  vocab_size: 100352, hidden_size: 2048, intermediate_size: 8192, moe_intermediate_size: 512, shared_expert_intermediate_size: 512, num_hidden_layers: 40, num_attention_heads: 48, num_key_value_heads: 8, head_dim: 128,
  hidden_act: "silu", max_position_embeddings: 131072, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, sliding_window: 512, gating: true,
};
const EXPERTS = { count: 256, perToken: 8 };
/** Positions of a config that says nothing of them. */
const POSITIONS: Readonly<Record<LayerKind, JsonObject>> = { full_attention: { rope_theta: 500_000, partial_rotary_factor: 0.5 }, sliding_attention: { rope_theta: 10_000 } };
/** What its publisher calls what stands beside the experts and chooses them; the modules of transformers 5 have other names (`conversion_mapping.py`). */
const [SHARED, BIAS] = [["shared_expert", "shared_experts"], ["experts.e_score_correction_bias", "gate.e_score_correction_bias"]] as const;

function read(given: Source): Decoder {
  const source = withDefaults(given, DEFAULTS);
  const { config } = source;
  if (flag(config, "moe_apply_router_weight_on_input", false)) throw unsupported(config, "moe_apply_router_weight_on_input", "transformers refuses shares that multiply what experts read");
  const shape = headsOf(config);
  const layers = layerCount(config);
  const kinds = layerKinds(config, layers, WINDOWED, () => "full_attention");
  const seen = windows(config, kinds);
  const sparse = sparseLayers(config, layers, 1);
  const heads = headsOfLayers(config, shape, layers);
  const ropes = new Map([...new Set(kinds)].map((kind) => [kind, kindRope(config, shape.headDim, kind, POSITIONS, true)]));
  return {
    ...rmsDecoder(source, shape),
    blocks: kinds.map((kind, layer) => blockOf(source, shape, { heads: heads[layer] as number, rope: ropes.get(kind) as RopeSpec, window: seen[layer] ?? null, chooses: sparse[layer] as boolean }, layer)),
    hooks: hooksOf(shape, heads),
  };
}

function hooksOf(shape: Heads, heads: readonly number[]): HookFacts {
  const facts = hookFacts(shape, { ...LLAMA_MODULES, mlpOut: "mlp" });
  return { ...facts, z: { ...facts.z, widths: heads.map((count) => count * shape.headDim) } as HookFacts["z"] };
}

function headsOfLayers(config: Config, { heads, kvHeads }: Heads, layers: number): readonly number[] {
  const given = optional(config, "num_attention_heads_per_layer");
  if (given === null) return new Array<number>(layers).fill(heads);
  if (!Array.isArray(given) || !given.every((count) => Number.isInteger(count) && (count as number) > 0 && (count as number) % kvHeads === 0)) throw contradiction(config, "num_attention_heads_per_layer", `and must be a list of numbers that the ${kvHeads} heads of keys divide`);
  if (given.length !== layers) throw contradiction(config, "num_attention_heads_per_layer", `which has ${given.length} entries for ${layers} layers`);
  return given as readonly number[];
}

interface Layer {
  readonly heads: number;
  readonly rope: RopeSpec;
  readonly window: number | null;
  readonly chooses: boolean;
}

function blockOf(source: Source, usual: Heads, { heads, rope, window, chooses }: Layer, layer: number): BlockSpec {
  const { config } = source;
  const { hiddenSize: d, kvHeads, headDim } = usual;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  const activation = activationOf(config, "hidden_act", "silu");
  const headNorm = (name: string): ReturnType<Source["tensor"]> => source.tensor(`${at}.self_attn.${name}.weight`, [headDim]);
  return preNormed(source, layer, d, {
    attention: selfAttention(source, layer, { ...usual, heads }, {
      bias,
      outputBias: bias,
      ...(heads === usual.heads ? {} : { own: { heads, kvHeads, headDim } }),
      qNorm: headNorm("q_norm"),
      kNorm: headNorm("k_norm"),
      gate: { map: linear(source, `${at}.self_attn.g_proj`, opened(config) === "heads" ? heads : heads * headDim, d, false), activation: "softplus" },
      rope,
      window,
    }),
    mlp: chooses ? expertsOf(source, `${at}.mlp`, d, activation) : gatedMlp(source, `${at}.mlp`, d, { activation, bias: false }),
  });
}

/** Whether a head is opened as a whole, or each of its columns. */
function opened(config: Config): "heads" | "columns" {
  const gating = optional(config, "gating");
  if (gating === true || gating === "per-head") return "heads";
  if (gating === "per-element") return "columns";
  throw unsupported(config, "gating", "computed are true, per-head and per-element");
}

function expertsOf(source: Source, at: string, d: number, activation: GatedExpertsSpec["activation"]): GatedExpertsSpec {
  const { config } = source;
  const { count, perToken } = choiceOf(config, EXPERTS);
  const cap = number(config, "moe_router_logit_softcapping");
  const named = ([published, held]: readonly [string, string], of = ""): string => (source.holds(`${at}.${published}${of}`) ? `${at}.${published}` : `${at}.${held}`);
  const mixture = mixtureOf(source, at, d, {
    count,
    perToken,
    width: size(config, "moe_intermediate_size"),
    activation,
    normalized: true,
    choosing: { kind: "biased", ...(cap === 0 ? {} : { cap }), shares: "sigmoid", bias: source.tensor(named(BIAS), [count]), groups: 1, groupsPerToken: 1, bestOfGroup: 2, leastSum: 1e-20, factor: positive(config, "moe_routed_scaling_factor", 1) },
  });
  return { ...mixture, shared: { mlp: gatedMlp(source, named(SHARED, ".gate_proj.weight"), d, { activation, bias: false, width: size(config, "shared_expert_intermediate_size") }), gate: null } };
}
