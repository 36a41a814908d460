/** Without this file each part of a block would multiply by its weights in its own way, large ones at the cost of their float32 size. */
import { node, stored, weight, weightColumns, weightRows, type Graph } from "./graph.ts";
import { product } from "./product.ts";
import type { LinearSpec } from "./specs.ts";

/** Elements of a weight that are float32 at a time: 32 MiB, or 1,024 columns. */
export const MOST_ELEMENTS = 2 ** 23;

/** x [T, in] · W + b → [T, out]. A large W is cast and multiplied in tiles of output columns; not with CUDA, which has it in its memory once. */
export function linear(graph: Graph, path: string, x: string, { weight: ref, layout, bias }: LinearSpec): string {
  const [rows, columns] = ref.shape as readonly [number, number];
  if (rows * columns > MOST_ELEMENTS && ref.dtype !== "f32" && graph.target.provider !== "cuda") {
    const out = layout === "out_in" ? rows : columns;
    // Tiles of nearly one size: a narrow rest would be filled up with zeros.
    const count = Math.min(Math.ceil((rows * columns) / MOST_ELEMENTS), Math.max(1, Math.floor(out / 1024)));
    const size = Math.ceil(out / count / 128) * 128;
    const parts = Array.from({ length: Math.ceil(out / size) }, (_, i) => {
      const tile = `${path}/tile${i}`;
      const [start, end] = [i * size, Math.min(out, (i + 1) * size)];
      const part = layout === "out_in" ? weightRows(graph, `${tile}/weight`, ref, start, end) : weightColumns(graph, `${tile}/weight`, `${path}/weight`, ref, start, end);
      return product(graph, tile, x, part, end - start, layout);
    });
    const whole = node(graph, bias === null ? path : `${path}/product`, "Concat", parts, { axis: 1 });
    return bias === null ? whole : node(graph, path, "Add", [whole, weight(graph, `${path}/bias`, bias)]);
  }
  const matrix = weight(graph, `${path}/weight`, ref);
  return product(graph, path, x, matrix, layout === "out_in" ? rows : columns, layout, bias === null ? null : weight(graph, `${path}/bias`, bias));
}

/** Rows of a stored table by id int64 [n] → f32 [n, d]: gathered as stored and cast afterwards, so the table is never float32 as a whole. */
export function lookUp(graph: Graph, path: string, table: LinearSpec["weight"], ids: string): string {
  const rows = node(graph, `${path}/rows`, "Gather", [stored(graph, `${path}/table`, table), ids], { axis: 0 });
  return table.dtype === "f32" ? rows : node(graph, path, "Cast", [rows], { to: 1 });
}
