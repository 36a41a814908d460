/** Without this file residuals would not become sparse features. */
import { constant, createGraph, input, ints, node, nodes, output, scalar, weightColumns, weightRows, weight, type Graph } from "./graph.ts";
import { normalized } from "./normalize.ts";
import { lowered } from "./lowering/lower.ts";
import type { EmittedGraph, SaeSpec } from "./specs.ts";
import { CPU, type Target } from "./target.ts";

/** Features computed at a time: bounds the float32 copy of the encoder and the dense pre-activations to [N, 8192]. */
export const TILE = 8192;

interface Tile {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** int64 [nnz] each, and f32 [nnz]. */
interface Triples {
  readonly row: string;
  readonly feature: string;
  readonly value: string;
}

/** An SAE by itself: feed `residual` f32 [N, d] with N ≥ 2 → `tap0_row`, `tap0_feature`, `tap0_value`, with the bits of the fused graph. */
export function emitEncode(sae: SaeSpec, target?: Target): EmittedGraph {
  return lowered(encodeGraph(sae, target), 0);
}

/** The same before it becomes bytes. */
export function encodeGraph(sae: SaeSpec, target?: Target): Graph {
  const graph = createGraph("encode", target?.provider === "openvino" ? CPU : target);
  encodeTap(graph, 0, sae, input(graph, "residual", "f32", ["N", sae.dIn]));
  return graph;
}

/** Encode rows x f32 [N, d] and declare the triples as the outputs of tap `index`. */
export function encodeTap(graph: Graph, index: number, sae: SaeSpec, x: string): void {
  const path = `/taps/${index}`;
  const shifted = shift(graph, path, sae, normalized(graph, `${path}/normalized`, sae, x));
  const tiles = tilesOf(path, sae);
  const triples = chosen(graph, path, sae, shifted, tiles);
  output(graph, `tap${index}_row`, triples.row, "i64", [`nnz${index}`]);
  output(graph, `tap${index}_feature`, triples.feature, "i64", [`nnz${index}`]);
  output(graph, `tap${index}_value`, scaled(graph, path, sae, triples), "f32", [`nnz${index}`]);
}

function chosen(graph: Graph, path: string, sae: SaeSpec, x: string, tiles: readonly Tile[]): Triples {
  switch (sae.kind) {
    case "topk":
      return topk(graph, path, sae, x, tiles);
    case "groupmax":
      return byRow(graph, path, sae, tiles.map((tile) => largestOfGroups(graph, sae, x, tile)));
    case "standard":
    case "jumprelu":
    case "gated":
      return byRow(graph, path, sae, tiles.map((tile) => thresholded(graph, sae, x, tile)));
    default:
      return sae.kind satisfies never;
  }
}

/** Features of one group of groupmax. */
function groupOf(sae: SaeSpec): number {
  if (sae.k === null || sae.dSae % sae.k !== 0) throw new Error("a groupmax SAE has groups of equal size");
  return sae.dSae / sae.k;
}

/** Tiles of at most TILE features; a group of groupmax is never cut. */
function tilesOf(path: string, sae: SaeSpec): readonly Tile[] {
  const group = sae.kind === "groupmax" ? groupOf(sae) : 1;
  const width = Math.max(group, TILE - (TILE % group));
  const count = Math.ceil(sae.dSae / width);
  return Array.from({ length: count }, (_, at) => ({ path: `${path}/tile${at}`, start: at * width, end: Math.min((at + 1) * width, sae.dSae) }));
}

function shift(graph: Graph, path: string, sae: SaeSpec, x: string): string {
  if (sae.inputShift === null) return x;
  return node(graph, `${path}/shifted`, "Sub", [x, constant(graph, "f32", [sae.dIn], sae.inputShift)]);
}

/** Entries `start`…`end` of a vector over features, as a constant. */
function part(graph: Graph, vector: Float32Array, { start, end }: Tile): string {
  return constant(graph, "f32", [end - start], vector.subarray(start, end));
}

/** x [N, d] → x·W (+ bias) [N, tile]. */
function product(graph: Graph, sae: SaeSpec, x: string, tile: Tile, bias: Float32Array | null): string {
  const path = `${tile.path}/encoder`;
  const outIn = sae.encoderLayout === "out_in";
  const whole = tile.start === 0 && tile.end === sae.dSae;
  const matrix = outIn
    ? weightRows(graph, `${path}/weight`, sae.encoder, tile.start, tile.end)
    : whole
      ? weight(graph, `${path}/weight`, sae.encoder)
      : weightColumns(graph, `${path}/weight`, `${tile.path.replace(/tile\d+$/, "")}encoder`, sae.encoder, tile.start, tile.end);
  return node(graph, path, "Gemm", [x, matrix, ...(bias === null ? [] : [part(graph, bias, tile)])], { transB: outIn ? 1 : 0 });
}

/** pre = (x·W + bias) ∘ preScale, [N, tile]. */
function preActivation(graph: Graph, sae: SaeSpec, x: string, tile: Tile): string {
  const h = product(graph, sae, x, tile, sae.bias);
  return sae.preScale === null ? h : node(graph, `${tile.path}/pre`, "Mul", [h, part(graph, sae.preScale, tile)]);
}

/**
 * Values [N, tile] and where they count. Asked as "not ≤", so that NaN shows instead of vanishing.
 * ReLU and threshold are one comparison: max(pre, 0)·[pre > θ] is positive exactly where pre > max(θ, 0).
 */
function activation(graph: Graph, sae: SaeSpec, x: string, tile: Tile): { readonly value: string; readonly active: string } {
  const path = tile.path;
  const zero = scalar(graph, 0);
  if (sae.kind === "gated") {
    if (sae.gateBias === null || sae.magnitudeScale === null) throw new Error("a gated SAE has a gate bias and a magnitude scale");
    const raw = product(graph, sae, x, tile, null);
    const gate = node(graph, `${path}/gate`, "Add", [raw, part(graph, sae.gateBias, tile)]);
    const stretched = node(graph, `${path}/stretched`, "Mul", [raw, part(graph, sae.magnitudeScale, tile)]);
    const value = node(graph, `${path}/magnitude`, "Add", [stretched, part(graph, sae.bias, tile)]);
    const closed = node(graph, `${path}/closed`, "LessOrEqual", [gate, zero]);
    const silent = node(graph, `${path}/silent`, "Or", [closed, node(graph, `${path}/negative`, "LessOrEqual", [value, zero])]);
    return { value, active: node(graph, `${path}/active`, "Not", [silent]) };
  }
  const value = preActivation(graph, sae, x, tile);
  const bar = sae.kind === "jumprelu" && sae.threshold !== null ? part(graph, sae.threshold.map((theta) => Math.max(theta, 0)), tile) : zero;
  return { value, active: node(graph, `${path}/active`, "Not", [node(graph, `${path}/silent`, "LessOrEqual", [value, bar])]) };
}

/** The true entries of `active` [N, w] in row-major order, with their values. */
function triplesOf(graph: Graph, path: string, value: string, active: string): { readonly row: string; readonly column: string; readonly value: string } {
  const at = node(graph, `${path}/at`, "NonZero", [active]);
  const row = node(graph, `${path}/row`, "Gather", [at, constant(graph, "i64", [], [0])], { axis: 0 });
  const column = node(graph, `${path}/column`, "Gather", [at, constant(graph, "i64", [], [1])], { axis: 0 });
  return { row, column, value: node(graph, `${path}/values`, "GatherND", [value, node(graph, `${path}/pairs`, "Transpose", [at])]) };
}

/** standard, jumprelu and gated in one tile. */
function thresholded(graph: Graph, sae: SaeSpec, x: string, tile: Tile): Triples {
  const { value, active } = activation(graph, sae, x, tile);
  const found = triplesOf(graph, tile.path, value, active);
  return { row: found.row, feature: tile.start === 0 ? found.column : node(graph, `${tile.path}/feature`, "Add", [found.column, ints(graph, tile.start)]), value: found.value };
}

/** groupmax in one tile: TopK of one breaks ties by the lower index, as elsewhere. */
function largestOfGroups(graph: Graph, sae: SaeSpec, x: string, tile: Tile): Triples {
  const { path, start, end } = tile;
  const group = groupOf(sae);
  const count = (end - start) / group;
  const grouped = node(graph, `${path}/grouped`, "Reshape", [preActivation(graph, sae, x, tile), ints(graph, -1, count, group)]);
  const [best, at] = largest(graph, `${path}/best`, grouped, 1);
  const value = node(graph, `${path}/best_value`, "Squeeze", [best, ints(graph, 2)]);
  const firsts = constant(graph, "i64", [count], Array.from({ length: count }, (_, number) => start + number * group));
  const feature = node(graph, `${path}/best_feature`, "Add", [node(graph, `${path}/best_at`, "Squeeze", [at, ints(graph, 2)]), firsts]);
  const active = node(graph, `${path}/active`, "Not", [node(graph, `${path}/silent`, "LessOrEqual", [value, scalar(graph, 0)])]);
  const found = triplesOf(graph, path, value, active);
  return { row: found.row, feature: node(graph, `${path}/features`, "GatherND", [feature, `${path}/pairs`]), value: found.value };
}

/** The triples of all tiles, put in row-major order. */
function byRow(graph: Graph, path: string, sae: SaeSpec, parts: readonly Triples[]): Triples {
  if (parts.length === 1) return parts[0] as Triples;
  const all = (name: keyof Triples): string => node(graph, `${path}/all_${name}`, "Concat", parts.map((triples) => triples[name]), { axis: 0 });
  const width = ints(graph, sae.dSae);
  const row = all("row");
  const key = node(graph, `${path}/key`, "Add", [node(graph, `${path}/row_start`, "Mul", [row, width]), all("feature")]);
  const count = node(graph, `${path}/count`, "Shape", [key]);
  // Keys are unique, so sorting them is a total order; a tile's triples are sorted already, the tiles only interleave.
  const [sorted, order] = nodes(graph, `${path}/sorted`, { op: "TopK", inputs: [key, count], attributes: { axis: 0, largest: 0, sorted: 1 } }, 2) as readonly [string, string];
  const sortedRow = node(graph, `${path}/sorted_row`, "Div", [sorted, width]);
  return {
    row: sortedRow,
    feature: node(graph, `${path}/sorted_feature`, "Sub", [sorted, node(graph, `${path}/sorted_start`, "Mul", [sortedRow, width])]),
    value: node(graph, `${path}/sorted_value`, "Gather", [all("value"), order], { axis: 0 }),
  };
}

/** The k largest of each row and their columns; ONNX TopK breaks ties by the lower index (operator text, checked in the tests). */
function largest(graph: Graph, path: string, x: string, k: number): readonly [string, string] {
  return nodes(graph, path, { op: "TopK", inputs: [x, ints(graph, k)], attributes: { axis: -1, largest: 1, sorted: 1 } }, 2) as readonly [string, string];
}

/** topk: k of each tile, then k of those. Candidates keep the order of tiles and ranks, so ties still go to the lower feature. */
function topk(graph: Graph, path: string, sae: SaeSpec, x: string, tiles: readonly Tile[]): Triples {
  if (sae.k === null) throw new Error("a topk SAE has a k");
  const candidates = tiles.map((tile): readonly [string, string] => {
    const k = Math.min(sae.k ?? 0, tile.end - tile.start);
    const [value, column] = largest(graph, `${tile.path}/top`, preActivation(graph, sae, x, tile), k);
    return [value, tile.start === 0 ? column : node(graph, `${tile.path}/feature`, "Add", [column, ints(graph, tile.start)])];
  });
  let [value, feature] = candidates[0] as readonly [string, string];
  if (candidates.length > 1) {
    const values = node(graph, `${path}/candidate_values`, "Concat", candidates.map(([item]) => item), { axis: 1 });
    const features = node(graph, `${path}/candidate_features`, "Concat", candidates.map(([, item]) => item), { axis: 1 });
    const [best, place] = largest(graph, `${path}/top`, values, Math.min(sae.k, sae.dSae));
    [value, feature] = [best, node(graph, `${path}/top_features`, "GatherElements", [features, place], { axis: 1 })];
  }
  const k = ints(graph, Math.min(sae.k, sae.dSae));
  const [ordered, order] = nodes(graph, `${path}/by_feature`, { op: "TopK", inputs: [feature, k], attributes: { axis: -1, largest: 0, sorted: 1 } }, 2) as readonly [string, string];
  const values = node(graph, `${path}/value_by_feature`, "GatherElements", [value, order], { axis: 1 });
  const active = node(graph, `${path}/active`, "Not", [node(graph, `${path}/silent`, "LessOrEqual", [values, scalar(graph, 0)])]);
  const found = triplesOf(graph, path, values, active);
  const pairs = `${path}/pairs`;
  return { row: found.row, feature: node(graph, `${path}/features`, "GatherND", [ordered, pairs]), value: found.value };
}

function scaled(graph: Graph, path: string, sae: SaeSpec, { feature, value }: Triples): string {
  if (sae.outputScale === null) return value;
  const factor = node(graph, `${path}/output_scale`, "Gather", [constant(graph, "f32", [sae.dSae], sae.outputScale), feature], { axis: 0 });
  return node(graph, `${path}/scaled_value`, "Mul", [value, factor]);
}
