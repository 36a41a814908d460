/** Without this file attention whose keys and values share what they are made of could not be computed. */
import type { LatentSpec } from "./attention_specs.ts";
import { ints, node, nodes, type Graph } from "./graph.ts";
import { linear } from "./linear.ts";
import { norm } from "./norm.ts";
import type { LinearSpec, NormKind, TensorRef } from "./specs.ts";

/**
 * x [T, d] → queries, keys and values [T·heads, headDim], zeros behind what is narrower. The columns that turn stand first, which changes no dot product. Keys and values are
 * written out for each head, in the cache too: the operator multiplies queries with keys, and not with what they are made of.
 */
export function latent(graph: Graph, path: string, heads: number, headDim: number, spec: LatentSpec, x: string): { readonly q: string; readonly k: string; readonly v: string } {
  const { plain, turned, valueDim } = spec;
  const widened = (name: string, value: string, width: number): string => (width === headDim ? value : node(graph, `${path}/${name}/widened`, "Pad", [value, ints(graph, 0, 0, 0, headDim - width)]));
  const run = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);
  const asked = node(graph, `${path}/q/each`, "Reshape", [linear(graph, `${path}/q`, queriedBy(graph, `${path}/asking`, spec, x), spec.q), ints(graph, -1, plain + turned)]);
  const q = node(graph, `${path}/q/ordered`, "Gather", [asked, ints(graph, ...run(plain, turned), ...run(0, plain))], { axis: 1 });

  const [shared, common] = apart(graph, `${path}/shared`, linear(graph, `${path}/kv_down`, x, spec.down), [rankOf(spec.norm), turned]);
  const [own, v] = apart(graph, `${path}/kv`, node(graph, `${path}/kv/each`, "Reshape", [linear(graph, `${path}/kv_up`, normed(graph, `${path}/shared/normed`, spec, spec.norm, shared), spec.up), ints(graph, -1, plain + valueDim)]), [plain, valueDim]);
  const once = node(graph, `${path}/k/shared`, "Reshape", [common, ints(graph, -1, 1, turned)]);
  const each = node(graph, `${path}/k/shared/heads`, "Gather", [once, ints(graph, ...new Array<number>(heads).fill(0))], { axis: 1 });
  const k = node(graph, `${path}/k/whole`, "Concat", [node(graph, `${path}/k/shared/each`, "Reshape", [each, ints(graph, -1, turned)]), own], { axis: 1 });
  return { q: widened("q", q, plain + turned), k: widened("k", k, plain + turned), v: widened("v", v, valueDim) };
}

/** The maps of latent attention, but for that of its output. */
export function latentMaps({ q, qLatent, down, up }: LatentSpec): readonly LinearSpec[] {
  return [q, ...(qLatent === null ? [] : [qLatent.down]), down, up];
}

function queriedBy(graph: Graph, path: string, spec: LatentSpec, x: string): string {
  return spec.qLatent === null ? x : normed(graph, path, spec, spec.qLatent.norm, linear(graph, `${path}/down`, x, spec.qLatent.down));
}

function normed(graph: Graph, path: string, { epsilon }: LatentSpec, ref: TensorRef, x: string): string {
  const kind: NormKind = { kind: "rms", epsilon, offset: 0 };
  return norm(graph, path, x, kind, { weight: ref, bias: null }, rankOf(ref));
}

function rankOf({ shape }: TensorRef): number {
  return shape[0] as number;
}

function apart(graph: Graph, path: string, x: string, sizes: readonly [number, number]): readonly [string, string] {
  return nodes(graph, `${path}/apart`, { op: "Split", inputs: [x, ints(graph, ...sizes)], attributes: { axis: 1 } }, 2) as readonly [string, string];
}
