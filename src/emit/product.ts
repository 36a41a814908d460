/** Without this file the bits of a product would depend on how many rows it has and on how many threads share it. */
import { constant, ints, node, nodes, type Graph } from "./graph.ts";
import type { Layout } from "./sae_specs.ts";

/** Columns that MLAS deals out to threads together. */
const BLOCK = 16;
/** Blocks of a part at least, so that even one whose last block is nearly empty has more than 64 columns. */
const FEWEST_BLOCKS = 5;

/**
 * Columns that a product of `columns` is given when it may be cut in `parts`.
 *
 * A part of more than 64 columns is summed in runs of 128, whatever else it has; a narrower one in longer runs, with other bits (onnxruntime 1.30,
 * `core/mlas/lib/sgemm.cpp`, MlasSgemmOperation). Products are cut by columns, in blocks of 16, where there are more of them than rows, else by rows
 * (MlasGemmBatch). So a product has parts that are wide enough however it is cut, or one block, which is never cut. A single column takes a kernel of
 * its own, and is given fifteen others.
 */
function filledColumns(columns: number, parts: number): number {
  if (columns === 1) return BLOCK;
  if (columns <= BLOCK || Math.floor(Math.ceil(columns / BLOCK) / parts) >= FEWEST_BLOCKS) return columns;
  return fewestColumns(parts);
}

/** Fewest columns of a product that is never given more, of two blocks or more. */
export const fewestColumns = (parts: number): number => BLOCK * FEWEST_BLOCKS * parts;

/** x [n, k] · matrix (+ bias) → [n, columns], n ≥ 2. On the CPU each number has the same bits for every n and every number of threads. */
export function product(graph: Graph, path: string, x: string, matrix: string, columns: number, layout: Layout, bias: string | null = null): string {
  const missing = missingColumns(graph, columns);
  if (missing === 0) return multiplied(graph, path, [x, matrix, ...(bias === null ? [] : [bias])], layout);
  return first(graph, path, multiplied(graph, `${path}/columns`, [x, filled(graph, path, matrix, layout, missing), ...(bias === null ? [] : [node(graph, `${path}/filled_bias`, "Pad", [bias, ints(graph, 0, missing)])])], layout), columns);
}

/**
 * The same without a bias, of thousands in a graph, with the same bits. When a graph is opened the runtime looks for each value among all that are free for one of its shape, where it knows
 * that of either in part (1.30, `core/framework/allocation_planner.cc`, FindReusableTensor): 80 s of opening for 13,000 products by `Gemm`. Of this operator with `unshaped` rows it knows none.
 */
export function oneOfMany(graph: Graph, path: string, x: string, matrix: string, columns: number, layout: Layout): string {
  if (graph.target.provider !== "cpu") return product(graph, path, x, matrix, columns, layout);
  const missing = missingColumns(graph, columns);
  const fused = (at: string, right: string): string => nodes(graph, at, { op: "FusedMatMul", domain: "com.microsoft", inputs: [x, right], attributes: transposed(layout) }, 1)[0]!;
  return missing === 0 ? fused(path, matrix) : first(graph, path, fused(`${path}/columns`, filled(graph, path, matrix, layout, missing)), columns);
}

/** Rows x [n, columns] as they are, of which the runtime knows no dimension before they come. A view. */
export function unshaped(graph: Graph, x: string, columns: number): string {
  if (graph.target.provider !== "cpu") return x;
  const path = `${x}/unshaped`;
  if (graph.names.has(path)) return path;
  const shape = `/unshaped/${columns}`;
  // How long the list is that a shape is read from follows from no constant.
  if (!graph.names.has(shape)) node(graph, shape, "Slice", [ints(graph, -1, columns), ints(graph, 0), node(graph, `${shape}/end`, "Identity", [ints(graph, 2)])]);
  return node(graph, path, "Reshape", [x, shape]);
}

const transposed = (layout: Layout): { readonly transB: number } => ({ transB: layout === "out_in" ? 1 : 0 });

function multiplied(graph: Graph, path: string, inputs: readonly string[], layout: Layout): string {
  return node(graph, path, "Gemm", inputs, transposed(layout));
}

function missingColumns({ target: { provider, parts = 1 } }: Graph, columns: number): number {
  return provider === "cpu" ? filledColumns(columns, parts) - columns : 0;
}

function filled(graph: Graph, path: string, matrix: string, layout: Layout, missing: number): string {
  return node(graph, `${path}/filled`, "Pad", [matrix, layout === "out_in" ? ints(graph, 0, 0, missing, 0) : ints(graph, 0, 0, 0, missing)]);
}

/**
 * Sums of the rows of x [n, width] → [n, 1]. A product with ones: a reduction's bits may depend on where a row lies in memory, a product's do not. One
 * block of equal columns, since a single one takes another kernel.
 */
export function rowSum(graph: Graph, path: string, x: string, width: number): string {
  return first(graph, path, node(graph, `${path}/columns`, "Gemm", [x, constant(graph, "f32", [width, BLOCK], new Float32Array(width * BLOCK).fill(1))]), 1);
}

/** The first `count` columns. */
function first(graph: Graph, path: string, x: string, count: number): string {
  return node(graph, path, "Slice", [x, ints(graph, 0), ints(graph, count), ints(graph, 1)]);
}
