/** Without this file a large weight, multiplied tile by tile, might give other bits than in one piece. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { linear } from "../../src/emit/linear.ts";
import { createGraph, finish, input, node, output, weight } from "../../src/emit/graph.ts";
import type { TensorRef } from "../../src/emit/specs.ts";
import * as ort from "onnxruntime-node";
import { openGraph } from "./run_graph.ts";

const OUT = 9001;
const WIDTH = 2048;

test("a weight of 18 million elements gives the same bits tiled and whole", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saeq-tiles-"));
  try {
    const file = join(folder, "weight.bin");
    // bfloat16 patterns of ordinary size, the same on every run.
    writeFileSync(file, Uint16Array.from({ length: OUT * WIDTH }, (_, i) => (((i * 2654435761) >>> 16) & 0x80ff) | 0x3c00));
    const ref: TensorRef = { file, offset: 0, length: OUT * WIDTH * 2, dtype: "bf16", shape: [OUT, WIDTH] };
    const graph = createGraph("tiles");
    const x = input(graph, "x", "f32", ["T", WIDTH]);
    output(graph, "tiled", linear(graph, "/tiled", x, { weight: ref, layout: "out_in", bias: null }), "f32", ["T", OUT]);
    output(graph, "whole", node(graph, "/whole", "Gemm", [x, weight(graph, "/whole/weight", ref)], { transB: 1 }), "f32", ["T", OUT]);
    const session = await openGraph(finish(graph, 0));
    for (const rows of [2, 7, 64]) {
      const data = Float32Array.from({ length: rows * WIDTH }, (_, i) => Math.sin(i));
      const { tiled, whole } = await session.run({ x: new ort.Tensor("float32", data, [rows, WIDTH]) });
      assert.equal(new Uint32Array((tiled!.data as Float32Array).buffer), new Uint32Array((whole!.data as Float32Array).buffer), `${rows} rows`);
    }
    await session.release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
