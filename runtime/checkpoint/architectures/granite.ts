/** Without this file Granite, a Llama whose sums have factors, and HyperCLOVA X, which is one with norms behind its halves, could not be read. */
import type { RopeSpec } from "../../../src/emit/attention_specs.ts";
import type { GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { BlockSpec, GatedSpec, NormSpec } from "../../../src/emit/specs.ts";
import { flag, optional, positive, size, sizeOrNone, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { activationOf } from "./activation.ts";
import { rmsDecoder } from "./around_blocks.ts";
import { choiceOf, mixtureOf, type FusedNames } from "./experts.ts";
import { contradiction, layerCount, linear, normOf, rowsOf, unsupported, withDefaults, type Decoder, type Family, type Source } from "./family.ts";
import { gatedMlp } from "./gated_mlp.ts";
import { headsOf, type Heads } from "./heads.ts";
import { hookFacts, type BlockModules } from "./hook_modules.ts";
import { layerKinds, WINDOWED, windows } from "./layer_kinds.ts";
import { LLAMA_MODULES, preNormed } from "./pre_normed.ts";
import { ropeOf } from "./rope.ts";
import { selfAttention } from "./self_attention.ts";

const DEFAULTS: JsonObject = {
  vocab_size: 32000, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: null, hidden_act: "silu",
  max_position_embeddings: 2048, rms_norm_eps: 1e-6, tie_word_embeddings: false, attention_bias: false, mlp_bias: false,
  embedding_multiplier: 1, logits_scaling: 1, residual_multiplier: 1,
};

/** Where the members differ. */
interface Member {
  readonly defaults: JsonObject;
  /** Columns of the MLP that all tokens take beside the experts, or in their place; null: there is none, "mlp": it is Llama's. */
  readonly shared: "mlp" | "shared_intermediate_size" | null;
  /** true: there are experts, as many as the config says. */
  readonly experts: boolean;
  /** "windows": some layers see a window, all have sinks, and each may turn by a base of its own; "hybrid": layers may be of another kind, and nothing turns unless asked for. */
  readonly looking: "everywhere" | "windows" | "hybrid";
}

const DENSE: Member = { defaults: DEFAULTS, shared: "mlp", experts: false, looking: "everywhere" };
const SPARSE: Member = { ...DENSE, shared: null, experts: true };
const WINDOW = 128;

/** Defaults and arithmetic of transformers 5.24 (`models/{granite,granitemoe,granitemoeshared,granitemoehybrid,granite_swa,granitemoe_swa,hyperclovax}/configuration_*.py` and `modeling_*.py`). */
const MEMBERS: Readonly<Record<string, Member>> = {
  granite: DENSE,
  granitemoe: SPARSE,
  granitemoeshared: { ...SPARSE, shared: "shared_intermediate_size" },
  granitemoehybrid: { ...SPARSE, defaults: { ...DEFAULTS, shared_intermediate_size: 1024, num_local_experts: 8 }, shared: "shared_intermediate_size", looking: "hybrid" },
  granite_swa: {
    ...DENSE,
    defaults: {
      ...DEFAULTS, vocab_size: 100352, hidden_size: 2560, intermediate_size: 8192, num_hidden_layers: 24, num_attention_heads: 20, num_key_value_heads: 4,
      max_position_embeddings: 8192, rms_norm_eps: 1e-5, tie_word_embeddings: true,
    },
    looking: "windows",
  },
  granitemoe_swa: { ...SPARSE, shared: "shared_intermediate_size", looking: "windows" },
  hyperclovax: DENSE,
};

export const granite: Family = { types: Object.keys(MEMBERS), embedding: "embed_tokens.weight", read };

const EXPERTS = { count: 8, perToken: 2 };
const MIXTURE = "block_sparse_moe";
const SHARED = "shared_mlp";
/** As its publisher calls what holds all experts; the modules of transformers 5 have other names (`conversion_mapping.py`). */
const PUBLISHED: { readonly fused: FusedNames; readonly router: string } = { fused: ["input_linear.weight", "output_linear.weight"], router: "router.layer" };
const HELD: typeof PUBLISHED = { fused: ["experts.gate_up_proj", "experts.down_proj"], router: "router" };

/** Attention and MLP are read as their modules give them, and their factor comes behind that: so it is in TransformerLens (`model_bridge/supported_architectures/granite.py`). */
function read(given: Source): Decoder {
  const type = word(given.config, "model_type");
  const member = MEMBERS[type] as Member;
  const source = withDefaults(given, member.defaults);
  const { config } = source;
  const shape = headsOf(config);
  const looks = looksOf(config, member, shape.headDim);
  return {
    ...rmsDecoder(source, shape),
    ...factorsOf(config, type),
    blocks: looks.map((look, layer) => blockOf(source, member, type, shape, look, layer)),
    hooks: hookFacts(shape, modulesOf(config, member, type)),
  };
}

/** Those that are not 1. A HyperCLOVA X multiplies its logits by what a Granite divides them by. */
function factorsOf(config: Config, type: string): Pick<Decoder, "residualScale" | "logitScale"> & Partial<Pick<Decoder, "embedScale">> {
  const [embedScale, residualScale, scaling] = ["embedding_multiplier", "residual_multiplier", "logits_scaling"].map((key) => positive(config, key)) as [number, number, number];
  return { ...(embedScale === 1 ? {} : { embedScale }), ...(residualScale === 1 ? {} : { residualScale }), ...(scaling === 1 ? {} : { logitScale: type === "hyperclovax" ? scaling : 1 / scaling }) };
}

/** How one layer looks back. */
interface Look {
  readonly rope: RopeSpec | null;
  readonly window: number | null;
}

function looksOf(config: Config, { looking }: Member, headDim: number): readonly Look[] {
  const layers = layerCount(config);
  const rope = ropeOf(config, headDim, { theta: 10_000, partial: null, context: size(config, "max_position_embeddings") });
  switch (looking) {
    case "everywhere":
      return new Array<Look>(layers).fill({ rope, window: null });
    case "hybrid":
      requireAttention(config, layers);
      return new Array<Look>(layers).fill({ rope: optional(config, "position_embedding_type") === "rope" ? rope : null, window: null });
    case "windows": {
      const seen = windows(config, layerKinds(config, layers, WINDOWED, (layer) => (layer % 4 === 0 ? "full_attention" : "sliding_attention")), WINDOW);
      const bases = basesOf(config, layers, rope.theta);
      return seen.map((window, layer) => ({ rope: bases[layer] === 0 ? null : { ...rope, theta: bases[layer] as number }, window }));
    }
    default:
      return looking satisfies never;
  }
}

/** The base of each layer's positions; 0: nothing turns there. */
function basesOf(config: Config, layers: number, theta: number): readonly number[] {
  const given = optional(config, "layer_rope_theta");
  if (given === null) return new Array<number>(layers).fill(theta);
  if (!Array.isArray(given) || !given.every((base) => typeof base === "number" && Number.isFinite(base) && base >= 0)) throw contradiction(config, "layer_rope_theta", "and must be a list of numbers, 0 for a layer that turns nothing");
  if (given.length !== layers) throw contradiction(config, "layer_rope_theta", `which has ${given.length} entries for ${layers} layers`);
  return given as readonly number[];
}

/** As published, and as transformers 5 calls it (`configuration_utils.py`, `remap_legacy_layer_types`). */
const ATTENDING = ["attention", "full_attention"] as const;

/** Where its config says nothing, all layers are Mamba's. */
function requireAttention(config: Config, layers: number): void {
  const key = optional(config, "layers_block_type") === null ? "layer_types" : "layers_block_type";
  const given = optional(config, key);
  if (given === null || (Array.isArray(given) && given.some((kind) => !ATTENDING.some((known) => known === kind)))) throw unsupported(config, key, "layers of Mamba are not computed: read are models whose layers are all attention, as Granite 4.0 350M, 1B and Micro");
  layerKinds({ ...config, value: { ...config.value, layer_types: given } }, layers, ATTENDING, () => "attention");
}

function modulesOf(config: Config, member: Member, type: string): BlockModules {
  if (normedBehind(config, type)) return { ...LLAMA_MODULES, attentionOut: "post_norm1", mlpOut: "post_norm2" };
  if (member.shared === "mlp") return LLAMA_MODULES;
  if (!hasExperts(config, member)) return { ...LLAMA_MODULES, mlpIn: SHARED, mlpOut: `${SHARED}.output_linear` };
  return { ...LLAMA_MODULES, mlpIn: MIXTURE, mlpOut: sharedSize(config, member) === 0 ? MIXTURE : `(${MIXTURE} + ${SHARED})` };
}

function normedBehind(config: Config, type: string): boolean {
  return type === "hyperclovax" && flag(config, "use_post_norm", true);
}

/** Whether its layers choose experts: the dense ones among the hybrids have none. */
function hasExperts(config: Config, { experts, looking }: Member): boolean {
  return experts && !(looking === "hybrid" && optional(config, "num_local_experts") === 0);
}

/** Columns of the MLP beside the experts; 0: there is none. */
function sharedSize(config: Config, { shared }: Member): number {
  return shared === "shared_intermediate_size" ? sizeOrNone(config, shared) : 0;
}

function blockOf(source: Source, member: Member, type: string, shape: Heads, look: Look, layer: number): BlockSpec {
  const { config } = source;
  const d = shape.hiddenSize;
  const at = `layers.${layer}`;
  const bias = flag(config, "attention_bias", false);
  // Where nothing is said: of a Granite 1, of a HyperCLOVA X what is usual.
  const scale = type === "hyperclovax" && optional(config, "attention_multiplier") === null ? {} : { scale: positive(config, "attention_multiplier", 1) };
  const sinks = member.looking === "windows" ? { sinks: source.tensor(`${at}.self_attn.sinks`, [shape.heads]) } : {};
  const block = preNormed(source, layer, d, { attention: selfAttention(source, layer, shape, { bias, outputBias: bias, ...look, ...scale, ...sinks }), mlp: mlpOf(source, member, at, d) });
  if (!normedBehind(config, type)) return block;
  const behind = (name: string): NormSpec => normOf(source, `${at}.${name}`, d, false);
  return { ...block, attentionPostNorm: behind("post_norm1"), mlpPostNorm: behind("post_norm2") };
}

function mlpOf(source: Source, member: Member, at: string, d: number): BlockSpec["mlp"] {
  const { config } = source;
  const activation = activationOf(config, "hidden_act", "silu");
  if (member.shared === "mlp") return gatedMlp(source, `${at}.mlp`, d, { activation, bias: flag(config, "mlp_bias", false) });
  const beside = (): GatedSpec => sharedMlp(source, `${at}.${SHARED}`, d, activation, size(config, "shared_intermediate_size"));
  return hasExperts(config, member) ? { ...expertsOf(source, at, d, activation), shared: sharedSize(config, member) === 0 ? null : { mlp: beside(), gate: null } } : beside();
}

function expertsOf(source: Source, at: string, d: number, activation: GatedSpec["activation"]): GatedExpertsSpec {
  const { config } = source;
  const names = source.holds(`${at}.${MIXTURE}.${PUBLISHED.fused[0]}`) ? PUBLISHED : HELD;
  // The softmax of those scores that are chosen is what their shares are of all, over the sum of these.
  return mixtureOf(source, `${at}.${MIXTURE}`, d, { ...choiceOf(config, EXPERTS), ...names, width: size(config, "intermediate_size"), activation, normalized: true });
}

function sharedMlp(source: Source, at: string, d: number, activation: GatedSpec["activation"], width: number): GatedSpec {
  const both = linear(source, `${at}.input_linear`, 2 * width, d, false);
  return { kind: "gated", activation, gate: rowsOf(both, 0, width), up: rowsOf(both, width, 2 * width), down: linear(source, `${at}.output_linear`, d, width, false) };
}
