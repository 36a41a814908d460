/** Without this file the bound behind the screen would be trusted because results happen to agree. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { quantize } from "../../runtime/kernels/eight_bits.ts";
import { outlyingDimensions } from "../../runtime/kernels/outliers.ts";
import { commonFeatures, groupRows } from "../../runtime/kernels/row_groups.ts";
import { floorsOf } from "../../runtime/kernels/floors.ts";
import { openProductScan, TOGETHER } from "../../runtime/kernels/product_scan.ts";
import { byRow, noCandidates, screenTile, type RowBounds } from "../../runtime/kernels/screen.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { generator } from "./seeded.ts";

/** Vectors of many shapes, d each: flat, spiked, tiny, constant, alternating. */
function vectors(d: number, count: number, seed: number): readonly Float32Array[] {
  const next = generator(seed);
  return Array.from({ length: count }, (_, n) => {
    const scale = 10 ** (12 * next() - 6);
    const spike = n % 4 === 1 ? Math.floor(next() * d) : -1;
    return Float32Array.from({ length: d }, (_, i) => (n % 4 === 2 ? scale * (i % 2 === 0 ? 1 : -1) : scale * (next() + next() - 1) * (i === spike ? 100 : 1)));
  });
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

test("levels, scale and error add up to the vector, and the norms are no smaller than the true ones", () => {
  for (const d of [1, 7, 300]) {
    for (const vector of [...vectors(d, 40, d), new Float32Array(d), new Float32Array(d).fill(1e-40)]) {
      const levels = new Int8Array(d);
      const { scale, norm, kept, error } = quantize(vector, 0, d, levels, 0, 0, null);
      const left = Array.from(vector, (value, i) => value - scale * levels[i]!);
      assert.ok(norm >= Math.sqrt(dot(vector, vector)));
      assert.ok(error >= Math.sqrt(dot(left, left)) && error <= Math.sqrt(dot(left, left)) * 1.000001 + 1e-40);
      assert.ok(kept >= scale * Math.sqrt(dot(levels, levels)));
      assert.ok(Math.abs(Math.fround(scale) - scale) === 0);
      // Half a step each, unless all levels are 0.
      if (levels.some((level) => level !== 0)) assert.ok(left.every((value) => Math.abs(value) <= scale * 0.500001));
    }
  }
});

test("skipped dimensions have no level, but count in the norm", () => {
  const levels = new Int8Array(3);
  const { norm, kept, error } = quantize(Float32Array.of(3, 1000, -4), 0, 3, levels, 0, 0, Uint8Array.of(0, 1, 0));
  assert.is(levels[1], 0);
  assert.ok(norm > 1000 && Math.abs(kept - 5) < 0.02 && error < 0.02);
});

/** An SAE of which only the vectors matter. */
function sae(kind: SaeSpec["kind"], d: number, m: number, vectorsOf: Partial<SaeSpec>): SaeSpec {
  const tensor = { file: "", offset: 0, length: 0, dtype: "f32", shape: [m, d] } as const;
  const empty = { inputShift: null, preScale: null, threshold: null, k: null, gateBias: null, magnitudeScale: null, outputScale: null };
  return { kind, digest: "", dIn: d, dSae: m, encoder: tensor, encoderLayout: "out_in", decoder: null, noDecoder: "", normalize: "none", bias: new Float32Array(m), ...empty, layer: 0, hook: "resid_post", hookName: "", convention: "saelens", modelName: null, prependBos: false, hookOut: null, module: null, notes: [], format: "sae_lens", ...vectorsOf };
}

/** Candidates of each row, from vectors alone. */
function screened(spec: SaeSpec, rows: readonly Float32Array[], weights: readonly Float32Array[]): readonly (readonly number[])[] {
  const d = spec.dIn;
  const bounds: { scale: number[]; norm: number[]; error: number[] } = { scale: [], norm: [], error: [] };
  const q = weights.map((weight) => {
    const levels = new Int8Array(d);
    const { scale, norm, error } = quantize(weight, 0, d, levels, 0, 0, null);
    bounds.scale.push(scale);
    bounds.norm.push(norm);
    bounds.error.push(error);
    return levels;
  });
  const stride = Math.ceil(rows.length / TOGETHER) * TOGETHER;
  const g = (2 * d + 8) * 2 ** -24 * 1.01;
  const block: RowBounds = { count: rows.length, scale: new Float64Array(stride), perNorm: new Float64Array(rows.length), perError: new Float64Array(rows.length), constant: new Float64Array(rows.length).fill(1e-30) };
  const levels = rows.map((row, n) => {
    const made = new Int8Array(d);
    const { scale, norm, kept, error } = quantize(row, 0, d, made, 0, 0, null);
    block.scale[n] = scale;
    block.perNorm[n] = error + g * norm;
    block.perError[n] = kept;
    return made;
  });
  const into = noCandidates(rows.length, weights.length, spec.k);
  const features = { scale: Float32Array.from(bounds.scale), norm: Float32Array.from(bounds.norm), error: Float32Array.from(bounds.error) };
  const half = weights.length >> 1;
  const floors = floorsOf(spec);
  const scan = openProductScan(weights.length - half, rows.length);
  for (const [start, end] of [[0, half], [half, weights.length]] as const) {
    for (let j = start; j < end; j++) levels.forEach((level, n) => (scan.products[(j - start) * stride + n] = dot(q[j]!, level)));
    screenTile(scan, null, stride, [start, end], features, floors, block, into);
  }
  return byRow(into).map((list) => Array.from(list));
}

test("no feature above its threshold is left out, and most below are", () => {
  const d = 96;
  const rows = vectors(d, 24, 1);
  const weights = vectors(d, 400, 2);
  const pre = rows.map((row) => weights.map((weight) => dot(row, weight)));
  // Thresholds in the middle of what occurs, so that many pairs are close to them.
  const threshold = Float32Array.from(weights, (_, j) => Math.abs(pre[j % rows.length]![j]!) * 0.999);
  const lists = screened(sae("jumprelu", d, weights.length, { threshold }), rows, weights);
  let active = 0;
  let candidates = 0;
  rows.forEach((_, n) => {
    const list = new Set(lists[n]);
    candidates += list.size;
    weights.forEach((_weight, j) => {
      if (!(pre[n]![j]! > threshold[j]!)) return;
      active++;
      assert.ok(list.has(j), `row ${n}, feature ${j}`);
    });
  });
  assert.ok(active > 300, String(active));
  assert.ok(candidates < 2 * active + 0.2 * rows.length * weights.length, `${candidates} candidates, ${active} active`);
});

test("topk: the candidates hold the k largest of every row", () => {
  const d = 64;
  const next = generator(4);
  const rows = vectors(d, 16, 5);
  const weights = Array.from({ length: 500 }, () => Float32Array.from({ length: d }, () => next() + next() - 1));
  const preScale = Float32Array.from(weights, () => 0.5 + next());
  for (const k of [1, 7, 40]) {
    const lists = screened(sae("topk", d, weights.length, { k, preScale }), rows, weights);
    rows.forEach((row, n) => {
      const values = weights.map((weight, j) => dot(row, weight) * preScale[j]!);
      const best = values.map((_, j) => j).filter((j) => values[j]! > 0).sort((a, b) => values[b]! - values[a]! || a - b).slice(0, k);
      const list = new Set(lists[n]);
      for (const j of best) assert.ok(list.has(j), `row ${n}, k ${k}, feature ${j}`);
      assert.ok(list.size < 0.5 * weights.length, `${list.size}`);
    });
  }
});

const sizes = (x: Float32Array, d: number): Float64Array => Float64Array.from({ length: x.length / d }, (_, n) => dot(x.subarray(n * d, (n + 1) * d), x.subarray(n * d, (n + 1) * d)));

test("outlying dimensions are those far above a row's own size, the worst sixteen at most", () => {
  const d = 512;
  const x = Float32Array.from({ length: 4 * d }, (_, i) => Math.sin(i * 12.9898) * 2);
  assert.equal(outlyingDimensions(x, d, sizes(x, d), Uint32Array.of(0, 1, 2, 3)), []);
  x[2 * d + 40] = -300;
  x[3 * d + 7] = Number.NaN;
  assert.equal(outlyingDimensions(x, d, sizes(x, d), Uint32Array.of(0, 1, 2, 3)), [40]);
  assert.equal(outlyingDimensions(x, d, sizes(x, d), Uint32Array.of(0, 1)), []);
  const spikes = new Float32Array(20 * d);
  for (let n = 0; n < 20; n++) spikes[n * d + n] = 100 + n;
  assert.is(outlyingDimensions(spikes, d, sizes(spikes, d), Uint32Array.from({ length: 20 }, (_, n) => n)).length, 16);
});

test("groups hold every row once, its features all, ascending, and at least as many as a product needs", () => {
  const next = generator(8);
  const lists = Array.from({ length: 60 }, (_, n) => Uint32Array.from(new Set(Array.from({ length: n % 9 === 0 ? 400 : 30 }, () => Math.floor(next() * (n < 30 ? 60 : 5000))))).sort());
  const rows = Uint32Array.from(lists.keys());
  const groups = groupRows(rows, lists, 5000, 128);
  assert.equal(groups.flatMap((group) => Array.from(group.rows)), Array.from(rows));
  assert.ok(groups.some((group) => group.rows.length > 5), "rows that share features go together");
  assert.ok(groups.length > 5, "rows that share none do not");
  for (const { rows: members, features } of groups) {
    assert.ok(features.length >= 128);
    assert.ok(features.every((feature, i) => i === 0 || feature > features[i - 1]!));
    const all = new Set(features);
    for (const row of members) for (const feature of lists[row]!) assert.ok(all.has(feature));
  }
});

test("features that most rows want are common, if they are enough", () => {
  const rows = Uint32Array.from({ length: 100 }, (_, n) => n);
  const lists = Array.from(rows, (n) => Uint32Array.from({ length: 200 }, (_, i) => (i < 150 ? i : 1000 + n * 50 + i)));
  assert.equal(Array.from(commonFeatures(rows, lists, 10_000, 128)), Array.from({ length: 150 }, (_, i) => i));
  assert.is(commonFeatures(rows, lists, 10_000, 151).length, 0);
});

test.run();
