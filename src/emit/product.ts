/** Without this file the bits of a product would depend on how many rows it has and on how many threads share it. */
import { constant, ints, node, type Graph } from "./graph.ts";
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
  const transB = { transB: layout === "out_in" ? 1 : 0 };
  const { provider, parts = 1 } = graph.target;
  const missing = provider === "cpu" ? filledColumns(columns, parts) - columns : 0;
  if (missing === 0) return node(graph, path, "Gemm", [x, matrix, ...(bias === null ? [] : [bias])], transB);
  const filled = node(graph, `${path}/filled`, "Pad", [matrix, layout === "out_in" ? ints(graph, 0, 0, missing, 0) : ints(graph, 0, 0, 0, missing)]);
  const inputs = bias === null ? [x, filled] : [x, filled, node(graph, `${path}/filled_bias`, "Pad", [bias, ints(graph, 0, missing)])];
  return first(graph, path, node(graph, `${path}/columns`, "Gemm", inputs, transB), columns);
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
