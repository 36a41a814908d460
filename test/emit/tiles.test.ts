/** Without this file a large weight, multiplied tile by tile, might give other bits than in one piece, or have tiles that no cache holds. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { vocabulary, vocabularyTile } from "../../src/emit/head.ts";
import { linear, tilesOf } from "../../src/emit/linear.ts";
import { createGraph, finish, input, node, output, weight } from "../../src/emit/graph.ts";
import { fewestColumns, oneOfMany, product, unshaped } from "../../src/emit/product.ts";
import type { DecoderSpec, LinearSpec, TensorRef } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import * as ort from "onnxruntime-node";
import { openGraph } from "./run_graph.ts";

const OUT = 9001;
const WIDTH = 2048;

test("a weight of 18 million elements gives the same bits in three tiles, in ten and whole, and so does a vocabulary", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saeq-tiles-"));
  try {
    const file = join(folder, "weight.bin");
    // bfloat16 patterns of ordinary size, the same on every run.
    writeFileSync(file, Uint16Array.from({ length: OUT * WIDTH }, (_, i) => (((i * 2654435761) >>> 16) & 0x80ff) | 0x3c00));
    const ref: TensorRef = { file, offset: 0, length: OUT * WIDTH * 2, dtype: "bf16", shape: [OUT, WIDTH] };
    let reference: readonly Buffer[] | null = null;
    for (const [threads, tiling, tiles] of [[1, "cached", 10], [3, "cached", 10], [1, "wide", 3], [3, "wide", 3]] as const) {
      const graph = createGraph("tiles", { ...CPU, parts: threads }, tiling);
      const x = input(graph, "x", "f32", ["T", WIDTH]);
      const spec: LinearSpec = { weight: ref, layout: "out_in", bias: null };
      assert.is(tilesOf(spec, threads, tiling).count, tiles);
      const ofVocabulary = Math.ceil(OUT / vocabularyTile(ref, { ...CPU, parts: threads }, tiling));
      assert.is(ofVocabulary, tiling === "wide" ? 2 : 10);
      output(graph, "tiled", linear(graph, "/tiled", x, spec), "f32", ["T", OUT]);
      output(graph, "logits", vocabulary(graph, { vocabulary: OUT, lmHead: ref, lmHeadBias: null } as DecoderSpec, x), "f32", ["T", OUT]);
      output(graph, "whole", node(graph, "/whole", "Gemm", [x, weight(graph, "/whole/weight", ref)], { transB: 1 }), "f32", ["T", OUT]);
      const products = graph.nodes.filter(({ op }) => op === "FusedMatMul");
      assert.is(products.length, tiles + ofVocabulary);
      assert.ok(products.every(({ inputs: [rows] }) => rows === unshaped(graph, x, WIDTH)), "none has rows of a known shape");
      const session = await openGraph(finish(graph, 0), threads);
      const wholes: Buffer[] = [];
      for (const [at, rows] of [2, 7, 64].entries()) {
        const data = Float32Array.from({ length: rows * WIDTH }, (_, i) => Math.sin(i));
        const { tiled, logits, whole } = await session.run({ x: new ort.Tensor("float32", data, [rows, WIDTH]) });
        const bytes = (tensor: ort.Tensor | undefined): Buffer => Buffer.from((tensor!.data as Float32Array).buffer);
        wholes.push(bytes(whole));
        const expected = reference?.[at] ?? bytes(whole);
        assert.ok(bytes(tiled).equals(expected), `${rows} rows, ${threads} threads, ${tiling}`);
        assert.ok(bytes(logits).equals(expected), `${rows} rows of logits, ${threads} threads, ${tiling}`);
      }
      reference ??= wholes;
      await session.release();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

// Inputs and outputs of maps of Llama 1B, 8B and 70B, and of Gemma 2 27B.
const MAPS = [[2048, 512], [2048, 8192], [8192, 2048], [4096, 1024], [4096, 14_336], [14_336, 4096], [8192, 28_672], [28_672, 8192], [4608, 36_864]] as const;
const mapOf = (inner: number, out: number, dtype: TensorRef["dtype"], layout: LinearSpec["layout"]): LinearSpec => ({ weight: { file: "", offset: 0, length: 0, dtype, shape: layout === "out_in" ? [out, inner] : [inner, out] }, layout, bias: null });

test("tiles of what few rows share are what the caches hold, no more than 32, and wide enough for all parts of a product", () => {
  for (const [inner, out] of MAPS) {
    for (const parts of [1, 2, 8, 64]) {
      for (const layout of ["out_in", "in_out"] as const) {
        const { count, elements } = tilesOf(mapOf(inner, out, "bf16", layout), parts, "cached");
        const columns = elements / inner;
        const words = `${inner} × ${out} in ${parts} parts: ${count} of ${columns}`;
        assert.ok(count >= 1 && count <= 32 && Number.isInteger(columns), words);
        assert.ok(count === 1 || columns >= Math.min(out, fewestColumns(parts)), words);
        assert.ok(elements < 2 ** 21 || count === 1 || count === 32 || columns < 2 * Math.max(128, fewestColumns(parts)), words);
        assert.ok(count * columns >= out && (count - 1) * columns < out, words);
      }
    }
    for (const parts of [1, 8, 64]) {
      const { count, elements } = tilesOf(mapOf(inner, out, "bf16", "out_in"), parts, "wide");
      assert.ok(count === 1 || (elements / inner >= Math.max(1024, fewestColumns(parts)) && elements <= 2 * Math.max(2 ** 23, inner * Math.max(1024, fewestColumns(parts)))), `${inner} × ${out} wide: ${count}`);
    }
    for (const tiling of ["wide", "cached"] as const) assert.equal(tilesOf(mapOf(inner, out, "f32", "out_in"), 1, tiling), { count: 1, elements: inner * out }, "what is float32 is not cast");
  }
});

test("of one of many products the runtime knows no shape, so that it looks for none of its like when a graph is opened", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saeq-tiles-"));
  try {
    const file = join(folder, "weight.bin");
    writeFileSync(file, new Uint8Array(2 * 256 * 64));
    const ref: TensorRef = { file, offset: 0, length: 2 * 256 * 64, dtype: "bf16", shape: [256, 64] };
    const graph = createGraph("shapes");
    const x = input(graph, "x", "f32", ["T", 64]);
    const matrix = weight(graph, "/weight", ref);
    // What it knew would not agree with these, and neither would be taken.
    output(graph, "many", oneOfMany(graph, "/many", unshaped(graph, x, 64), matrix, 256, "out_in"), "f32", ["one", "two", "three"]);
    output(graph, "alone", product(graph, "/alone", x, matrix, 256, "out_in"), "f32", ["one", "two", "three"]);
    const session = await openGraph(finish(graph, 0));
    assert.equal(session.outputMetadata.map((of) => (of.isTensor ? of.shape.length : null)), [3, 0]);
    await session.release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
