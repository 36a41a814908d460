/** Without this file figures might depend on how many documents were taken in together. */
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { accumulate, createAccumulator, overallOf, totalsOfSums, type Accumulator, type Wanted } from "../../runtime/kernels/accumulate.ts";
import { concatenate, rowsOf } from "../../runtime/kernels/csr.ts";
import { addFloat, createFloatBag } from "../../runtime/kernels/float_bag.ts";
import { bagHistogram, floatHistogram } from "../../runtime/kernels/histogram.ts";
import { countedQuantiles, quantiles } from "../../runtime/kernels/quantile.ts";
import { rankTotals } from "../../runtime/kernels/rank.ts";
import { spreadOfCounts } from "../../runtime/kernels/statistics.ts";
import { tallies } from "../../runtime/kernels/histogram.ts";
import { distinct } from "../../runtime/kernels/float_bag.ts";
import { bits } from "../session/open.ts";
import { matrix, rowTable } from "./oracle.ts";

const COLS = 40;
const WANTED: readonly Wanted[] = [{ of: "features", threshold: 0 }, { of: "l0", threshold: 0.5 }, { of: "values", threshold: 0 }];

/** `count` small documents: rows, features and values of all sizes, some special tokens. */
function documents(count: number, seed: string) {
  const random = seedrandom(seed);
  return Array.from({ length: count }, () => {
    const rows = 1 + Math.floor(random() * 5);
    const ids = Int32Array.from({ length: rows }, () => Math.floor(random() * 8));
    const lists = Array.from({ length: rows }, () => Array.from({ length: COLS }, (_, i) => i).filter(() => random() < 0.1));
    const indptr = new Uint32Array(rows + 1);
    lists.forEach((list, row) => (indptr[row + 1] = indptr[row]! + list.length));
    const indices = Uint32Array.from(lists.flat());
    return { ids, part: { indptr, indices, values: Float32Array.from(indices, () => (random() < 0.01 ? Number.NaN : random() * 2 ** Math.floor(random() * 30 - 15))) } };
  });
}

const special = new Set([3]);
const everywhere = (ids: Int32Array): Uint32Array => Uint32Array.from(ids, (_, i) => i);

/** What states say in the end. */
function said(states: readonly Accumulator[]): string {
  return bits(states.map((state) => (state.of === "features" ? [totalsOfSums(state.sums), overallOf(state.sums)] : state.of === "l0" ? [...state.counts].sort(([a], [b]) => a - b) : bagHistogram([state.bag], null))));
}

test("the same figures for one matrix, for each document by itself, and in any order", () => {
  const all = documents(60, "a");
  const whole = WANTED.map((wanted) => createAccumulator(wanted, COLS));
  for (const state of whole) accumulate(state, concatenate(all.map(({ part }) => part), COLS), rowsOf(all.map(({ ids }) => ids), all.map(({ ids }) => everywhere(ids)), special));
  for (const order of [all, [...all].reverse()]) {
    const pieces = WANTED.map((wanted) => createAccumulator(wanted, COLS));
    for (const { ids, part } of order) for (const state of pieces) accumulate(state, { rows: ids.length, cols: COLS, ...part }, rowsOf([ids], [everywhere(ids)], special));
    assert.is(said(pieces), said(whole));
  }
});

/** Cells that a state holds: what memory grows with. */
function cells(state: Accumulator): number {
  if (state.of === "features") return state.sums.sums.limbs.reduce((sum, limb) => sum + (limb?.length ?? 0), state.sums.cols * 3);
  if (state.of === "l0") return state.counts.size;
  return state.bag.tables === null ? state.bag.chunks.length * 65536 : state.bag.tables.size * 65536;
}

test("a group of more tokens than 32 bits count is counted right", () => {
  const state = createAccumulator({ of: "features", threshold: 0 }, 3);
  if (state.of !== "features") return assert.unreachable();
  state.sums.rows = 0xffff_ffff;
  state.sums.count[1] = 0xffff_ffff;
  accumulate(state, matrix(3, [[[1, 2]]]), rowTable([0]));
  const totals = totalsOfSums(state.sums);
  assert.is(totals.rows, 2 ** 32);
  assert.is(totals.count[1], 2 ** 32);
  const [first] = rankTotals(totals, { count: 1, by: "count", descending: true }).count;
  assert.is(first, 2 ** 32);
});

test("a hundred times as many documents do not grow the states", () => {
  const some = documents(50, "b");
  const grown = WANTED.map((wanted) => createAccumulator(wanted, COLS));
  const take = (times: number): number[] => {
    for (let i = 0; i < times; i++) for (const { ids, part } of some) for (const state of grown) accumulate(state, { rows: ids.length, cols: COLS, ...part }, rowsOf([ids], [everywhere(ids)], special));
    return grown.map(cells);
  };
  const once = take(1);
  assert.equal(take(99), once);
});

test("a bag that counts gives the histogram and quantiles of one that lists", () => {
  const random = seedrandom("bag");
  const values = Float32Array.from({ length: 5000 }, () => Math.fround(random() < 0.2 ? 1.5 : (1 + random()) * 2 ** Math.floor(random() * 2 - 1)));
  const [lists, counts] = [createFloatBag(), createFloatBag()];
  for (const value of values) {
    addFloat(lists, value);
    addFloat(counts, value, 100);
  }
  assert.is(lists.tables, null);
  assert.not(counts.tables === null);
  for (const bins of [null, 1, 7]) {
    assert.equal(bagHistogram([counts], bins), floatHistogram([values], bins));
    assert.equal(bagHistogram([counts, lists], bins), floatHistogram([values, values], bins));
  }
  const levels = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];
  assert.equal(countedQuantiles(distinct([counts]), values.length, levels), quantiles(values, levels));
  // Counting does not grow with how often values come again.
  const before = counts.tables!.size;
  for (const value of values) addFloat(counts, value, 100);
  assert.is(counts.tables!.size, before);
});

test("mean, sd and median of counted integers", () => {
  const { mean, sd, p50, n } = spreadOfCounts(tallies(Uint32Array.of(1, 2, 2, 9)));
  // numpy: mean 3.5, std(ddof=1) 3.696845502136472, median 2.
  assert.equal({ mean, sd, p50, n }, { mean: 3.5, sd: 3.696845502136472, p50: 2, n: 4 });
  assert.equal(spreadOfCounts(new Map()), { n: 0, mean: null, sd: null, p50: null });
});

test.run();
