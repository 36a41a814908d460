/** Without this file residuals would not become sparse features. */
import { constant, createGraph, finish, input, ints, node, nodes, output, scalar, stored, weightColumns, weightRows, weight, type Graph } from "./graph.ts";
import { lowered } from "./lowering/lower.ts";
import { normalized } from "./normalize.ts";
import { fewestColumns, product } from "./product.ts";
import type { SaeSpec } from "./sae_specs.ts";
import type { EmittedGraph, TensorRef } from "./specs.ts";
import { CPU, type Provider, type Target } from "./target.ts";

/** Features computed at a time at most: bounds the dense pre-activations to [N, 8192]. */
export const TILE = 8192;
/** Elements of the encoder's float32 copy at most: 64 MiB. */
const MOST_ELEMENTS = 2 ** 24;

/** The same with CUDA, which has the encoder in its memory once and starts a kernel for each part: pre-activations of [N, 32768]. */
const CUDA_TILE = 32_768;

/** Features computed at a time by an encoder that reads `dIn` numbers. */
export function tileOf(dIn: number, provider: Provider): number {
  if (provider === "cuda") return CUDA_TILE;
  return Math.min(TILE, Math.max(1024, Math.floor(MOST_ELEMENTS / dIn / 128) * 128));
}

/** Features that are computed together at least where some are chosen, so that their product has the bits of the whole encoder's. */
export const fewestFeatures = (parts: number): number => Math.max(128, fewestColumns(parts));

/** Features `start`…`end`, or, with `at`, the features whose numbers int64 [U] `at` holds, ascending, at least `fewestFeatures`. */
export interface Tile {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly at?: { readonly features: string; /** The encoder as [m, d], where not the checkpoint's own layout. */ readonly rows: TensorRef | null };
}

/** int64 [nnz] each, and f32 [nnz]. */
interface Triples {
  readonly row: string;
  readonly feature: string;
  readonly value: string;
}

/** An SAE by itself: feed `residual` f32 [N, d] with N ≥ 2 → `tap0_row`, `tap0_feature`, `tap0_value`, with the bits of the fused graph. */
export function emitEncode(sae: SaeSpec, features: readonly number[] | null = null, target?: Target): EmittedGraph {
  return lowered(encodeGraph(sae, features, target), 0);
}

/** The same before it becomes bytes. */
export function encodeGraph(sae: SaeSpec, features: readonly number[] | null = null, target?: Target): Graph {
  const graph = createGraph("encode", target?.provider === "openvino" ? CPU : target);
  encodeTap(graph, 0, sae, input(graph, "residual", "f32", ["N", sae.dIn]), features);
  return graph;
}

/** Encode rows x f32 [N, d] and declare the triples as the outputs of tap `index`; `features`: of these alone. */
export function encodeTap(graph: Graph, index: number, sae: SaeSpec, x: string, features: readonly number[] | null = null): void {
  const path = `/taps/${index}`;
  const shifted = encoderInput(graph, path, sae, x);
  if (features === null) return triplesTap(graph, index, sae, shifted, tilesOf(path, sae, graph.target.provider));
  if (sae.kind === "topk" || sae.kind === "groupmax") throw new Error(`which features of a ${sae.kind} SAE are active depends on others`);
  const [at, wanted] = widened(features, sae.dSae, graph.target.parts);
  const names = constant(graph, "i64", [at.length], at);
  triplesTap(graph, index, sae, shifted, [{ path: `${path}/chosen`, start: 0, end: at.length, at: { features: names, rows: null } }], wanted);
}

/** Stop before the encoder's product: declare its input f32 [N, d] as `tap{index}_shifted`. */
export function shiftedTap(graph: Graph, index: number, sae: SaeSpec, x: string): void {
  output(graph, `tap${index}_shifted`, encoderInput(graph, `/taps/${index}`, sae, x), "f32", ["N", sae.dIn]);
}

/** Features of encoder inputs: feed `shifted` f32 [N, d] with N ≥ 2 → triples of tap 0. */
export function emitFeatures(sae: SaeSpec, target?: Target): EmittedGraph {
  const graph = createGraph("features", target);
  triplesTap(graph, 0, sae, input(graph, "shifted", "f32", ["N", sae.dIn]), tilesOf("/taps/0", sae, "cpu"));
  return finish(graph, 0);
}

/** The same of chosen features: feed `at` int64 [U] too, ascending, U ≥ `fewestFeatures` and ≥ k. `rows`: the encoder as [m, d]. */
export function emitChosen(sae: SaeSpec, rows: TensorRef, target?: Target): EmittedGraph {
  const graph = createGraph("chosen", target);
  const shifted = input(graph, "shifted", "f32", ["N", sae.dIn]);
  const features = input(graph, "at", "i64", ["U"]);
  triplesTap(graph, 0, sae, shifted, [{ path: "/taps/0/chosen", start: 0, end: sae.dSae, at: { features, rows } }]);
  return finish(graph, 0);
}

/** `features` and, where they are too few for a product of the usual bits, others among them; which of all were asked for is null when all. */
export function widened(features: readonly number[], width: number, parts = 1): readonly [readonly number[], readonly boolean[] | null] {
  if (features.some((feature, i) => feature < 0 || feature >= width || feature <= (features[i - 1] ?? -1))) throw new Error("features must ascend and exist");
  const asked = new Set(features);
  const all = new Set(features);
  for (let other = 0; all.size < Math.min(fewestFeatures(parts), width); other += 1) all.add(other);
  const at = [...all].sort((a, b) => a - b);
  return [at, at.length === features.length ? null : at.map((feature) => asked.has(feature))];
}

export const encoderInput = (graph: Graph, path: string, sae: SaeSpec, x: string): string => shift(graph, path, sae, normalized(graph, `${path}/normalized`, sae, x));

function triplesTap(graph: Graph, index: number, sae: SaeSpec, shifted: string, tiles: readonly Tile[], wanted: readonly boolean[] | null = null): void {
  const path = `/taps/${index}`;
  const triples = chosen(graph, path, sae, shifted, tiles, wanted);
  output(graph, `tap${index}_row`, triples.row, "i64", [`nnz${index}`]);
  output(graph, `tap${index}_feature`, triples.feature, "i64", [`nnz${index}`]);
  output(graph, `tap${index}_value`, scaled(graph, path, sae, triples), "f32", [`nnz${index}`]);
}

function chosen(graph: Graph, path: string, sae: SaeSpec, x: string, tiles: readonly Tile[], wanted: readonly boolean[] | null): Triples {
  switch (sae.kind) {
    case "topk":
      return topk(graph, path, sae, x, tiles);
    case "groupmax":
      return byRow(graph, path, sae, tiles.map((tile) => largestOfGroups(graph, sae, x, tile)));
    case "standard":
    case "jumprelu":
    case "gated":
      return byRow(graph, path, sae, tiles.map((tile) => thresholded(graph, sae, x, tile, wanted)));
    default:
      return sae.kind satisfies never;
  }
}

/** Features of one group of groupmax. */
export function groupOf(sae: SaeSpec): number {
  if (sae.k === null || sae.dSae % sae.k !== 0) throw new Error("a groupmax SAE has groups of equal size");
  return sae.dSae / sae.k;
}

/** Tiles of at most `tileOf` features; a group of groupmax is never cut. */
export function tilesOf(path: string, sae: SaeSpec, provider: Provider): readonly Tile[] {
  // Whole groups; nearly equal, so that the last is no narrow rest, which would add in another order.
  const unit = sae.kind === "groupmax" ? groupOf(sae) : 16;
  const tile = tileOf(sae.dIn, provider);
  const most = Math.max(unit, tile - (tile % unit));
  const width = Math.ceil(sae.dSae / Math.ceil(sae.dSae / most) / unit) * unit;
  const count = Math.ceil(sae.dSae / width);
  return Array.from({ length: count }, (_, at) => ({ path: `${path}/tile${at}`, start: at * width, end: Math.min((at + 1) * width, sae.dSae) }));
}

function shift(graph: Graph, path: string, sae: SaeSpec, x: string): string {
  if (sae.inputShift === null) return x;
  return node(graph, `${path}/shifted`, "Sub", [x, constant(graph, "f32", [sae.dIn], sae.inputShift)]);
}

/** The tile's entries of a vector over features. */
function part(graph: Graph, vector: Float32Array, { start, end, at }: Tile): string {
  if (at !== undefined) {
    const whole = constant(graph, "f32", [vector.length], vector);
    const path = `${whole}/of${at.features}`;
    return graph.names.has(path) ? path : node(graph, path, "Gather", [whole, at.features], { axis: 0 });
  }
  return constant(graph, "f32", [end - start], vector.subarray(start, end));
}

/** x [N, d] → x·W (+ bias) [N, tile]. */
function encoded(graph: Graph, sae: SaeSpec, x: string, tile: Tile, bias: Float32Array | null): string {
  const path = `${tile.path}/encoder`;
  if (tile.at !== undefined) return chosenProduct(graph, sae, x, tile, tile.at, bias);
  const outIn = sae.encoderLayout === "out_in";
  const whole = tile.start === 0 && tile.end === sae.dSae;
  const matrix = outIn
    ? weightRows(graph, `${path}/weight`, sae.encoder, tile.start, tile.end)
    : whole
      ? weight(graph, `${path}/weight`, sae.encoder)
      : weightColumns(graph, `${path}/weight`, `${tile.path.replace(/tile\d+$/, "")}encoder`, sae.encoder, tile.start, tile.end);
  return product(graph, path, x, matrix, tile.end - tile.start, sae.encoderLayout, bias === null ? null : part(graph, bias, tile));
}

/** The same over gathered features: gathered as stored, then cast. */
function chosenProduct(graph: Graph, sae: SaeSpec, x: string, tile: Tile, at: NonNullable<Tile["at"]>, bias: Float32Array | null): string {
  const path = `${tile.path}/encoder`;
  const ref = at.rows ?? sae.encoder;
  const layout = at.rows !== null ? "out_in" : sae.encoderLayout;
  const gathered = node(graph, `${path}/gathered`, "Gather", [stored(graph, `${path}/whole`, ref), at.features], { axis: layout === "out_in" ? 0 : 1 });
  const matrix = ref.dtype === "f32" ? gathered : node(graph, `${path}/weight`, "Cast", [gathered], { to: 1 });
  // Features that are named only when it runs are enough of them.
  return product(graph, path, x, matrix, tile.end, layout, bias === null ? null : part(graph, bias, tile));
}

/** Columns of a tile as feature numbers. */
function featuresOf(graph: Graph, tile: Tile, column: string): string {
  const path = `${tile.path}/feature`;
  if (tile.at !== undefined) return node(graph, path, "Gather", [tile.at.features, column], { axis: 0 });
  return tile.start === 0 ? column : node(graph, path, "Add", [column, ints(graph, tile.start)]);
}

/** pre = (x·W + bias) ∘ preScale, [N, tile]. */
export function preActivation(graph: Graph, sae: SaeSpec, x: string, tile: Tile): string {
  const h = encoded(graph, sae, x, tile, sae.bias);
  return sae.preScale === null ? h : node(graph, `${tile.path}/pre`, "Mul", [h, part(graph, sae.preScale, tile)]);
}

/**
 * Values [N, tile] and where they count. Asked as "not ≤", so that NaN shows instead of vanishing.
 * ReLU and threshold are one comparison: max(pre, 0)·[pre > θ] is positive exactly where pre > max(θ, 0).
 */
export function activation(graph: Graph, sae: SaeSpec, x: string, tile: Tile): { readonly value: string; readonly active: string } {
  const path = tile.path;
  const zero = scalar(graph, 0);
  if (sae.kind === "gated") {
    if (sae.gateBias === null || sae.magnitudeScale === null) throw new Error("a gated SAE has a gate bias and a magnitude scale");
    const raw = encoded(graph, sae, x, tile, null);
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
function thresholded(graph: Graph, sae: SaeSpec, x: string, tile: Tile, wanted: readonly boolean[] | null): Triples {
  const { value, active } = activation(graph, sae, x, tile);
  const counted = wanted === null ? active : node(graph, `${tile.path}/wanted`, "And", [active, constant(graph, "bool", [wanted.length], wanted.map(Number))]);
  const found = triplesOf(graph, tile.path, value, counted);
  return { row: found.row, feature: featuresOf(graph, tile, found.column), value: found.value };
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
    return [value, featuresOf(graph, tile, column)];
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
