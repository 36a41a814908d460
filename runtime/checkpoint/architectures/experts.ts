/** Without this file models whose MLPs are mixtures of experts could not be read. */
import type { ExpertSpec, GatedExpertsSpec } from "../../../src/emit/expert_specs.ts";
import type { LinearSpec, TensorRef } from "../../../src/emit/specs.ts";
import { flag, optional, size, type Config } from "../config.ts";
import { contradiction, linear, type Source } from "./family.ts";

/** What a family with experts takes them to be where its config does not say. */
export interface ExpertDefaults {
  readonly count: number;
  readonly perToken: number;
  readonly width: number;
  /** Columns of the expert that all tokens share; null: there is none. */
  readonly shared: number | null;
}

/**
 * The sparse MLP of a Qwen with experts; null where a layer has a dense one (`mlp_only_layers`, `decoder_sparse_step`): transformers 5.24,
 * `Qwen3MoeDecoderLayer`, `Qwen2MoeSparseMoeBlock`.
 */
export function sparseMlp(source: Source, layer: number, hiddenSize: number, defaults: ExpertDefaults): GatedExpertsSpec | null {
  const { config } = source;
  if (denseLayers(config).includes(layer) || (layer + 1) % size(config, "decoder_sparse_step", 1) !== 0) return null;
  return expertsOf(source, `layers.${layer}.mlp`, hiddenSize, defaults, flag(config, "norm_topk_prob", false));
}

/** Router, experts and the shared one below a module of the model; `normalized`: whether a token's probabilities are divided by their sum. */
export function expertsOf(source: Source, at: string, hiddenSize: number, defaults: ExpertDefaults, normalized: boolean): GatedExpertsSpec {
  const { config } = source;
  return {
    ...mixtureOf(source, at, hiddenSize, { ...choiceOf(config, defaults), width: size(config, "moe_intermediate_size", defaults.width), activation: "silu", normalized }),
    shared: defaults.shared === null ? null : sharedOf(source, at, size(config, "shared_expert_intermediate_size", defaults.shared), hiddenSize),
  };
}

/** What the three matrices of an expert that lies by itself are called: the gate, what it opens, and the way back. */
export type ExpertNames = readonly [string, string, string];
const BY_WORD: ExpertNames = ["gate_proj", "up_proj", "down_proj"];

/** What holds the matrices of all experts, below their module: gates above ups, and downs. */
export type FusedNames = readonly [string, string];
const FUSED: FusedNames = ["experts.gate_up_proj", "experts.down_proj"];

/** A mixture that is no family's default: how many experts there are and a token takes, and what they are. */
export interface MixtureAsked extends Pick<GatedExpertsSpec, "activation" | "normalized" | "choosing"> {
  readonly count: number;
  readonly perToken: number;
  readonly width: number;
  readonly names?: ExpertNames;
  readonly fused?: FusedNames;
  /** What the router is called below the module; absent: `gate`. */
  readonly router?: string;
}

/** Router and experts below a module of the model, none of which all tokens share. */
export function mixtureOf(source: Source, at: string, hiddenSize: number, { count, perToken, width, names, fused, router = "gate", ...own }: MixtureAsked): GatedExpertsSpec {
  return { kind: "experts", ...own, router: linear(source, `${at}.${router}`, count, hiddenSize, false), experts: matricesOf(source, at, { count, width, d: hiddenSize, names, fused }), perToken, shared: null };
}

function sharedOf(source: Source, at: string, width: number, d: number): GatedExpertsSpec["shared"] {
  const part = (name: string, out: number, into: number): LinearSpec => linear(source, `${at}.shared_expert.${name}_proj`, out, into, false);
  return { mlp: { kind: "gated", activation: "silu", gate: part("gate", width, d), up: part("up", width, d), down: part("down", d, width) }, gate: source.tensor(`${at}.shared_expert_gate.weight`, [1, d]) };
}

/** How many experts there are, and how many a token takes. */
export function choiceOf(config: Config, unsaid: { readonly count: number; readonly perToken: number }): { readonly count: number; readonly perToken: number } {
  const count = expertCount(config, unsaid.count);
  const perToken = size(config, "num_experts_per_tok", unsaid.perToken);
  if (perToken > count) throw contradiction(config, "num_experts_per_tok", `and there are ${count} experts`);
  return { count, perToken };
}

function denseLayers(config: Config): readonly unknown[] {
  const given = optional(config, "mlp_only_layers") ?? [];
  if (!Array.isArray(given) || !given.every((layer) => Number.isInteger(layer))) throw contradiction(config, "mlp_only_layers", "and must be a list of layers");
  return given;
}

/** transformers 5 writes `num_local_experts` for a Qwen 3, what is published has `num_experts`; both mean the same. */
function expertCount(config: Config, fallback: number): number {
  const [older, newer] = ["num_experts", "num_local_experts"].map((key) => (optional(config, key) === null ? null : size(config, key))) as [number | null, number | null];
  if (older !== null && newer !== null && older !== newer) throw contradiction(config, "num_experts", `and \`num_local_experts\` is ${newer}`);
  return older ?? newer ?? fallback;
}

interface Matrices extends Pick<MixtureAsked, "count" | "width"> {
  readonly d: number;
  readonly names?: ExpertNames | undefined;
  readonly fused?: FusedNames | undefined;
}

/** As published: three matrices an expert; or as transformers 5 holds them: gates above ups of all experts in one tensor, downs in another. */
export function matricesOf(source: Source, at: string, { count, width, d, names: [gate, up, down] = BY_WORD, fused: [both, back] = FUSED }: Matrices): readonly ExpertSpec[] {
  const numbers = Array.from({ length: count }, (_, expert) => expert);
  if (!source.holds(`${at}.${both}`)) {
    const part = (expert: number, name: string, out: number, into: number): TensorRef => source.tensor(`${at}.experts.${expert}.${name}.weight`, [out, into]);
    return numbers.map((expert) => ({ gate: part(expert, gate, width, d), up: part(expert, up, width, d), down: part(expert, down, d, width) }));
  }
  const [gateUp, downs] = [source.tensor(`${at}.${both}`, [count, 2 * width, d]), source.tensor(`${at}.${back}`, [count, d, width])];
  return numbers.map((expert) => ({ gate: matrix(gateUp, expert * 2, width, d), up: matrix(gateUp, expert * 2 + 1, width, d), down: matrix(downs, expert, d, width) }));
}

/** The matrix that is the `at`-th of its size in a tensor of many. */
export function matrix(ref: TensorRef, at: number, rows: number, columns: number): TensorRef {
  const length = (ref.length / ref.shape.reduce((product, dim) => product * dim, 1)) * rows * columns;
  return { ...ref, offset: ref.offset + at * length, length, shape: [rows, columns] };
}
