/** Without this file a feature that the screen misses, or a value computed in another order, would change results unseen. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { quantizeFeatures } from "../../runtime/engine/quantizing.ts";
import { isExact } from "../../runtime/engine/lane_eight_bits.ts";
import type { Triples } from "../../runtime/engine/found_features.ts";
import { openScreen, screenRows } from "../../runtime/engine/lane_screening.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitScreened } from "../../src/emit/screen.ts";
import type { QuantizedEncoder, SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { StoredType } from "../../src/emit/specs.ts";
import { randomSae, type SaeShape } from "../emit/random_weights.ts";
import { floats, openBytes, openGraph, type Outputs } from "../emit/run_graph.ts";
import { generator } from "../kernels/seeded.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-screening-"));
test.after(() => rmSync(folder, { recursive: true }));

const D = 320;
/** More than one product, more than one tile of the dense graph, and a last product that is narrow. */
const M = 8192 + 1030;

/** On one thread. */
const ALONE = { open: openBytes, threads: 1, parts: 1 } as const;

let files = 0;
function sparse(kind: SaeKind, shape: Partial<SaeShape> = {}): SaeSpec {
  const sae = randomSae(join(folder, `sae${files++}.bin`), { kind, dIn: D, dSae: M, layout: "out_in", ...shape });
  // About one feature in a hundred is active for inputs of `ordinary`.
  return {
    ...sae,
    threshold: sae.threshold?.map((theta) => theta * 42) ?? null,
    bias: kind === "standard" ? sae.bias.map((bias) => bias - (shape.normalize === undefined || shape.normalize === "none" ? 36 : 18)) : sae.bias,
    gateBias: sae.gateBias?.map((bias) => bias - 36) ?? null,
  };
}

function quantized(sae: SaeSpec): QuantizedEncoder {
  const file = join(folder, `levels${files++}.bin`);
  const rowsAt = sae.encoderLayout === "in_out" ? M * D : null;
  writeFileSync(file, "");
  truncateSync(file, M * D + (rowsAt === null ? 0 : sae.encoder.length));
  const inOut = rowsAt !== null;
  const parts = [[0, 3001], [3001, M]].map(([from, to]) => quantizeFeatures(sae.encoder, inOut, from!, to!, { file, rowsAt }));
  const whole = (name: "scale" | "norm" | "error"): Float32Array => Float32Array.from(parts.flatMap((part) => Array.from(part[name])));
  return { levels: { file, offset: 0 }, rows: rowsAt === null ? sae.encoder : { ...sae.encoder, file, offset: rowsAt, shape: [M, D] }, scale: whole("scale"), norm: whole("norm"), error: whole("error") };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);
const sameBytes = (a: Int32Array | Float32Array, b: Int32Array | Float32Array): boolean => bytesOf(a).equals(bytesOf(b));
const narrow = (outputs: Outputs, name: string): Int32Array => Int32Array.from(outputs[name]!.data as BigInt64Array, Number);

/** What the screened encoder gives for residuals x [N, D], after comparing every bit with the dense graph's. */
async function compared(sae: SaeSpec, x: Float32Array, together?: number): Promise<Triples> {
  const feed = { residual: new ort.Tensor("float32", x, [x.length / D, D]) };
  const dense = await openGraph(emitEncode(sae));
  const expected = await dense.run(feed);
  await dense.release();
  const before = await openGraph(emitScreened(sae));
  const shifted = floats(await before.run(feed), "tap0_shifted");
  await before.release();
  const encoder = quantized(sae);
  const ways: Triples[] = [];
  for (const [inPairs, threads] of [[false, 1], [true, 1], [false, 2], [true, 3]] as const) {
    const screen = openScreen(sae, encoder, { open: openBytes, threads, parts: threads }, inPairs, together);
    const found = await screenRows(screen, shifted, await isExact(openBytes));
    await screen.release();
    // Lists of thousands: what `assert.equal` makes of two that differ takes minutes.
    assert.ok(sameBytes(found.row, narrow(expected, "tap0_row")), "rows");
    assert.ok(sameBytes(found.feature, narrow(expected, "tap0_feature")), "features");
    assert.ok(sameBytes(found.value, floats(expected, "tap0_value")), "values");
    ways.push(found);
  }
  return ways[1]!;
}

function ordinary(rows: number, seed = 5): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length: rows * D }, () => 4 * (next() + next() + next() - 1.5));
}

/** Rows that are hard to bound, two or more of each, among ordinary ones. */
function adversarial(): Float32Array {
  const x = ordinary(40, 9);
  const row = (n: number): Float32Array => x.subarray(n * D, (n + 1) * D);
  row(0).fill(0);
  row(1).fill(-0);
  row(2).fill(1e-42);
  row(3).forEach((value, i, all) => (all[i] = value * 1e-38));
  row(4)[17] = 3000;
  row(5)[17] = -2500;
  row(6)[200] = 1e20;
  row(7)[3] = Number.NaN;
  row(8)[3] = Number.POSITIVE_INFINITY;
  row(9).fill(3e38);
  row(10).forEach((value, i, all) => (all[i] = value * 1000));
  row(11).forEach((value, i, all) => (all[i] = value * 1e-3));
  row(12).fill(0)[5] = 1;
  for (let i = 0; i < D; i += 9) row(13)[i] = 500;
  return x;
}

const layouts = ["in_out", "out_in"] as const;
const types = ["f32", "bf16"] as const satisfies readonly StoredType[];
for (const [at, kind] of (["standard", "jumprelu", "gated", "topk"] as const).entries()) {
  test(`${kind}: screened and dense agree in every bit, on ordinary and on adversarial activations`, async () => {
    for (const layout of layouts) {
      const dtype = types[(at + layouts.indexOf(layout)) % 2]!;
      const sae = sparse(kind, { layout, dtype, normalize: layout === "in_out" && kind === "standard" ? "layer_norm" : "none" });
      const found = await compared(sae, ordinary(120));
      const [rows, candidates, , dense] = found.counts as unknown as readonly [number, number, number, number];
      assert.ok(found.row.length > 120, "something is active");
      if (sae.normalize === "none") {
        assert.is(dense, 0);
        assert.ok(candidates < 0.2 * rows * M, `${candidates} candidates in ${rows} rows exclude most`);
      }
      await compared(sae, adversarial());
    }
  });
}

test("more rows than one product takes, and than are computed together, agree in every bit", async () => {
  const x = ordinary(1100, 31);
  x.set(adversarial(), 500 * D);
  for (const sae of [sparse("jumprelu", { dtype: "bf16" }), { ...sparse("topk"), k: 7 }, sparse("gated")]) {
    for (const together of [256, 512, undefined]) assert.ok((await compared(sae, x, together)).row.length > 1100);
  }
});

test("all features just at their threshold: a feature in front of it is silent, one behind it is active", async () => {
  const sae = { ...sparse("jumprelu"), outputScale: null };
  const x = ordinary(64);
  const everything = await compared({ ...sae, threshold: new Float32Array(M) }, x);
  const threshold = new Float32Array(M).fill(1e6);
  const expected = new Set<number>();
  for (let entry = 0; entry < everything.row.length; entry++) {
    const feature = everything.feature[entry]!;
    if (threshold[feature] !== 1e6) continue;
    const value = everything.value[entry]!;
    // The value itself, which is not above it, or the float32 before.
    threshold[feature] = value;
    if (feature % 2 === 0) continue;
    new Uint32Array(threshold.buffer)[feature]! -= 1;
    expected.add(everything.row[entry]! * M + feature);
  }
  const found = await compared({ ...sae, threshold }, x);
  const active = new Set(Array.from(found.row, (row, entry) => row * M + found.feature[entry]!));
  assert.ok(expected.size > 1000);
  for (const pair of expected) assert.ok(active.has(pair));
});

test("topk: equal values go to the lower feature, also where duplicates lie in other products", async () => {
  const sae = { ...sparse("topk"), k: 33 };
  const bytes = readFileSync(sae.encoder.file);
  const row = D * 4;
  for (const copy of [4095, 4096, 8191, 8192, M - 1]) bytes.copy(bytes, sae.encoder.offset + copy * row, sae.encoder.offset + 77 * row, sae.encoder.offset + 78 * row);
  writeFileSync(sae.encoder.file, bytes);
  const flat = { ...sae, preScale: null, outputScale: null, inputShift: null, bias: new Float32Array(M) };
  const x = ordinary(20);
  // Row 0 is the duplicated feature's own direction: all six lead.
  const weights = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  x.set(weights.subarray(77 * D, 78 * D).map((weight) => 3 * weight), 0);
  const found = await compared(flat, x);
  const first = Array.from(found.feature.subarray(0, 33));
  for (const feature of [77, 4095, 4096, 8191, 8192, M - 1]) assert.ok(first.includes(feature));
  const three = await compared({ ...flat, k: 3 }, x);
  assert.equal(Array.from(three.feature.subarray(0, 3)), [77, 4095, 4096]);
});

test("where this processor's order is the known one candidates are computed as pairs, and none but them", async () => {
  const sae = sparse("jumprelu");
  const pairs = openScreen(sae, quantized(sae), ALONE);
  const known = (await pairs.pairs()) !== null;
  const columns = openScreen(sae, quantized(sae), ALONE, false);
  const exact = await isExact(openBytes);
  const counted = async (screen: typeof pairs): Promise<readonly number[]> => Array.from((await screenRows(screen, ordinary(60), exact)).counts);
  const [[rows, candidates, computed], [, others, more]] = [await counted(pairs), await counted(columns)];
  for (const screen of [pairs, columns]) await screen.release();
  if (!known || !exact) return console.log("SKIPPED: this processor adds in another order");
  assert.is(rows, 60);
  assert.ok(candidates! > 60);
  assert.is(computed, candidates);
  assert.is(others, candidates);
  assert.ok(more! > 2 * candidates!, "gathered columns compute more than was asked");
});

test("weights in float16 are widened, and those in float64 rounded, before they are multiplied", async () => {
  for (const layout of layouts) for (const dtype of ["f16", "f64"] as const) await compared(sparse("jumprelu", { layout, dtype }), ordinary(40));
});

test("one row, two rows, rows without an active feature", async () => {
  const sae = sparse("jumprelu");
  await compared(sae, ordinary(2));
  assert.is((await compared({ ...sae, threshold: new Float32Array(M).fill(1e6) }, ordinary(5))).row.length, 0);
});

test("weights of odd sizes: zero, huge and tiny features, scales that are zero or negative", async () => {
  const sae = sparse("standard");
  const bytes = readFileSync(sae.encoder.file);
  const weights = new Float32Array(bytes.buffer, bytes.byteOffset, M * D);
  weights.fill(0, 0, D);
  for (let i = D; i < 2 * D; i++) weights[i]! *= 1e19;
  for (let i = 2 * D; i < 3 * D; i++) weights[i]! *= 1e-40;
  for (let i = 3 * D; i < 4 * D; i++) weights[i]! *= 1e30;
  weights[4 * D + 5] = 1e4;
  writeFileSync(sae.encoder.file, bytes);
  const preScale = Float32Array.from(sae.preScale!);
  preScale[10] = 0;
  preScale[11] = -1;
  preScale[12] = 1e-30;
  const bias = Float32Array.from(sae.bias);
  [bias[0], bias[2], bias[20]] = [1, 1e-41, 1e30];
  for (const kind of ["standard", "topk"] as const) await compared({ ...sae, kind, k: 12, preScale, bias }, adversarial());
});

test("where nothing can be excluded every row goes through the dense graph", async () => {
  const sae = { ...sparse("standard"), bias: new Float32Array(M).fill(50) };
  assert.equal(Array.from((await compared(sae, ordinary(7))).counts), [7, 0, 0, 7]);
});

test("a session that could not be opened once is opened the next time, and the others are released all the same", async () => {
  const sae = sparse("jumprelu");
  let failing = true;
  const open = async (bytes: Uint8Array): Promise<ort.InferenceSession> => {
    if (!failing) return openBytes(bytes);
    failing = false;
    throw new Error("bad_alloc");
  };
  const screen = openScreen(sae, quantized(sae), { ...ALONE, open });
  const failed = screen.dense();
  assert.match(await failed.then(() => "opened", (error: Error) => error.message), "bad_alloc");
  const session = await screen.dense();
  failing = true;
  const broken = screen.chosen();
  await Promise.allSettled([broken, screen.release()]);
  const feed = { residual: new ort.Tensor("float32", new Float32Array(D), [1, D]) };
  assert.ok(await session.run(feed).then(() => false, () => true), "a released session runs no more");
});

test.run();
