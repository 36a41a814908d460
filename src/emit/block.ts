/** Without this file forward and generate graphs would each describe a decoder block. */
import { constant, input, ints, node, nodes, weight, weightRows, type Graph } from "./graph.ts";
import { maxPositions, rotaryTables } from "./rope.ts";
import type { BlockSpec, DecoderSpec, TensorRef } from "./specs.ts";

/** Values that every block reads. B documents, S padded tokens, T = B·S rows. */
export interface Shared {
  /** [B, S, -1] as int64: the shape that token rows take for attention. Fed, so that no shape is computed in the graph. */
  readonly layout: string;
  /** int32 [B]: index of each document's last key. */
  readonly lastKey: string;
  /** int32 [1]: longest document, past keys included. */
  readonly total: string;
  readonly cos: string;
  readonly sin: string;
}

/** Keys and values of earlier tokens, [B, kvHeads, P, cacheWidth]. */
export interface Cache {
  readonly key: string;
  readonly value: string;
}

/**
 * Columns of one head as GroupQueryAttention takes it: a multiple of 16 when it rotates (its own check in onnxruntime 1.30).
 * Narrower heads are padded with zeros, which change no dot product; `scale` keeps the true head size.
 */
export function cacheWidth(model: DecoderSpec): number {
  return Math.ceil(model.headDim / 16) * 16;
}

/** Declares the inputs that describe the batch and the rotary tables. */
export function shared(graph: Graph, model: DecoderSpec): Shared {
  const layout = input(graph, "layout", "i64", [3]);
  const lengths = input(graph, "lengths", "i32", ["B"]);
  const total = input(graph, "total", "i32", [1]);
  const lastKey = node(graph, "/lengths/last_key", "Sub", [lengths, constant(graph, "i32", [1], [1])]);
  // One row more for an odd context: documents are padded to an even length.
  const positions = maxPositions(model) + (maxPositions(model) % 2);
  const width = cacheWidth(model) / 2;
  const tables = rotaryTables(model.rope, model.headDim, width, positions);
  const dims = [positions, width];
  return { layout, lastKey, total, cos: constant(graph, "f32", dims, tables.cos), sin: constant(graph, "f32", dims, tables.sin) };
}

/** ids int64 [B, S] → rows f32 [T, d]. Rows are gathered as stored and cast afterwards: the table is never float32 as a whole. */
export function embedding(graph: Graph, model: DecoderSpec, ids: string, table: string): string {
  const flat = node(graph, "/embed/ids", "Reshape", [ids, ints(graph, -1)]);
  const rows = node(graph, "/embed/rows", "Gather", [table, flat], { axis: 0 });
  return model.embed.dtype === "f32" ? rows : node(graph, "/embed", "Cast", [rows], { to: 1 });
}

/** Elements of a weight that are float32 at a time: 64 MiB. Tiles stay thousands of columns wide, so they have the bits of the whole. */
const MOST_ELEMENTS = 2 ** 24;

/** x [T, d] · Wᵀ + b with W [out, in] → [T, out]. A large W is cast and multiplied in tiles of output columns. */
export function linear(graph: Graph, path: string, x: string, ref: TensorRef, bias: TensorRef | null): string {
  const [out, width] = ref.shape as readonly [number, number];
  if (out * width > MOST_ELEMENTS && ref.dtype !== "f32") {
    // Tiles of nearly one size: a narrow rest would take another kernel, with other bits.
    const count = Math.min(Math.ceil((out * width) / MOST_ELEMENTS), Math.max(1, Math.floor(out / 1024)));
    const size = Math.ceil(out / count / 128) * 128;
    const tiles = Array.from({ length: count }, (_, i) => ({ start: i * size, end: Math.min(out, (i + 1) * size) }));
    const parts = tiles.map(({ start, end }, i) => node(graph, `${path}/tile${i}`, "Gemm", [x, weightRows(graph, `${path}/tile${i}/weight`, ref, start, end)], { transB: 1 }));
    const whole = node(graph, bias === null ? path : `${path}/product`, "Concat", parts, { axis: 1 });
    return bias === null ? whole : node(graph, path, "Add", [whole, weight(graph, `${path}/bias`, bias)]);
  }
  const inputs = [x, weight(graph, `${path}/weight`, ref), ...(bias === null ? [] : [weight(graph, `${path}/bias`, bias)])];
  return node(graph, path, "Gemm", inputs, { transB: 1 });
}

/** x · w / sqrt(mean(x²) + ε) over the last axis (Zhang & Sennrich 2019, arXiv 1910.07467). */
export function rmsNorm(graph: Graph, path: string, x: string, ref: TensorRef, epsilon: number): string {
  return node(graph, path, "RMSNormalization", [x, weight(graph, `${path}/weight`, ref)], { axis: -1, epsilon });
}

/**
 * Rotation pairs column i with i + width/2, so each half of a head is padded by itself:
 *   [T, heads·dh] → [T·heads, 2, dh/2] → zeros → [T·heads, 2, width/2] → [B, S, heads·width]
 */
function heads(graph: Graph, path: string, model: DecoderSpec, x: string, layout: string): string {
  const extra = (cacheWidth(model) - model.headDim) / 2;
  if (extra === 0) return node(graph, `${path}/heads`, "Reshape", [x, layout]);
  const halves = node(graph, `${path}/halves`, "Reshape", [x, ints(graph, -1, 2, model.headDim / 2)]);
  const padded = node(graph, `${path}/padded`, "Pad", [halves, ints(graph, 0, 0, 0, 0, 0, extra)]);
  return node(graph, `${path}/heads`, "Reshape", [padded, layout]);
}

/** Undo `heads`: [B, S, heads·width] → [T, heads·dh]. */
function unpadded(graph: Graph, path: string, model: DecoderSpec, x: string): string {
  const width = cacheWidth(model);
  const flat = ints(graph, -1, model.heads * model.headDim);
  if (width === model.headDim) return node(graph, path, "Reshape", [x, flat]);
  const halves = node(graph, `${path}/halves`, "Reshape", [x, ints(graph, -1, 2, width / 2)]);
  const cut = node(graph, `${path}/cut`, "Slice", [halves, ints(graph, 0), ints(graph, model.headDim / 2), ints(graph, 2)]);
  return node(graph, path, "Reshape", [cut, flat]);
}

/** Causal attention of one block, without the output projection: x [T, d] → [T, heads·dh], and the keys and values so far. */
export function attention(graph: Graph, path: string, model: DecoderSpec, block: BlockSpec, common: Shared, x: string, past: Cache | null): { readonly mixed: string; readonly present: Cache } {
  const normed = rmsNorm(graph, `${path}/norm`, x, block.inputNorm, model.rmsEpsilon);
  const part = (name: "q" | "k" | "v", bias: TensorRef | null): string =>
    heads(graph, `${path}/${name}`, model, linear(graph, `${path}/${name}`, normed, block[name], bias), common.layout);
  const [q, k, v] = [part("q", block.qBias), part("k", block.kBias), part("v", block.vBias)] as const;
  const inputs = [q, k, v, past?.key ?? "", past?.value ?? "", common.lastKey, common.total, common.cos, common.sin];
  const attributes = { num_heads: model.heads, kv_num_heads: model.kvHeads, do_rotary: 1, scale: 1 / Math.sqrt(model.headDim) };
  const [out, key, value] = nodes(graph, `${path}/attention`, { op: "GroupQueryAttention", domain: "com.microsoft", inputs, attributes }, 3) as readonly [string, string, string];
  return { mixed: unpadded(graph, `${path}/mixed`, model, out), present: { key, value } };
}

/** The rest of the block, row by row: mixed [n, heads·dh] and x [n, d] → [n, d]. SwiGLU of Shazeer 2020, arXiv 2002.05202. */
export function afterAttention(graph: Graph, path: string, model: DecoderSpec, block: BlockSpec, x: string, mixed: string): string {
  const attended = node(graph, `${path}/resid_mid`, "Add", [x, linear(graph, `${path}/o`, mixed, block.o, block.oBias)]);
  const normed = rmsNorm(graph, `${path}/mlp/norm`, attended, block.postNorm, model.rmsEpsilon);
  const gate = linear(graph, `${path}/mlp/gate`, normed, block.gate, block.gateBias);
  const up = linear(graph, `${path}/mlp/up`, normed, block.up, block.upBias);
  const silu = node(graph, `${path}/mlp/silu`, "Mul", [gate, node(graph, `${path}/mlp/sigmoid`, "Sigmoid", [gate])]);
  const down = linear(graph, `${path}/mlp/down`, node(graph, `${path}/mlp/product`, "Mul", [silu, up]), block.down, block.downBias);
  return node(graph, `${path}/resid_post`, "Add", [attended, down]);
}

/** Multiply-adds × 2 of one token in the matrix products of `count` blocks; attention scores are left out (they grow with the position). */
export function blockFlops(model: DecoderSpec, count: number): number {
  const attention = model.hiddenSize * model.headDim * (2 * model.heads + 2 * model.kvHeads);
  return 2 * count * (attention + 3 * model.hiddenSize * model.mlpSize);
}
