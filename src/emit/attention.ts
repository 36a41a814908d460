/** Without this file forward and generate graphs would each describe how tokens see one another. */
import { constant, ints, node, nodes, weight, type Attributes, type Graph } from "./graph.ts";
import { headColumns, type HeadColumns } from "./head_columns.ts";
import { latent } from "./latent.ts";
import { linear } from "./linear.ts";
import { headNorm, normalized } from "./norm.ts";
import { softplus } from "./softplus.ts";
import { rises, sharpness, standing, tablesOf, turning, withinChunks, type Looked, type Shared } from "./positions.ts";
import type { AttentionSpec, QkvSpec, RopeSpec } from "./attention_specs.ts";
import type { DecoderSpec } from "./specs.ts";

/** Keys and values of earlier tokens, [B, kvHeads, P, cacheWidth]. */
export interface Cache {
  readonly key: string;
  readonly value: string;
}

/** Heads of a block: of queries, of keys and values, and their columns. */
export type HeadsOfBlock = Pick<DecoderSpec, "heads" | "kvHeads" | "headDim">;

export function headsIn(model: DecoderSpec, spec: AttentionSpec): HeadsOfBlock {
  return { heads: spec.own?.heads ?? model.heads, kvHeads: spec.own?.kvHeads ?? model.kvHeads, headDim: spec.own?.headDim ?? model.headDim };
}

function columnsOf(model: DecoderSpec, spec: AttentionSpec): HeadColumns {
  if (spec.rope !== null && spec.slopes !== undefined) throw new Error("heads that turn have no slopes");
  const { heads, kvHeads, headDim } = headsIn(model, spec);
  return headColumns(headDim, ropeWithin(spec), spec.slopes === undefined ? 0 : spec.roundedSlopes === true ? heads / kvHeads : 1);
}

/** What the operator turns: nothing where that is done before it. */
function ropeWithin({ rope, turnedFirst }: AttentionSpec): RopeSpec | null {
  return turnedFirst === true ? null : rope;
}

/** Columns of one head in the cache of a block. */
export function cacheWidth(model: DecoderSpec, spec: AttentionSpec): number {
  return columnsOf(model, spec).width;
}

interface Projected {
  readonly q: string;
  /** null: those of another block. */
  readonly k: string | null;
  readonly v: string | null;
  /** Of what each head gives, before its sigmoid; null: there is none. */
  readonly gate: string | null;
}

/** Columns of q, k and v of one key-value head. */
export function partsOfGroup({ heads, kvHeads, headDim }: HeadsOfBlock): readonly [number, number, number] {
  return [(heads / kvHeads) * headDim, headDim, headDim];
}

/** x [T, d] → q and gate [.., heads·dh], k and v [.., kvHeads·dh], in row order whatever their shape. */
export function projected(graph: Graph, path: string, { heads, kvHeads, headDim }: HeadsOfBlock, qkv: QkvSpec, x: string): Projected {
  const split = (all: string, sizes: readonly number[]): Projected => {
    const [q, k, v] = nodes(graph, `${path}/qkv/split`, { op: "Split", inputs: [all, ints(graph, ...sizes)], attributes: { axis: 1 } }, 3) as readonly [string, string, string];
    return { q, k, v, gate: null };
  };
  switch (qkv.kind) {
    case "separate":
      return { q: linear(graph, `${path}/q`, x, qkv.q), k: linear(graph, `${path}/k`, x, qkv.k), v: linear(graph, `${path}/v`, x, qkv.v), gate: null };
    case "keys": {
      const k = linear(graph, `${path}/k`, x, qkv.k);
      return { q: linear(graph, `${path}/q`, x, qkv.q), k, v: k, gate: null };
    }
    case "queries":
      return { q: linear(graph, `${path}/q`, x, qkv.q), k: null, v: null, gate: null };
    case "gated": {
      const each = node(graph, `${path}/q/with_gate`, "Reshape", [linear(graph, `${path}/q`, x, qkv.q), ints(graph, -1, 2 * headDim)]);
      const [q, gate] = nodes(graph, `${path}/q/apart`, { op: "Split", inputs: [each, ints(graph, headDim, headDim)], attributes: { axis: 1 } }, 2) as readonly [string, string];
      return { q, k: linear(graph, `${path}/k`, x, qkv.k), v: linear(graph, `${path}/v`, x, qkv.v), gate };
    }
    case "thirds": {
      const [q, k] = [heads * headDim, kvHeads * headDim];
      return split(linear(graph, `${path}/qkv`, x, qkv.all), [q, k, k]);
    }
    case "per_head": {
      const sizes = partsOfGroup({ heads, kvHeads, headDim });
      const groups = node(graph, `${path}/qkv/heads`, "Reshape", [linear(graph, `${path}/qkv`, x, qkv.all), ints(graph, -1, sizes[0] + sizes[1] + sizes[2])]);
      return split(groups, sizes);
    }
    case "latent":
      return { ...latent(graph, `${path}/latent`, heads, headDim, qkv, x), gate: null };
    case "shards": {
      const columns = (heads * headDim) / qkv.count;
      const shards = node(graph, `${path}/qkv/shards`, "Reshape", [linear(graph, `${path}/qkv`, x, qkv.all), ints(graph, -1, 3 * columns)]);
      const { q, k: v, v: k, gate } = split(shards, [columns, columns, columns]);
      return { q, k, v, gate };
    }
    default:
      return qkv satisfies never;
  }
}

/** Heads as the operator takes them: [B, S, heads·width], columns in `order`. A column of zeros is put behind each head to fill gaps from, where there are any. */
function laidOut(graph: Graph, path: string, headDim: number, order: HeadColumns["order"], x: string, layout: string): string {
  if (order === null) return node(graph, `${path}/heads`, "Reshape", [x, layout]);
  const heads = node(graph, `${path}/each`, "Reshape", [x, ints(graph, -1, headDim)]);
  const padded = order.includes(-1) ? node(graph, `${path}/padded`, "Pad", [heads, ints(graph, 0, 0, 0, 1)]) : heads;
  const from = ints(graph, ...order.map((column) => (column < 0 ? headDim : column)));
  return node(graph, `${path}/heads`, "Reshape", [node(graph, `${path}/ordered`, "Gather", [padded, from], { axis: 1 }), layout]);
}

/** Undo `laidOut` of values: [B, S, heads·width] → [T, heads·dh]. */
function collected(graph: Graph, path: string, { heads: count, headDim }: HeadsOfBlock, columns: HeadColumns, x: string): string {
  const flat = ints(graph, -1, count * headDim);
  const { values } = columns;
  if (values === null) return node(graph, path, "Reshape", [x, flat]);
  const heads = node(graph, `${path}/each`, "Reshape", [x, ints(graph, -1, columns.width)]);
  const at = Array.from({ length: headDim }, (_, column) => values.indexOf(column));
  return node(graph, path, "Reshape", [node(graph, `${path}/ordered`, "Gather", [heads, ints(graph, ...at)], { axis: 1 }), flat]);
}

/**
 * Queries and keys [B, S, heads·width] with one column more each, of what `slopes` says and of the key's place in its text: their product is what ALiBi adds
 * to a score (Press et al. 2022, arXiv 2108.12409), but for one number in all scores of a query, which no softmax sees. So it costs no table of all queries and keys.
 */
function inclined(graph: Graph, path: string, shape: HeadsOfBlock, common: Shared, slopes: readonly number[], { width, place }: HeadColumns, [q, k]: readonly string[]): readonly [string, string] {
  const row = (heads: number, value: (head: number) => number): string => {
    const all = new Float32Array(heads * width);
    for (let head = 0; head < heads; head += 1) all[head * width + (place as number)] = value(head);
    return constant(graph, "f32", [heads * width], all);
  };
  const placed = node(graph, `${path}/k/place`, "Mul", [standing(graph, common), row(shape.kvHeads, () => 1)]);
  return [node(graph, `${path}/q/inclined`, "Add", [q as string, row(shape.heads, (head) => slopes[head] as number)]), node(graph, `${path}/k/placed`, "Add", [k as string, placed])];
}

/**
 * The same where what is added is no product of two numbers, since it is rounded: keys have a column for each of the heads that share them, with what that head adds
 * at the key's place, and a query has a one in its own.
 */
function inclinedByTable(graph: Graph, path: string, { heads, kvHeads }: HeadsOfBlock, common: Shared, slopes: readonly number[], { width, place = 0 }: HeadColumns, [q, k]: readonly string[]): readonly [string, string] {
  const sharers = heads / kvHeads;
  const ones = new Float32Array(heads * width);
  for (let head = 0; head < heads; head += 1) ones[head * width + place + (head % sharers)] = 1;
  const each = node(graph, `${path}/k/steps`, "Reshape", [rises(graph, common, slopes), ints(graph, -1, kvHeads, sharers)]);
  const wide = node(graph, `${path}/k/steps/wide`, "Pad", [each, ints(graph, 0, 0, place, 0, 0, width - place - sharers)]);
  const steps = node(graph, `${path}/k/steps/rows`, "Reshape", [wide, common.fed === null ? ints(graph, -1, kvHeads * width) : common.layout]);
  return [node(graph, `${path}/q/inclined`, "Add", [q as string, constant(graph, "f32", [heads * width], ones)]), node(graph, `${path}/k/placed`, "Add", [k as string, steps])];
}

/** Causal attention of one block, without the output projection: normed x [T, d] → [T, heads·dh], and the keys and values so far. */
export function attention(graph: Graph, path: string, model: DecoderSpec, spec: AttentionSpec, common: Shared, x: string, own: Cache | null): { readonly mixed: string; readonly present: Cache } {
  const shape = headsIn(model, spec);
  const columns = columnsOf(model, spec);
  const { q: ownQ, k: ownK, v, gate } = projected(graph, path, shape, spec.qkv, x);
  const ahead = (name: string, value: string, count: number): string => (spec.turnedFirst === true && spec.rope !== null ? turned(graph, `${path}/${name}/turned`, value, { count, headDim: shape.headDim }, common, spec.rope) : value);
  const [q, k] = [ahead("q", ownQ, shape.heads), ownK === null ? null : ahead("k", ownK, shape.kvHeads)];
  const normedQ = spec.qNorm === null ? q : headNorm(graph, `${path}/q_norm`, q, model.norm, spec.qNorm);
  const normed = normedKeys(graph, path, model, spec, k, v);
  const heads = (name: string, value: string, order = columns.order): string => laidOut(graph, `${path}/${name}`, shape.headDim, order, clipped(graph, `${path}/${name}/clipped`, value, spec.clip), common.layout);
  const plain = heads("q", normedQ);
  const laid = spec.sharpening === undefined ? plain : node(graph, `${path}/q/sharp`, "Mul", [plain, sharpness(graph, `${path}/q/sharpness`, common, spec.sharpening)]);
  const looked: Looked = normed === null ? lookedAt(model, spec, common) : { k: heads("k", normed.k), v: heads("v", normed.v, columns.values), past: own };
  const [queries, keys] = rising(graph, path, spec, shape, common, columns, [laid, looked.k]);
  const seen: Looked = { ...looked, k: keys };
  if (normed !== null) common.looked.set(spec, seen);
  const rope = ropeWithin(spec);
  const tables = rope === null ? [] : Object.values(tablesOf(graph, shape.headDim, common, rope));
  // Two tables, positions, additions to scores and sinks: the operator's eighth to twelfth input.
  const added = spec.chunk === undefined ? "" : withinChunks(graph, common, spec.chunk);
  const sinks = spec.sinks === undefined ? "" : weight(graph, `${path}/sinks`, spec.sinks);
  const rest = [...tables, ...new Array<string>(3 - tables.length).fill(""), added, sinks];
  const inputs = [queries, seen.k, seen.v, seen.past?.key ?? "", seen.past?.value ?? "", common.lastKey, common.total, ...rest.slice(0, rest.findLastIndex((name) => name !== "") + 1)];
  const attributes: Attributes = {
    num_heads: shape.heads,
    kv_num_heads: shape.kvHeads,
    do_rotary: rope === null ? 0 : 1,
    scale: spec.scale,
    ...(spec.window === null ? {} : { local_window_size: spec.window }),
    ...(model.softcap === null ? {} : { softcap: model.softcap }),
  };
  const [out, key, value] = nodes(graph, `${path}/attention`, { op: "GroupQueryAttention", domain: "com.microsoft", inputs, attributes }, 3) as readonly [string, string, string];
  const whole = collected(graph, `${path}/mixed`, shape, columns, out);
  const mixed = spec.qkv.kind === "latent" ? narrowed(graph, `${path}/mixed/values`, shape, spec.qkv.valueDim, whole) : whole;
  const opened = gate === null ? mixed : gated(graph, `${path}/gated`, shape, mixed, gate);
  return { mixed: spec.gate === undefined ? opened : gatedBy(graph, `${path}/gated`, shape, opened, spec.gate, x), present: { key, value } };
}

/** Queries and keys with what is added to scores by place, where something is. */
function rising(graph: Graph, path: string, { slopes, roundedSlopes, scale }: AttentionSpec, shape: HeadsOfBlock, common: Shared, columns: HeadColumns, both: readonly [string, string]): readonly [string, string] {
  if (slopes === undefined) return both;
  if (roundedSlopes === true) return inclinedByTable(graph, path, shape, common, slopes, columns, both);
  return inclined(graph, path, shape, common, slopes.map((slope) => slope / scale), columns, both);
}

/** x [.., heads·dh] turned outside of the operator, column i of a head against column i + dimensions / 2 → [B, S, heads, dh]. */
function turned(graph: Graph, path: string, x: string, { count, headDim }: { readonly count: number; readonly headDim: number }, common: Shared, rope: RopeSpec): string {
  if (rope.interleaved === true || rope.reversed === true) throw new Error("only halves turn outside of the operator");
  const half = rope.dimensions / 2;
  const each = node(graph, `${path}/each`, "Reshape", [node(graph, `${path}/texts`, "Reshape", [x, common.layout]), ints(graph, 0, 0, count, headDim)]);
  const parts = nodes(graph, `${path}/halves`, { op: "Split", inputs: [each, ints(graph, half, half, headDim - rope.dimensions)], attributes: { axis: 3 } }, 3) as readonly [string, string, string];
  const { cos, sin } = turning(graph, common, rope);
  const times = (name: string, a: string, b: string): string => node(graph, `${path}/${name}`, "Mul", [a, b]);
  const first = node(graph, `${path}/first`, "Sub", [times("first_cos", parts[0], cos), times("second_sin", parts[1], sin)]);
  const second = node(graph, `${path}/second`, "Add", [times("second_cos", parts[1], cos), times("first_sin", parts[0], sin)]);
  return node(graph, path, "Concat", [first, second, parts[2]], { axis: 3 });
}

/** The first columns of each head [T, heads·dh] → [T, heads·width]. */
function narrowed(graph: Graph, path: string, { heads, headDim }: HeadsOfBlock, width: number, x: string): string {
  if (width === headDim) return x;
  const first = node(graph, `${path}/first`, "Slice", [node(graph, `${path}/each`, "Reshape", [x, ints(graph, -1, headDim)]), ints(graph, 0), ints(graph, width), ints(graph, 1)]);
  return node(graph, path, "Reshape", [first, ints(graph, -1, heads * width)]);
}

/** A block's own keys and values behind their norms; null where it has none. */
function normedKeys(graph: Graph, path: string, model: DecoderSpec, spec: AttentionSpec, k: string | null, v: string | null): { readonly k: string; readonly v: string } | null {
  if (k === null || v === null) return null;
  const { headDim } = headsIn(model, spec);
  const turned = spec.kNorm === null ? k : headNorm(graph, `${path}/k_norm`, k, model.norm, spec.kNorm);
  if (spec.valueNorm !== true) return { k: turned, v };
  return { k: turned, v: normalized(graph, `${path}/v_norm`, node(graph, `${path}/v_norm/heads`, "Reshape", [v, ints(graph, -1, headDim)]), model.norm, headDim) };
}

/**
 * Keys and values of the earlier block that this one looks at. Each puts them behind the earlier tokens' and turns them once more, from the same
 * tensors: the operator takes none that are turned already.
 */
function lookedAt(model: DecoderSpec, { qkv }: AttentionSpec, common: Shared): Looked {
  const { attention } = model.blocks[(qkv as Extract<QkvSpec, { readonly kind: "queries" }>).of]!;
  return common.looked.get(attention as AttentionSpec)!;
}

/** x kept between −most and most. */
function clipped(graph: Graph, path: string, x: string, most: number | undefined): string {
  return most === undefined ? x : node(graph, path, "Clip", [x, constant(graph, "f32", [], [-most]), constant(graph, "f32", [], [most])]);
}

/** Each head's columns times the sigmoid of its gate. */
function gated(graph: Graph, path: string, { heads, headDim }: HeadsOfBlock, mixed: string, gate: string): string {
  const rows = node(graph, `${path}/gate`, "Reshape", [node(graph, `${path}/sigmoid`, "Sigmoid", [gate]), ints(graph, -1, heads * headDim)]);
  return node(graph, path, "Mul", [mixed, rows]);
}

/** The same by a map of its own, whose activation is taken of each column or of each head. */
function gatedBy(graph: Graph, path: string, { heads, headDim }: HeadsOfBlock, mixed: string, { map, activation }: NonNullable<AttentionSpec["gate"]>, x: string): string {
  const made = linear(graph, `${path}/gate`, x, map);
  const opening = activation === "sigmoid" ? node(graph, `${path}/opening`, "Sigmoid", [made]) : softplus(graph, `${path}/opening`, made);
  if (map.weight.shape[0] === heads * headDim) return node(graph, path, "Mul", [mixed, opening]);
  const each = node(graph, `${path}/each`, "Mul", [node(graph, `${path}/heads`, "Reshape", [mixed, ints(graph, -1, heads, headDim)]), node(graph, `${path}/opening/wide`, "Unsqueeze", [opening, ints(graph, 2)])]);
  return node(graph, path, "Reshape", [each, ints(graph, -1, heads * headDim)]);
}
