/** Without this file each part of a block would multiply by its weights in its own way, large ones at the cost of their float32 size. */
import { node, stored, weight, weightColumns, weightRows, type Graph, type Tiling } from "./graph.ts";
import { fewestColumns, oneOfMany, product, unshaped } from "./product.ts";
import type { LinearSpec, TensorRef } from "./specs.ts";
import { CPU, type Target } from "./target.ts";

/** Elements of a weight that are float32 at a time where few rows share it: less than 8 MiB, which the processor's caches hold, and which the allocator keeps (`supervisor.ts`). */
const CACHED_ELEMENTS = 2 ** 21 - 1;
/** Such tiles of a weight at most: each is two nodes, which are opened and planned. */
const MOST_TILES = 32;
/** Their columns are counted in so many, and they have two times as many at least. */
const STEP = 64;
const FEWEST_COLUMNS = 2 * STEP;
/** The same where many rows share it: 32 MiB, or 1,024 columns, counted in 128. */
const WIDE_ELEMENTS = 2 ** 23;
const WIDE_COLUMNS = 1024;
const WIDE_STEP = 128;

/**
 * Output columns of W [in, out] that are cast and multiplied at a time: all of a small one, of one in float32, which is not cast, and with CUDA, which has it in its memory
 * once. Tiles have nearly one size, since a narrow rest would be filled up with zeros, and are wide enough for every part that a product is cut in.
 */
function columnsAtOnce(inner: number, out: number, dtype: TensorRef["dtype"], { provider, parts = 1 }: Target, tiling: Tiling): number {
  if (dtype === "f32" || provider === "cuda") return out;
  if (provider === "cpu" && tiling === "cached") return columnsInCache(inner, out, parts, MOST_TILES);
  const fewest = Math.max(WIDE_COLUMNS, provider === "cpu" ? fewestColumns(parts) : 0);
  return evenly(out, Math.min(Math.ceil((inner * out) / WIDE_ELEMENTS), Math.floor(out / fewest)), WIDE_STEP);
}

/** Output columns of W [in, out] whose float32 copy the processor's caches hold; more where there would be more than `most` tiles, or narrow ones. */
export function columnsInCache(inner: number, out: number, parts: number, most: number): number {
  if (inner * out <= CACHED_ELEMENTS) return out;
  const cached = Math.max(STEP, Math.floor(CACHED_ELEMENTS / inner / STEP) * STEP);
  const fewest = Math.max(FEWEST_COLUMNS, fewestColumns(parts));
  return evenly(out, Math.min(Math.ceil(out / cached), most, Math.floor(out / fewest)), STEP);
}

function evenly(out: number, count: number, step: number): number {
  return count <= 1 ? out : Math.min(out, Math.ceil(out / count / step) * step);
}

/** How W is multiplied with on the CPU where products are cut in so many parts: how many tiles it has, and elements of each that are cast. */
export function tilesOf({ weight: { dtype, shape }, layout }: LinearSpec, parts: number, tiling: Tiling): { readonly count: number; readonly elements: number } {
  const [inner, out] = sizes(shape, layout);
  const columns = columnsAtOnce(inner, out, dtype, { ...CPU, parts }, tiling);
  return { count: Math.ceil(out / columns), elements: inner * columns };
}

/** Inputs and outputs of a matrix. */
function sizes(shape: readonly number[], layout: LinearSpec["layout"]): readonly [number, number] {
  const [rows, columns] = shape as readonly [number, number];
  return layout === "out_in" ? [columns, rows] : [rows, columns];
}

/** x [T, in] · W + b → [T, out]. A large W is cast and multiplied in tiles of output columns. */
export function linear(graph: Graph, path: string, x: string, spec: LinearSpec): string {
  const { weight: ref, layout, bias } = spec;
  const [inner, out] = sizes(ref.shape, layout);
  const size = columnsAtOnce(inner, out, ref.dtype, graph.target, graph.tiling);
  if (size === out) return product(graph, path, x, weight(graph, `${path}/weight`, ref), out, layout, bias === null ? null : weight(graph, `${path}/bias`, bias));
  const rows = unshaped(graph, x, inner);
  const parts = Array.from({ length: Math.ceil(out / size) }, (_, i) => {
    const tile = `${path}/tile${i}`;
    const [start, end] = [i * size, Math.min(out, (i + 1) * size)];
    const part = layout === "out_in" ? weightRows(graph, `${tile}/weight`, ref, start, end) : weightColumns(graph, `${tile}/weight`, `${path}/weight`, ref, start, end);
    return oneOfMany(graph, tile, rows, part, end - start, layout);
  });
  const whole = node(graph, bias === null ? path : `${path}/product`, "Concat", parts, { axis: 1 });
  return bias === null ? whole : node(graph, path, "Add", [whole, weight(graph, `${path}/bias`, bias)]);
}

/** Rows of a stored table by id int64 [n] → f32 [n, d]: gathered as stored and cast afterwards, so the table is never float32 as a whole. */
export function lookUp(graph: Graph, path: string, table: LinearSpec["weight"], ids: string): string {
  const rows = node(graph, `${path}/rows`, "Gather", [stored(graph, `${path}/table`, table), ids], { axis: 0 });
  return table.dtype === "f32" ? rows : node(graph, path, "Cast", [rows], { to: 1 });
}
