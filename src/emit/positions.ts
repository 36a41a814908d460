/** Without this file the embedding would know tokens and not where they stand. */
import { constant, input, ints, node, scalar, type Graph } from "./graph.ts";
import { headColumns } from "./head_columns.ts";
import { linear, lookUp } from "./linear.ts";
import { norm } from "./norm.ts";
import { paddedPositions, unevenHeads } from "./padding.ts";
import { positionsFor, rotaryTables } from "./rope.ts";
import { sinusoids } from "./sinusoids.ts";
import type { AttentionSpec, RopeSpec } from "./attention_specs.ts";
import type { DecoderSpec } from "./specs.ts";

/** Values that every block reads. B documents, S padded tokens, T = B·S rows. */
export interface Shared {
  /** [B, S, -1] as int64: the shape that token rows take for attention. Fed, so that no shape is computed in the graph. */
  readonly layout: string;
  /** int32 [B]: index of each document's last key. */
  readonly lastKey: string;
  /** int32 [1]: longest document, past keys included. */
  readonly total: string;
  /** The input int64 [B, S] that says where tokens stand; null: in documents that are read from their start. */
  readonly fed: string | null;
  /** Rows of a table: documents are padded, beyond the context too. */
  readonly rows: number;
  /** Tables that were made, by what they are made of: blocks share them. */
  readonly tables: Map<string, { readonly cos: string; readonly sin: string }>;
  /** Keys and values of blocks before, which later ones may look at too. */
  readonly looked: Map<AttentionSpec, Looked>;
}

/** What attention of a block looks at: keys and values of this call's tokens, and of earlier ones. */
export interface Looked {
  readonly k: string;
  readonly v: string;
  readonly past: { readonly key: string; readonly value: string } | null;
}

/** Declares the inputs that describe the batch. `longest`: tokens of the longest document, where that is known. */
export function shared(graph: Graph, model: DecoderSpec, longest = 0): Shared {
  const layout = input(graph, "layout", "i64", [3]);
  const lengths = input(graph, "lengths", "i32", ["B"]);
  const total = input(graph, "total", "i32", [1]);
  const lastKey = node(graph, "/lengths/last_key", "Sub", [lengths, constant(graph, "i32", [1], [1])]);
  graph.positions = paddedPositions(positionsFor(model, longest), unevenHeads(model));
  return { layout, lastKey, total, fed: null, rows: graph.positions, tables: new Map(), looked: new Map() };
}

/** The tables of a rope, made once for all blocks that have the same. */
export function tablesOf(graph: Graph, headDim: number, common: Shared, rope: RopeSpec): { readonly cos: string; readonly sin: string } {
  const key = JSON.stringify(rope);
  const known = common.tables.get(key);
  if (known !== undefined) return known;
  const width = headColumns(headDim, rope).turned / 2;
  const { cos, sin } = rotaryTables(rope, width, common.rows);
  const dims = [common.rows, width];
  const made = { cos: constant(graph, "f32", dims, cos), sin: constant(graph, "f32", dims, sin) };
  common.tables.set(key, made);
  return made;
}

/** Cosines and sines of where this call's tokens stand, f32 [S, 1, dimensions / 2], or [B, S, 1, dimensions / 2] where they are fed; made once for all blocks that have the same. */
export function turning(graph: Graph, common: Shared, rope: RopeSpec): { readonly cos: string; readonly sin: string } {
  const key = `standing ${JSON.stringify(rope)}`;
  const known = common.tables.get(key);
  if (known !== undefined) return known;
  const half = rope.dimensions / 2;
  const tables = rotaryTables(rope, half, common.rows);
  const at = common.fed ?? places(graph, common, common.rows);
  const path = `/turning${common.tables.size}`;
  const rows = (name: "cos" | "sin"): string => node(graph, `${path}/${name}`, "Unsqueeze", [node(graph, `${path}/${name}/rows`, "Gather", [constant(graph, "f32", [common.rows, half], tables[name]), at], { axis: 0 }), ints(graph, -2)]);
  const made = { cos: rows("cos"), sin: rows("sin") };
  common.tables.set(key, made);
  return made;
}

/** Whether a model's graph asks where tokens stand in their texts, besides the tables that turn them. */
export function asksForPlaces({ positions, blocks }: DecoderSpec): boolean {
  return positions !== null || blocks.some(({ attention }) => attention.kind === "softmax" && (attention.slopes !== undefined || attention.turnedFirst === true || attention.chunk !== undefined || attention.sharpening !== undefined));
}

/** ids int64 [B, S] → rows f32 [T, d], scaled, with learned positions and normed where the model has that. */
export function embedding(graph: Graph, model: DecoderSpec, ids: string, common: Shared): string {
  const rows = positioned(graph, model, ids, common);
  return model.embedNorm === undefined ? rows : norm(graph, "/embed/norm", rows, model.norm, model.embedNorm, model.hiddenSize);
}

function positioned(graph: Graph, model: DecoderSpec, ids: string, common: Shared): string {
  const own = lookUp(graph, "/embed", model.embed, node(graph, "/embed/ids", "Reshape", [ids, ints(graph, -1)]));
  const rows = model.embedMap === undefined ? own : linear(graph, "/embed/map", own, model.embedMap);
  const scaled = model.embedScale === null ? rows : node(graph, "/embed/scaled", "Mul", [rows, scalar(graph, model.embedScale)]);
  if (model.positions === null) return scaled;
  const documents = node(graph, "/embed/documents", "Reshape", [scaled, common.layout]);
  const placed = node(graph, "/embed/placed", "Add", [documents, rowsOfPlaces(graph, model, model.positions, common)]);
  return node(graph, "/embed/positioned", "Reshape", [placed, ints(graph, -1, model.hiddenSize)]);
}

/** What is added where this call's tokens stand, f32 [S, d], or [B, S, d] where that is fed. */
function rowsOfPlaces(graph: Graph, { hiddenSize }: DecoderSpec, positions: NonNullable<DecoderSpec["positions"]>, common: Shared): string {
  if (!("kind" in positions)) return lookUp(graph, "/positions", positions, common.fed ?? places(graph, common, positions.shape[0] as number));
  const table = constant(graph, "f32", [common.rows, hiddenSize], sinusoids(positions, common.rows, hiddenSize));
  return node(graph, "/positions", "Gather", [table, common.fed ?? places(graph, common, common.rows)], { axis: 0 });
}

/** The same positions as numbers, f32 [S, 1], or [B, S, 1] where they are fed; made once for all blocks. */
export function standing(graph: Graph, common: Shared): string {
  const path = "/standing";
  if (graph.names.has(path)) return path;
  const numbers = constant(graph, "f32", [common.rows, 1], Float32Array.from({ length: common.rows }, (_, place) => place));
  return node(graph, path, "Gather", [numbers, common.fed ?? places(graph, common, common.rows)], { axis: 0 });
}

/**
 * Slope times position for each head, rounded to bfloat16 as both are before, f32 [S, heads], or [B, S, heads] where they are fed (transformers 5.24 `modeling_falcon.py`,
 * `build_alibi_tensor`); made once for all blocks.
 */
export function rises(graph: Graph, common: Shared, slopes: readonly number[]): string {
  const path = "/rises";
  if (graph.names.has(path)) return path;
  const rows = new Float32Array(common.rows * slopes.length);
  for (let place = 0; place < common.rows; place += 1) slopes.forEach((slope, head) => (rows[place * slopes.length + head] = bfloat(bfloat(slope) * bfloat(place))));
  return node(graph, path, "Gather", [constant(graph, "f32", [common.rows, slopes.length], rows), common.fed ?? places(graph, common, common.rows)], { axis: 0 });
}

/** The nearest bfloat16, of two that are as near the even one; of finite numbers. */
function bfloat(value: number): number {
  const word = new Uint32Array(Float32Array.of(value).buffer);
  const bits = word[0] as number;
  word[0] = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff_0000;
  return new Float32Array(word.buffer)[0] as number;
}

/** Factors of queries by where they stand, f32 [S, 1], or [B, S, 1] where they are fed (transformers 5.24 `modeling_llama4.py`, `Llama4TextAttention`). */
export function sharpness(graph: Graph, path: string, common: Shared, { every, factor }: NonNullable<AttentionSpec["sharpening"]>): string {
  const rows = Float32Array.from({ length: common.rows }, (_, place) => Math.fround(Math.fround(Math.log1p(Math.floor(Math.fround((place + 1) / every)))) * Math.fround(factor)) + 1);
  return node(graph, path, "Gather", [constant(graph, "f32", [common.rows, 1], rows), common.fed ?? places(graph, common, common.rows)], { axis: 0 });
}

/**
 * What keeps queries to the keys of their own run of so many tokens, to be added to scores: 0 or −∞, f32 [1, 1, S, keys], or [B, 1, S, keys] where places are fed; made once
 * for all blocks.
 */
export function withinChunks(graph: Graph, common: Shared, chunk: number): string {
  const path = `/chunks/${chunk}`;
  if (graph.names.has(path)) return path;
  const at = common.fed ?? node(graph, `${path}/places`, "Unsqueeze", [places(graph, common, common.rows), ints(graph, 0)]);
  const size = ints(graph, chunk);
  const starts = node(graph, `${path}/starts`, "Unsqueeze", [node(graph, `${path}/first`, "Mul", [node(graph, `${path}/run`, "Div", [at, size]), size]), ints(graph, 1, 3)]);
  const zero = constant(graph, "i64", [], [0]);
  const end = node(graph, `${path}/end`, "Gather", [node(graph, `${path}/total`, "Cast", [common.total], { to: 7 }), zero], { axis: 0 });
  const keys = node(graph, `${path}/keys`, "Range", [zero, end, constant(graph, "i64", [], [1])]);
  return node(graph, path, "Where", [node(graph, `${path}/earlier`, "Less", [keys, starts]), constant(graph, "f32", [], [-Infinity]), constant(graph, "f32", [], [0])]);
}

/** Positions of this call's tokens, int64 [S]: total − S, …, total − 1. The row that makes an odd context even reads the last of `count`. */
function places(graph: Graph, common: Shared, count: number): string {
  const known = `/positions/places`;
  if (graph.names.has(known)) return known;
  const at = (index: number): string => constant(graph, "i64", [], [index]);
  const fed = node(graph, "/positions/fed", "Gather", [common.layout, at(1)], { axis: 0 });
  const end = node(graph, "/positions/end", "Gather", [node(graph, "/positions/total", "Cast", [common.total], { to: 7 }), at(0)], { axis: 0 });
  const range = node(graph, "/positions/range", "Range", [node(graph, "/positions/start", "Sub", [end, fed]), end, at(1)]);
  return node(graph, "/positions/places", "Min", [range, at(count - 1)]);
}
