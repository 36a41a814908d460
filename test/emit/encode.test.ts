/** Without this file tiles, ties and empty results of the encoder would go unseen: the parity fixtures fit in one tile. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emitForward, forwardGraph } from "../../src/emit/forward.ts";
import { printGraph } from "../../src/emit/graph.ts";
import { emitEncode, encodeGraph, TILE, tileOf } from "../../src/emit/encode.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { GraphTap } from "../../src/emit/specs.ts";
import { numbers, randomModel, randomSae, type SaeShape } from "./random_weights.ts";
import { encodeRows, forwardFeeds, openGraph, triples, type Outputs } from "./run_graph.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-encode-"));
test.after(() => rmSync(folder, { recursive: true }));

const D = 16;
const ROWS = 5;

function residual(rows = ROWS): Float32Array {
  const next = numbers(7);
  return Float32Array.from({ length: rows * D }, () => 3 * next());
}

/** The encoder's weights as [m][d], from either layout and from float32 or bfloat16. */
function weights({ encoder, encoderLayout, dSae }: SaeSpec): (feature: number, at: number) => number {
  const bytes = Uint8Array.from(readFileSync(encoder.file)).buffer;
  const words = encoder.dtype === "f32" ? new Float32Array(bytes) : new Float32Array(Uint32Array.from(new Uint16Array(bytes), (half) => half << 16).buffer);
  return (feature, at) => words[encoderLayout === "out_in" ? feature * D + at : at * dSae + feature] as number;
}

function normalizedRow(sae: SaeSpec, x: readonly number[]): readonly number[] {
  if (sae.normalize === "none") return x;
  if (sae.normalize === "constant_norm_rescale") return x.map((value) => (value * Math.sqrt(D)) / Math.hypot(...x));
  const mean = x.reduce((sum, value) => sum + value, 0) / D;
  const std = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (D - 1));
  return x.map((value) => (value - mean) / (std + 1e-5));
}

/** `SaeSpec`'s own formula in float64: [row][feature] values, 0 where inactive. */
function reference(sae: SaeSpec, x: Float32Array): number[][] {
  const weight = weights(sae);
  return Array.from({ length: x.length / D }, (_, row) => {
    const seen = normalizedRow(sae, Array.from(x.subarray(row * D, (row + 1) * D))).map((value, at) => value - (sae.inputShift?.[at] ?? 0));
    const values = Array.from({ length: sae.dSae }, (_, feature) => {
      const raw = seen.reduce((sum, value, at) => sum + value * weight(feature, at), 0);
      const vector = (of: Float32Array | null, otherwise: number): number => of?.[feature] ?? otherwise;
      if (sae.kind === "gated") return raw + vector(sae.gateBias, 0) > 0 ? Math.max(raw * vector(sae.magnitudeScale, 1) + vector(sae.bias, 0), 0) : 0;
      const pre = (raw + vector(sae.bias, 0)) * vector(sae.preScale, 1);
      return sae.kind === "topk" || sae.kind === "groupmax" || pre > vector(sae.threshold, 0) ? pre : 0;
    });
    const kept = sae.kind === "topk" ? keepLargest(values, sae.k ?? 0) : sae.kind === "groupmax" ? keepFirstOfGroups(values, values.length / (sae.k ?? 1)) : values;
    return kept.map((value, feature) => Math.max(value, 0) * (sae.outputScale?.[feature] ?? 1));
  });
}

function keepLargest(values: readonly number[], k: number): number[] {
  const order = values.map((_, at) => at).sort((a, b) => (values[b] as number) - (values[a] as number) || a - b);
  const kept = new Set(order.slice(0, k));
  return values.map((value, at) => (kept.has(at) ? value : 0));
}

function keepFirstOfGroups(values: readonly number[], size: number): number[] {
  const kept = values.map(() => 0);
  for (let first = 0; first < values.length; first += size) {
    const group = values.slice(first, first + size);
    const most = Math.max(...group);
    kept[first + group.indexOf(most)] = most;
  }
  return kept;
}

const m = 2 * TILE + 1000;
const cases: readonly (readonly [string, SaeShape])[] = [
  ["standard, three tiles of rows", { kind: "standard", dIn: D, dSae: m, layout: "out_in" }],
  ["standard, three tiles of columns in bfloat16", { kind: "standard", dIn: D, dSae: m, layout: "in_out", dtype: "bf16" }],
  ["jumprelu, three tiles of columns", { kind: "jumprelu", dIn: D, dSae: m, layout: "in_out", normalize: "constant_norm_rescale" }],
  ["topk, three tiles", { kind: "topk", dIn: D, dSae: m, layout: "out_in", dtype: "bf16" }],
  ["gated, three tiles", { kind: "gated", dIn: D, dSae: m, layout: "in_out", normalize: "layer_norm" }],
  // 12 groups of 1,448: five to a tile, and none is cut.
  ["groupmax, three tiles", { kind: "groupmax", dIn: D, dSae: 12 * 1448, layout: "in_out", dtype: "bf16" }],
  ["groupmax, groups wider than a tile", { kind: "groupmax", dIn: D, dSae: 12 * (TILE + 10), layout: "out_in" }],
  ["topk, one tile", { kind: "topk", dIn: D, dSae: 100, layout: "in_out" }],
];

for (const [name, shape] of cases) {
  test(`${name}: sorted triples equal the formula`, async () => {
    const sae = randomSae(join(folder, "sae.bin"), shape);
    const x = residual();
    const found = await encodeRows(emitEncode(sae), x, D);
    const keys = found.map(([row, feature]) => row * sae.dSae + feature);
    assert.ok(keys.every((key, at) => at === 0 || key > (keys[at - 1] as number)), "sorted by row, then feature");
    const expected = reference(sae, x);
    const count = expected.flat().filter((value) => value > 0).length;
    assert.is(found.length, count);
    for (const [row, feature, value] of found) {
      const theirs = expected[row]?.[feature] as number;
      assert.ok(Math.abs(value - theirs) <= 1e-5 * Math.max(1, theirs), `${row} ${feature}: ${value}, ${theirs}`);
    }
  });
}

test("equal pre-activations of topk go to the lower feature, within a tile and across tiles", async () => {
  const sae = randomSae(join(folder, "ties.bin"), { kind: "topk", dIn: D, dSae: m, layout: "out_in" });
  const same = (value: number): Float32Array => new Float32Array(m).fill(value);
  const bias = same(1);
  for (const high of [40, TILE + 3, TILE + 9, m - 1]) bias[high] = 2;
  const tied = { ...sae, inputShift: null, preScale: null, outputScale: null, bias, k: 7 };
  const found = await encodeRows(emitEncode(tied), new Float32Array(2 * D), D);
  assert.equal(found.filter(([row]) => row === 0).map(([, feature]) => feature), [0, 1, 2, 40, TILE + 3, TILE + 9, m - 1]);
});

test("nothing active gives empty triples", async () => {
  for (const dSae of [50, m]) {
    for (const kind of ["jumprelu", "topk", "standard"] as const) {
      const sae = randomSae(join(folder, "silent.bin"), { kind, dIn: D, dSae, layout: "out_in" });
      const found = await encodeRows(emitEncode({ ...sae, inputShift: null, preScale: null, bias: new Float32Array(dSae).fill(-1) }), new Float32Array(2 * D), D);
      assert.equal(found, []);
    }
  }
});

test("NaN shows as a value instead of vanishing", async () => {
  const sae = randomSae(join(folder, "nan.bin"), { kind: "jumprelu", dIn: D, dSae: 50, layout: "out_in" });
  const x = residual(2);
  x[D] = NaN;
  const found = await encodeRows(emitEncode(sae), x, D);
  assert.is(found.filter(([row, , value]) => row === 1 && Number.isNaN(value)).length, 50);
});

test("k larger than the SAE keeps every positive feature", async () => {
  const sae = { ...randomSae(join(folder, "wide.bin"), { kind: "topk", dIn: D, dSae: 30, layout: "in_out" }), k: 500 };
  const found = await encodeRows(emitEncode(sae), residual(2), D);
  assert.is(found.length, reference(sae, residual(2)).flat().filter((value) => value > 0).length);
});

for (const kind of ["standard", "jumprelu", "gated"] as const) {
  test(`${kind}: chosen features have the bits they have among all, however few they are`, async () => {
    for (const layout of ["in_out", "out_in"] as const) {
      const sae = randomSae(join(folder, "chosen.bin"), { kind, dIn: D, dSae: m, layout, dtype: layout === "in_out" ? "bf16" : "f32" });
      const x = residual();
      const all = await encodeRows(emitEncode(sae), x, D);
      const busy = [...new Set(all.map(([, feature]) => feature))].sort((a, b) => a - b);
      for (const features of [[busy[3]!], busy.filter((_, at) => at % 40 === 0), busy.slice(0, 500)]) {
        const asked = new Set(features);
        const expected = all.filter(([, feature]) => asked.has(feature));
        assert.ok(expected.length > 0);
        assert.equal(await encodeRows(emitEncode(sae, features), x, D), expected);
      }
    }
  });
}

test("chosen features of a topk SAE, or ones that do not ascend or exist, are a bug of the planner", () => {
  const spec = { kind: "topk", dIn: D, dSae: 300, layout: "out_in" } as const;
  assert.throws(() => emitEncode(randomSae(join(folder, "refused.bin"), spec), [1]), /depends on others/);
  const sae = randomSae(join(folder, "refused.bin"), { ...spec, kind: "standard" });
  for (const features of [[2, 1], [1, 1], [300], [-1]]) assert.throws(() => emitEncode(sae, features), /ascend and exist/);
});

test("tiles of a million features are many, bounded and nearly equal; the last is no narrow rest", () => {
  for (const dSae of [1_000_000, TILE + 1, 3 * TILE - 1, 131_072]) {
    const tensor = { file: "/w", offset: 0, length: dSae * D * 2, dtype: "bf16", shape: [dSae, D] } as const;
    const shape = { ...randomSae(join(folder, "wide.bin"), { kind: "standard", dIn: D, dSae: 100, layout: "out_in" }), dSae, encoder: tensor, bias: new Float32Array(dSae), preScale: null, outputScale: null };
    const products = printGraph(encodeGraph(shape)).split("\n").flatMap((line) => /weight\/bf16: bf16\[(\d+),16\]/.exec(line)?.[1] ?? []).map(Number);
    assert.is(products.reduce((sum, width) => sum + width, 0), dSae);
    assert.is(products.length, Math.ceil(dSae / TILE));
    assert.ok(products.every((width) => width <= TILE && width > TILE / 2 - 256), products.join(" "));
  }
});

test("tiles of encoders that read many numbers are narrower: what is float32 of them stays within 64 MiB, and they stay wide enough for their bits", () => {
  assert.equal([16, 576, 2048, 2304, 4096, 16_384, 65_536].map((dIn) => tileOf(dIn, "cpu")), [TILE, TILE, TILE, 7168, 4096, 1024, 1024]);
  const [dIn, dSae] = [4096, 10_000];
  const tensor = { file: "/w", offset: 0, length: dSae * dIn * 2, dtype: "bf16", shape: [dSae, dIn] } as const;
  const sae = { ...randomSae(join(folder, "deep.bin"), { kind: "standard", dIn: D, dSae: 100, layout: "out_in" }), dIn, dSae, encoder: tensor, inputShift: null, bias: new Float32Array(dSae), preScale: null, outputScale: null };
  const products = printGraph(encodeGraph(sae)).split("\n").flatMap((line) => /weight\/bf16: bf16\[(\d+),4096\]/.exec(line)?.[1] ?? []).map(Number);
  assert.equal(products, [3344, 3344, 3312]);
});

test("two SAEs on one residual: one pass gives both what each gives alone", async () => {
  const model = randomModel(join(folder, "shared.bin"), { hiddenSize: D, heads: 2, kvHeads: 1, headDim: 16, mlpSize: 24, layers: 2 });
  const saes = (["jumprelu", "topk"] as const).map((kind) => randomSae(join(folder, `${kind}.bin`), { kind, dIn: D, dSae: 500, layout: "in_out" }));
  const tap = { layer: 1, hook: "resid_post" } as const;
  const taps = saes.map((sae) => ({ ...tap, sae }));
  const lines = printGraph(forwardGraph(model, taps, { blocks: null, slice: true })).split("\n");
  assert.is(lines.filter((line) => line.includes("GroupQueryAttention")).length, 2);
  const feeds = forwardFeeds([[1, 5, 9, 2], [7, 7]]);
  const run = async (asked: readonly GraphTap[]): Promise<Outputs> => {
    const session = await openGraph(emitForward(model, asked, { blocks: null, slice: true }));
    const outputs = await session.run(feeds);
    await session.release();
    return outputs;
  };
  const both = await run(taps);
  for (const [at, one] of taps.entries()) {
    assert.ok(triples(both, at).length > 0);
    assert.equal(triples(both, at), triples(await run([one])));
  }
});

test.run();
