/** Without this file models whose MLPs are mixtures of experts could not be read. */
import type { ExpertSpec, ExpertsSpec, SharedExpertSpec, TensorRef } from "../../../src/emit/specs.ts";
import { flag, optional, size, type Config } from "../config.ts";
import { contradiction, linear, type Source } from "./family.ts";

/**
 * The sparse MLP of a Qwen 3 with experts; null where a layer has a dense one (`mlp_only_layers`, `decoder_sparse_step`): transformers 5.24,
 * `Qwen3MoeDecoderLayer`.
 */
export function sparseMlp(source: Source, layer: number, hiddenSize: number): ExpertsSpec | null {
  const { config } = source;
  if (denseLayers(config).includes(layer) || (layer + 1) % size(config, "decoder_sparse_step", 1) !== 0) return null;
  return { ...mixtureOf(source, `layers.${layer}.mlp`, hiddenSize, { count: 128, width: 768 }), normalized: flag(config, "norm_topk_prob", false) };
}

/** The sparse MLP of a Qwen 3.5 with experts, which each layer has: shares add up to one, and one expert more is every token's (`Qwen3_5MoeSparseMoeBlock`). */
export function mlpWithShared(source: Source, layer: number, hiddenSize: number): ExpertsSpec {
  const at = `layers.${layer}.mlp`;
  const width = size(source.config, "shared_expert_intermediate_size", 512);
  const part = (name: string, out: number, into: number): SharedExpertSpec["gate"] => linear(source, `${at}.shared_expert.${name}_proj`, out, into, false);
  return {
    ...mixtureOf(source, at, hiddenSize, { count: 256, width: 512 }),
    normalized: true,
    shared: { gate: part("gate", width, hiddenSize), up: part("up", width, hiddenSize), down: part("down", hiddenSize, width), weight: source.tensor(`${at}.shared_expert_gate.weight`, [1, hiddenSize]) },
  };
}

function mixtureOf(source: Source, at: string, hiddenSize: number, unsaid: { readonly count: number; readonly width: number }): Omit<ExpertsSpec, "normalized"> {
  const { config } = source;
  const count = expertCount(config, unsaid.count);
  const perToken = size(config, "num_experts_per_tok", 8);
  if (perToken > count) throw contradiction(config, "num_experts_per_tok", `and there are ${count} experts`);
  return {
    kind: "experts",
    activation: "silu",
    router: linear(source, `${at}.gate`, count, hiddenSize, false),
    experts: expertsOf(source, `${at}.experts`, count, size(config, "moe_intermediate_size", unsaid.width), hiddenSize),
    perToken,
  };
}

function denseLayers(config: Config): readonly unknown[] {
  const given = optional(config, "mlp_only_layers") ?? [];
  if (!Array.isArray(given) || !given.every((layer) => Number.isInteger(layer))) throw contradiction(config, "mlp_only_layers", "and must be a list of layers");
  return given;
}

/** transformers 5 writes `num_local_experts`, what is published has `num_experts`; both mean the same. */
function expertCount(config: Config, unsaid: number): number {
  const [older, newer] = ["num_experts", "num_local_experts"].map((key) => (optional(config, key) === null ? null : size(config, key))) as [number | null, number | null];
  if (older !== null && newer !== null && older !== newer) throw contradiction(config, "num_experts", `and \`num_local_experts\` is ${newer}`);
  return older ?? newer ?? unsaid;
}

/** As published: three matrices an expert; or as transformers 5 holds them: gates above ups of all experts in one tensor, downs in another. */
function expertsOf(source: Source, at: string, count: number, width: number, d: number): readonly ExpertSpec[] {
  const numbers = Array.from({ length: count }, (_, expert) => expert);
  if (!source.holds(`${at}.gate_up_proj`)) {
    const part = (expert: number, name: string, out: number, into: number): TensorRef => source.tensor(`${at}.${expert}.${name}_proj.weight`, [out, into]);
    return numbers.map((expert) => ({ gate: part(expert, "gate", width, d), up: part(expert, "up", width, d), down: part(expert, "down", d, width) }));
  }
  const [gateUp, down] = [source.tensor(`${at}.gate_up_proj`, [count, 2 * width, d]), source.tensor(`${at}.down_proj`, [count, d, width])];
  return numbers.map((expert) => ({ gate: matrix(gateUp, expert * 2, width, d), up: matrix(gateUp, expert * 2 + 1, width, d), down: matrix(down, expert, d, width) }));
}

/** The matrix [out, in] that is the `at`-th of its size in a tensor of many. */
function matrix(ref: TensorRef, at: number, out: number, into: number): TensorRef {
  const length = (ref.length / ref.shape.reduce((product, dim) => product * dim, 1)) * out * into;
  return { ...ref, offset: ref.offset + at * length, length, shape: [out, into] };
}
