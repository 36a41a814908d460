/** Without this file nobody could measure how fast weights are read where few rows share them, as in a step that writes one token of each text. */
import { createGraph, finish, input, node, output } from "./graph.ts";
import type { EmittedGraph } from "./specs.ts";

/** Matrices [out, in] to be read: one whose float32 copy stays in a processor's caches, and one whose copy does not. */
export const SMALL_MATRIX = [1024, 1024] as const;
export const LARGE_MATRIX = [4096, 2048] as const;

/** Products with `count` matrices one after another, those of two bytes cast first as a model's are: `x` f32 [N, in], `w0` … [out, in] → `y0` … f32 [N, out]. */
export function emitReading(element: "f32" | "f16", [rows, columns]: readonly [number, number], count: number): EmittedGraph {
  const graph = createGraph("reading");
  const x = input(graph, "x", "f32", ["N", columns]);
  for (let at = 0; at < count; at++) {
    const stored = input(graph, `w${at}`, element, [rows, columns]);
    const matrix = element === "f32" ? stored : node(graph, `/w${at}`, "Cast", [stored], { to: 1 });
    output(graph, `y${at}`, node(graph, `/y${at}`, "Gemm", [x, matrix], { transB: 1 }), "f32", ["N", rows]);
  }
  return finish(graph, 0);
}

/** What a step does with what is kept: `past0` … f32 [P, width], one row more at the end of each, `row` f32 [1, width] → `present0` … f32 [P + 1, width]. */
export function emitCopying(width: number, count: number): EmittedGraph {
  const graph = createGraph("copying");
  const row = input(graph, "row", "f32", [1, width]);
  for (let at = 0; at < count; at++) {
    const past = input(graph, `past${at}`, "f32", ["P", width]);
    output(graph, `present${at}`, node(graph, `/present${at}`, "Concat", [past, row], { axis: 0 }), "f32", ["P+1", width]);
  }
  return finish(graph, 0);
}
