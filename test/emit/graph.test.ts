/** Without this file the order of nodes and the sharing of constants, which cost memory when wrong, would be nobody's promise. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emitForward, forwardGraph } from "../../src/emit/forward.ts";
import { generateGraph } from "../../src/emit/generate.ts";
import { constant, createGraph, input, node, printGraph } from "../../src/emit/graph.ts";
import { randomModel, randomSae } from "./random_weights.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-graph-"));
test.after(() => rmSync(folder, { recursive: true }));
const model = randomModel(join(folder, "model.bin"), { hiddenSize: 16, heads: 2, kvHeads: 1, headDim: 16, mlpSize: 24, layers: 2, dtype: "bf16" });
const dense = { layer: 0, hook: "resid_post", sae: null } as const;

test("a name used twice is a bug, and so is a value that does not exist", () => {
  const graph = createGraph("t");
  const x = input(graph, "x", "f32", ["N"]);
  node(graph, "/y", "Neg", [x]);
  assert.throws(() => node(graph, "/y", "Neg", [x]), /twice/);
  assert.throws(() => node(graph, "/z", "Neg", ["/nowhere"]), /does not exist/);
});

test("equal constants are one initializer", () => {
  const graph = createGraph("t");
  assert.is(constant(graph, "f32", [2], [1, 2]), constant(graph, "f32", [2], [1, 2]));
  assert.is.not(constant(graph, "f32", [2], [1, 2]), constant(graph, "i64", [2], [1, 2]));
  assert.is(graph.initializers.size, 2);
});

test("weight casts and slices come before every other node", () => {
  const sae = randomSae(join(folder, "sae.bin"), { kind: "standard", dIn: 16, dSae: 9000, layout: "in_out", dtype: "bf16" });
  for (const graph of [forwardGraph(model, [{ ...dense, sae }], { blocks: 1, slice: true }), generateGraph(model)]) {
    const lines = printGraph(graph).split("\n");
    const isWeight = (line: string): boolean => / = (Cast|Slice)\(.*(bf16|weight\/slice)/.test(line);
    const first = lines.findIndex((line) => line.includes(" = ") && !isWeight(line));
    assert.ok(graph.weightNodes.length > 8);
    assert.is(lines.findLastIndex(isWeight) < first, true);
  }
});

test("a cut model maps only the blocks it needs", () => {
  const whole = emitForward(model, [dense], { blocks: null, slice: false });
  const cut = emitForward(model, [dense], { blocks: 1, slice: true });
  const perBlock = 2 * (2 * 16 + 16 * 16 * 2 * (2 + 1) + 3 * 16 * 24);
  assert.is(cut.mappedBytes, 2 * 100 * 16 + perBlock);
  assert.is(whole.mappedBytes - cut.mappedBytes, perBlock);
  assert.is(whole.flopsPerToken, 2 * cut.flopsPerToken);
  assert.equal(cut.outputs, ["tap0_dense"]);
  assert.equal(whole.outputs, ["tap0_dense", "rest"]);
  assert.equal(cut.inputs, ["input_ids", "layout", "lengths", "total", "wanted"]);
});

test("the key is a function of the bytes", () => {
  const options = { blocks: 1, slice: true };
  assert.is(emitForward(model, [dense], options).key, emitForward(model, [dense], options).key);
  assert.is.not(emitForward(model, [dense], options).key, emitForward(model, [dense], { blocks: 1, slice: false }).key);
});

test("a graph prints as text", () => {
  const text = printGraph(forwardGraph(model, [dense], { blocks: 1, slice: true }));
  assert.match(text, /^graph forward\(input_ids: i64\[B, S\], layout: i64\[3\], lengths: i32\[B\], total: i32\[1\], wanted: i64\[N\]\) -> \(tap0_dense: f32\[N, 16\]\)\n/);
  assert.match(text, "\n  /layers.0/attn/attention, /layers.0/attn/attention:1, /layers.0/attn/attention:2 = com.microsoft.GroupQueryAttention(/layers.0/attn/q/heads, /layers.0/attn/k/heads, /layers.0/attn/v/heads, -, -, /lengths/last_key, total, ");
  assert.match(text, "\n  /layers.0/mixed_rows = Gather(/layers.0/attn/mixed, wanted, axis=0)\n");
  assert.not.match(text, folder);
});

test("a tap beyond the blocks asked for is a bug", () => {
  assert.throws(() => emitForward(model, [{ ...dense, layer: 1 }], { blocks: 1, slice: true }), /need 2 blocks/);
  assert.throws(() => emitForward(model, [{ ...dense, layer: 2 }], { blocks: null, slice: true }), /need 3 blocks/);
});

test.run();
