/** Without this file models whose layers keep one matrix a head instead of all keys and values (Qwen3-Next and 3.5) could not be run. */
import { convolved } from "./convolution.ts";
import { ints, node, nodes, weight, constant, scalar, type Graph } from "./graph.ts";
import { linear } from "./linear.ts";
import { silu } from "./mlp.ts";
import type { Shared } from "./positions.ts";
import { softplus } from "./softplus.ts";
import type { DeltaMaps, DeltaSpec } from "./attention_specs.ts";
import type { DecoderSpec, LinearSpec } from "./specs.ts";

/** What a layer knows of earlier tokens: its last inputs of the convolution [B, kernel − 1, columns], and the matrix of each head [B, heads, keyDim, valueDim]. */
export interface DeltaState {
  readonly conv: string;
  readonly state: string;
}

/** In the names of what is computed in float32 whatever the model computes in, as in transformers: errors of the matrices add up over a text. */
export const RECURRENCE = "/recurrence/";

/** How the matrices are called among what is kept of earlier tokens (`mixer.ts`). */
export const EXACT_STATE = "state";

/** Under the root when a query's or key's length is divided out (transformers `modeling_qwen3_next.py`, `l2norm`). */
const LENGTH_EPSILON = 1e-6;

/** Columns of the convolution: queries, keys, values. */
export function convColumns({ keyHeads, valueHeads, keyDim, valueDim }: DeltaSpec): number {
  return 2 * keyHeads * keyDim + valueHeads * valueDim;
}

/**
 * Causal linear attention of one block by the gated delta rule (Yang et al. 2024, arXiv 2412.06464), without the output projection:
 * normed x [T, d] → [T, valueHeads·valueDim], and what later tokens need.
 *   q, k, v = silu(conv(x·Wqkv)), each column along its text over `kernel` tokens; q and k of length 1, q over √keyDim
 *   g = −exp(A)·softplus(x·Wa + dt);  β = σ(x·Wb)
 *   S ← e^g·S + k ⊗ β(v − (e^g·S)ᵀk);  o = Sᵀq
 *   norm(o)·w · silu(x·Wz)
 * As transformers' `Qwen3_5GatedDeltaNet`; the recurrence is the runtime's operator, which takes token after token.
 */
export function deltaAttention(graph: Graph, path: string, model: DecoderSpec, spec: DeltaSpec, common: Shared, x: string, past: DeltaState | null): { readonly mixed: string; readonly present: DeltaState } {
  const { keyHeads, valueHeads, keyDim, valueDim } = spec;
  const documents = (name: string, rows: string): string => node(graph, `${path}${name}/documents`, "Reshape", [rows, common.layout]);
  const maps = mapped(graph, path, spec, x);
  const { made, window } = convolved(graph, `${path}/conv`, { weight: spec.conv, bias: null }, documents("/qkv", maps.qkv), past?.conv ?? null);
  const keys = keyHeads * keyDim;
  const [q, k, v] = nodes(graph, `${path}/split`, { op: "Split", inputs: [silu(graph, `${path}/conv`, made), ints(graph, keys, keys, valueHeads * valueDim)], attributes: { axis: 2 } }, 3) as readonly [string, string, string];
  const inside = `${path}${RECURRENCE}`;
  const [query, key] = [unit(graph, `${inside}q`, spec, q, common), unit(graph, `${inside}k`, spec, k, common)];
  const decay = documents(`${RECURRENCE}g`, decayOf(graph, `${inside}g`, spec, maps.a));
  const beta = documents(`${RECURRENCE}beta`, node(graph, `${inside}beta`, "Sigmoid", [maps.b]));
  const attributes = { q_num_heads: valueHeads, kv_num_heads: valueHeads, scale: 1 / Math.sqrt(keyDim) };
  const [out, state] = nodes(graph, `${inside}attention`, { op: "LinearAttention", domain: "com.microsoft", inputs: [query, key, v, past?.state ?? "", decay, beta], attributes }, 2) as readonly [string, string];
  const heads = node(graph, `${path}/each`, "Reshape", [out, ints(graph, -1, valueDim)]);
  const normed = node(graph, `${path}/norm`, "RMSNormalization", [heads, weight(graph, `${path}/norm/weight`, spec.norm)], { axis: -1, epsilon: model.norm.epsilon });
  const rows = node(graph, `${path}/rows`, "Reshape", [normed, ints(graph, -1, valueHeads * valueDim)]);
  const gate = silu(graph, `${path}/z/activated`, maps.z);
  return { mixed: node(graph, `${path}/mixed`, "Mul", [rows, gate]), present: { conv: window, state } };
}

/** The products of linear attention, but for that of its output. */
export function deltaMaps(maps: DeltaMaps): readonly LinearSpec[] {
  return maps.kind === "apart" ? [maps.qkv, maps.z, maps.b, maps.a] : [maps.qkvz, maps.ba];
}

/** x [T, d] → queries, keys and values [T, columns of the convolution], gates [T, valueHeads·valueDim], rates and steps [T, valueHeads]. */
function mapped(graph: Graph, path: string, { maps, keyHeads, valueHeads, keyDim, valueDim }: DeltaSpec, x: string): { readonly qkv: string; readonly z: string; readonly b: string; readonly a: string } {
  if (maps.kind === "apart") return { qkv: linear(graph, `${path}/qkv`, x, maps.qkv), z: linear(graph, `${path}/z`, x, maps.z), b: linear(graph, `${path}/b`, x, maps.b), a: linear(graph, `${path}/a`, x, maps.a) };
  const sharers = valueHeads / keyHeads;
  const apart = (name: string, spec: LinearSpec, sizes: readonly number[]): readonly string[] => {
    const width = sizes.reduce((sum, size) => sum + size, 0);
    const each = node(graph, `${path}/${name}/heads`, "Reshape", [linear(graph, `${path}/${name}`, x, spec), ints(graph, -1, width)]);
    const parts = nodes(graph, `${path}/${name}/apart`, { op: "Split", inputs: [each, ints(graph, ...sizes)], attributes: { axis: 1 } }, sizes.length);
    return parts.map((part, at) => node(graph, `${path}/${name}/${at}`, "Reshape", [part, ints(graph, -1, keyHeads * (sizes[at] as number))]));
  };
  const [q, k, v, z] = apart("qkvz", maps.qkvz, [keyDim, keyDim, sharers * valueDim, sharers * valueDim]) as readonly [string, string, string, string];
  const [b, a] = apart("ba", maps.ba, [sharers, sharers]) as readonly [string, string];
  return { qkv: node(graph, `${path}/qkv`, "Concat", [q, k, v], { axis: 1 }), z, b, a };
}

/** Queries or keys [B, S, keyHeads·keyDim] → [B, S, valueHeads·keyDim] of length 1, each given to the value heads that share it. */
function unit(graph: Graph, path: string, { keyHeads, valueHeads, keyDim }: DeltaSpec, x: string, common: Shared): string {
  const heads = node(graph, `${path}/each`, "Reshape", [x, ints(graph, -1, keyDim)]);
  // x / √(Σx² + ε) is the RMS norm over √keyDim.
  const whole = constant(graph, "f32", [keyDim], new Float32Array(keyDim).fill(1 / Math.sqrt(keyDim)));
  const scaled = node(graph, `${path}/unit`, "RMSNormalization", [heads, whole], { axis: -1, epsilon: LENGTH_EPSILON / keyDim });
  if (keyHeads === valueHeads) return node(graph, path, "Reshape", [scaled, common.layout]);
  const apart = node(graph, `${path}/apart`, "Reshape", [scaled, ints(graph, -1, keyHeads, keyDim)]);
  const sharers = Array.from({ length: valueHeads }, (_, head) => Math.floor((head * keyHeads) / valueHeads));
  return node(graph, path, "Reshape", [node(graph, `${path}/shared`, "Gather", [apart, ints(graph, ...sharers)], { axis: 1 }), common.layout]);
}

/** The logarithm of what is kept of each head's matrix, from its step `a` [T, valueHeads]; below 0. */
function decayOf(graph: Graph, path: string, spec: DeltaSpec, a: string): string {
  const biased = node(graph, `${path}/biased`, "Add", [a, weight(graph, `${path}/dt`, spec.dt)]);
  const step = softplus(graph, `${path}/step`, biased);
  const rate = node(graph, `${path}/rate`, "Mul", [node(graph, `${path}/exp`, "Exp", [weight(graph, `${path}/log`, spec.aLog)]), scalar(graph, -1)]);
  return node(graph, path, "Mul", [step, rate]);
}
