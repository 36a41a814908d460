/** Without this file directions would be ranked in other ways for other numbers of features, processes or threads, and a part of a matrix could be missed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../runtime/engine/engine.ts";
import { createBest } from "../../runtime/kernels/best.ts";
import { emitPromotes, emitSimilar, NO_COSINE, type RankingGraph } from "../../src/emit/directions.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec, StoredType, TensorRef } from "../../src/emit/specs.ts";
import { CPU, type Target } from "../../src/emit/target.ts";
import { ownFolder } from "../house/own_folder.ts";
import { numbers, randomModel, randomSae } from "./random_weights.ts";

const folder = ownFolder("saeq-directions-");
const D = 24;
/** More than two parts, the last of which is not whole. */
const M = 20_011;
const V = 17_003;

/** Values that bfloat16 holds exactly, so that both types have the same directions. */
function values(count: number, seed: number): Float32Array {
  const next = numbers(seed);
  return Float32Array.from({ length: count }, () => Math.round(next() * 256) / 256);
}

function matrix(name: string, [rows, columns]: readonly [number, number], at: (row: number, column: number) => number, dtype: StoredType = "f32"): TensorRef {
  const all = Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
  const bytes = dtype === "bf16" ? Uint16Array.from(new Uint32Array(all.buffer), (word) => word >>> 16) : all;
  const file = join(folder, `${name}.bin`);
  writeFileSync(file, new Uint8Array(bytes.buffer));
  return { file, offset: 0, length: bytes.byteLength, dtype, shape: [rows, columns] };
}

const rows = values(M * D, 1);
// A twin, one that points the other way, and two without a length.
rows.copyWithin(19_000 * D, 7 * D, 8 * D);
for (let i = 0; i < D; i++) rows[12_000 * D + i] = -2 * rows[7 * D + i]!;
rows.fill(0, 5 * D, 6 * D);
rows.fill(0, 18_000 * D, 18_001 * D);

function saeOf(layout: "in_out" | "out_in", dtype: StoredType): SaeSpec {
  const weight = layout === "in_out" ? matrix(`${layout}${dtype}`, [M, D], (row, column) => rows[row * D + column]!, dtype) : matrix(`${layout}${dtype}`, [D, M], (row, column) => rows[column * D + row]!, dtype);
  return { ...randomSae(join(folder, "encoder.bin"), { kind: "standard", dIn: D, dSae: 8, layout: "in_out" }), dSae: M, decoder: { weight, layout, dOut: D, scale: null, bias: null, skip: null } };
}

const head = values(V * D, 2);
head.copyWithin(16_500 * D, 3 * D, 4 * D);
const base = randomModel(join(folder, "model.bin"), { hiddenSize: D, heads: 2, kvHeads: 1, headDim: 12, mlpSize: 32, layers: 1 });
const model: DecoderSpec = { ...base, vocabulary: V, lmHead: matrix("head", [V, D], (row, column) => head[row * D + column]!) };

const FEATURES = [7, 19_000, 12_000, 3, 5, 20_010];

interface Found {
  readonly ids: readonly number[];
  readonly values: readonly number[];
}

/** What the engine finds, for each list and feature. */
async function ranked(made: RankingGraph, features: readonly number[], lanes: number, threads: number, count: number): Promise<readonly (readonly Found[])[]> {
  const engine = createEngine({ lanes, threads, batch: null });
  try {
    const best = made.largest.map((largest) => features.map(() => createBest(count, largest)));
    const shares: number[] = [];
    await engine.rank(made, {
      features,
      signal: new AbortController().signal,
      onShare: (share) => shares.push(share),
      onPart: (from, lists) => lists.forEach(({ count: each, values: v, ids }, list) => {
        for (let row = 0; row * each < ids.length; row++) best[list]![from + row]!.add(v.subarray(row * each, (row + 1) * each), ids.subarray(row * each, (row + 1) * each));
      }),
    });
    assert.is(shares.at(-1), 1);
    return best.map((list) => list.map((one) => one.take()).map(({ ids, values: v }) => ({ ids: [...ids], values: [...v] })));
  } finally {
    await engine.close();
  }
}

const target = (threads: number): Target => (threads === 1 ? CPU : { ...CPU, parts: threads });

function dot(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let sum = 0;
  for (let at = 0; at < D; at++) sum += a[i * D + at]! * b[j * D + at]!;
  return sum;
}

for (const [layout, dtype] of [["in_out", "f32"], ["out_in", "bf16"], ["in_out", "bf16"], ["out_in", "f32"]] as const) {
  test(`nearest directions across parts of a decoder ${layout} in ${dtype}, whatever the processes and threads`, async () => {
    const sae = saeOf(layout, dtype);
    const [found] = await ranked(emitSimilar(sae, 6, target(1)), FEATURES, 1, 1, 6);
    const lengths = Array.from({ length: M }, (_, j) => Math.sqrt(dot(rows, j, rows, j)));
    FEATURES.forEach((feature, at) => {
      const exact = (j: number): number => (lengths[j] === 0 || lengths[feature] === 0 ? NO_COSINE : dot(rows, feature, rows, j) / (lengths[j]! * lengths[feature]!));
      const { ids, values: cosines } = found![at]!;
      ids.forEach((id, i) => assert.ok(Math.abs(cosines[i]! - exact(id)) < 2e-6, `${feature} ${id}`));
      const order = Array.from({ length: M }, (_, j) => exact(j)).sort((a, b) => b - a);
      cosines.forEach((cosine, i) => assert.ok(Math.abs(cosine - order[i]!) < 2e-6, `${feature}: ${i}`));
    });
    // Of two that are equal the lower comes first, in whichever part they lie; a direction without a length is near to none.
    assert.equal(found![0]!.ids.slice(0, 2), [7, 19_000]);
    assert.equal(found![1]!.ids.slice(0, 2), [7, 19_000]);
    assert.is(found![0]!.values[0], found![0]!.values[1]);
    assert.ok(found![4]!.values.every((value) => value === NO_COSINE));
    for (const [lanes, threads] of [[3, 1], [1, 3]] as const) assert.equal((await ranked(emitSimilar(sae, 6, target(threads)), FEATURES, lanes, threads, 6))[0], found, `${lanes} ${threads}`);
    // One feature alone has the bits that it has among others.
    assert.equal((await ranked(emitSimilar(sae, 6, target(1)), [20_010], 1, 1, 6))[0]![0], found![5]);
  });
}

test("promoted tokens across parts of a vocabulary, whatever the processes and threads", async () => {
  const sae = saeOf("in_out", "f32");
  const scale = Float32Array.from({ length: M }, (_, i) => 1 + (i % 5));
  const scaled: SaeSpec = { ...sae, decoder: { ...sae.decoder!, scale } };
  const asked = { count: 5, largest: [true, false], raw: true };
  const found = await ranked(emitPromotes(scaled, model, asked, target(1)), FEATURES, 1, 1, 5);
  FEATURES.forEach((feature, at) => {
    const exact = Array.from({ length: V }, (_, token) => dot(rows, feature, head, token) * scale[feature]!);
    const sorted = exact.toSorted((a, b) => b - a);
    for (const [list, order] of [[0, sorted], [1, sorted.toReversed()]] as const) {
      const { ids, values: weights } = found[list]![at]!;
      ids.forEach((id, i) => assert.ok(Math.abs(weights[i]! - exact[id]!) < 1e-4 && Math.abs(weights[i]! - order[i]!) < 1e-4, `${feature} ${list} ${i}`));
    }
  });
  for (const [lanes, threads] of [[2, 1], [1, 2]] as const) assert.equal(await ranked(emitPromotes(scaled, model, asked, target(threads)), FEATURES, lanes, threads, 5), found);
  // Tokens 3 and 16500 are one: the lower first.
  const own: SaeSpec = { ...sae, decoder: { ...sae.decoder!, weight: model.lmHead! }, dSae: V };
  const [[same]] = await ranked(emitPromotes(own, model, { count: V, largest: [true], raw: true }, target(1)), [3], 1, 1, V) as [[Found]];
  assert.is(same.ids.indexOf(16_500), same.ids.indexOf(3) + 1);
  assert.is(same.values[same.ids.indexOf(3)], same.values[same.ids.indexOf(16_500)]);
});

/** `exact` of a feature and a token is what a graph says of the five that it promotes most. */
async function promotesAs(sae: SaeSpec, of: DecoderSpec, exact: (feature: number, token: number) => number): Promise<void> {
  const [found] = await ranked(emitPromotes(sae, of, { count: 5, largest: [true], raw: false }, target(1)), FEATURES, 1, 1, 5);
  FEATURES.forEach((feature, at) => {
    const order = Array.from({ length: V }, (_, token) => exact(feature, token)).sort((a, b) => b - a);
    found![at]!.ids.forEach((id, i) => assert.ok(Math.abs(found![at]!.values[i]! - exact(feature, id)) < 1e-4 && Math.abs(order[i]! - exact(feature, id)) < 1e-4, `${feature} ${i}`));
  });
}

test("a last LayerNorm without a weight takes the mean of a direction off, and no more", async () => {
  const plain: DecoderSpec = { ...model, norm: { kind: "layer", epsilon: 1e-5, offset: 0 }, finalNorm: { weight: null, bias: null } };
  const meanOf = (feature: number): number => rows.subarray(feature * D, (feature + 1) * D).reduce((sum, value) => sum + value, 0) / D;
  const sumOf = (token: number): number => head.subarray(token * D, (token + 1) * D).reduce((sum, value) => sum + value, 0);
  await promotesAs(saeOf("in_out", "f32"), plain, (feature, token) => dot(rows, feature, head, token) - meanOf(feature) * sumOf(token));
});

test("factors of the way to the logits are in what is promoted: that of the logits, and that of what attention and MLP add where an SAE writes there", async () => {
  const scaled: DecoderSpec = { ...model, finalNorm: { weight: matrix("ones", [1, D], () => 1), bias: null }, residualScale: 0.25, logitScale: 1 / 6 };
  const of = (hook: SaeSpec["hook"], hookOut: SaeSpec["hookOut"] = null): SaeSpec => ({ ...saeOf("in_out", "f32"), hook, hookOut });
  const mlp = { layer: 0, hook: "mlp_out", hookName: "blocks.0.hook_mlp_out" } as const;
  for (const [sae, factor] of [[of("resid_post"), 1], [of("attn_out"), 0.25], [of("mlp_out"), 0.25], [of("mlp_in", mlp), 0.25]] as const) {
    await promotesAs(sae, scaled, (feature, token) => (factor * dot(rows, feature, head, token)) / 6);
  }
});

test("what a direction adds to logits is times their factor; raw it is not", async () => {
  const scaled: DecoderSpec = { ...model, finalNorm: { weight: null, bias: null }, logitScale: 0.3 };
  await promotesAs(saeOf("in_out", "f32"), scaled, (feature, token) => 0.3 * dot(rows, feature, head, token));
  const raw = (of: DecoderSpec): ReturnType<typeof ranked> => ranked(emitPromotes(saeOf("in_out", "f32"), of, { count: 5, largest: [true], raw: true }, target(1)), FEATURES, 1, 1, 5);
  assert.equal(await raw(scaled), await raw(model));
});

test("memory of a call is bounded whatever the sizes of an SAE and a vocabulary", () => {
  const wide = { ...saeOf("in_out", "bf16"), dSae: 2 ** 20, decoder: { ...saeOf("in_out", "bf16").decoder!, dOut: 4096 } };
  const made = emitSimilar(wide, 10);
  assert.ok(made.columns * 4096 * 4 <= 2 ** 25 && made.columns * made.rows * 4 <= 2 ** 25, JSON.stringify([made.columns, made.rows]));
  assert.ok(made.columns >= 1024 && made.rows >= 512);
});

test("a cancel ends a ranking", async () => {
  const engine = createEngine({ lanes: 1, threads: 1, batch: null });
  const stop = new AbortController();
  const made = emitSimilar(saeOf("in_out", "f32"), 3);
  const error = await engine.rank(made, { features: FEATURES, signal: stop.signal, onShare: () => stop.abort(), onPart: () => {} }).then(() => null, (reason: unknown) => reason);
  await engine.close();
  assert.is((error as Error).name, "AbortError");
});

test("the best of pieces do not depend on the order in which these come, nor on what two of them share", () => {
  const pieces = [{ values: [3, 1, 2], ids: [4, 9, 2] }, { values: [2, 5, 3], ids: [2, 0, 1] }, { values: [3], ids: [7] }];
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    const [most, least] = [createBest(4, true), createBest(3, false)];
    for (const at of order) for (const best of [most, least]) best.add(pieces[at]!.values, pieces[at]!.ids);
    assert.equal([...most.take().ids], [0, 1, 4, 7]);
    assert.equal([...least.take().ids], [9, 2, 1]);
  }
  assert.is(createBest(3, true).take().ids.length, 0);
});

test.run();
