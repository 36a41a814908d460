/** Without this file nothing would show that group figures equal numpy's. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { add, addSingle, createSums, exactly, exactTotal, rounded, type Exact } from "../../runtime/kernels/exact_sum.ts";
import { overallOf } from "../../runtime/kernels/accumulate.ts";
import { distinct, listedValues } from "../../runtime/kernels/float_bag.ts";
import { countedQuantiles, orderStatistics, quantiles } from "../../runtime/kernels/quantile.ts";
import { spreadOfCounts } from "../../runtime/kernels/statistics.ts";
import { matrix, matrixOf, oracle, remembered, rowTable } from "./oracle.ts";
import { generator } from "./seeded.ts";

/** numpy adds in floating point: its mean and sd may be some units in the last place off. */
function near(found: number | null, expected: number): void {
  assert.ok(found !== null && Math.abs(found - expected) <= 4e-15 * Math.abs(expected), `${found} ${expected}`);
}

for (const [i, group] of oracle.groups.entries()) {
  const { csr, rows } = matrixOf(group);
  const { l0, activation } = group;

  test(`group ${i}: active features of a token are numpy's`, () => {
    const { counts } = remembered("l0", csr, rows, group.threshold);
    const ascending = [...counts].sort(([a], [b]) => a - b);
    assert.equal(ascending.flatMap(([value, times]) => new Array<number>(times).fill(value)), [...group.l0PerRow].sort((a, b) => a - b));
    const found = spreadOfCounts(counts);
    near(found.mean, l0.mean);
    near(found.sd, l0.sd);
    assert.is(found.p50, l0.p50);
    assert.is(found.n, group.tokens);
    assert.equal(countedQuantiles(ascending, found.n, [0, 0.05, 0.95, 1]), [l0.min, l0.p5, l0.p95, l0.max]);
  });

  test(`group ${i}: activations are numpy's`, () => {
    const { sums } = remembered("features", csr, rows, group.threshold);
    const found = overallOf(sums);
    near(found.mean, activation.mean);
    assert.is(found.max, activation.max);
    assert.is(found.live, group.live);
    assert.is(found.active, group.l0PerRow.reduce((sum, n) => sum + n, 0));
    assert.is(sums.rows, group.tokens);
    const { bag } = remembered("values", csr, rows, group.threshold);
    const [levels, expected] = [[0, 0.05, 0.5, 0.95, 1], [activation.min, activation.p5, activation.p50, activation.p95, activation.max]];
    assert.equal(quantiles(listedValues(bag), levels), expected);
    assert.equal(countedQuantiles(distinct([bag]), bag.size, levels), expected);
  });
}

test("sums over the whole range of float32 are exact, and rounded once", () => {
  const { values, sum, mean } = oracle.sums;
  const sums = createSums(3);
  for (const value of values) add(sums, 1, value);
  assert.is(rounded(exactly(sums, 1)), sum);
  assert.is(rounded(exactly(sums, 1), BigInt(values.length)), mean);
  assert.is(rounded(exactly(sums, 0)), 0);
  for (const value of values) add(sums, 1, -value);
  assert.is(exactly(sums, 1).integer, 0n);
});

test("the sum of all cells is that of their terms in one, to the last bit, however many cells there are", () => {
  const next = generator(9);
  for (const cells of [1, 7, 5000, 2 ** 20 + 3]) {
    const [apart, together] = [createSums(cells), createSums(1)];
    for (let i = 0; i < 20_000; i++) {
      const value = Math.fround((next() - 0.4) * 10 ** (60 * next() - 30));
      add(apart, i % 97 === 0 ? cells - 1 : Math.floor(next() * cells), value);
      add(together, 0, value);
    }
    assert.equal(exactTotal(apart), exactly(together, 0), `${cells} cells`);
  }
  // As full as cells may be before they carry, of both signs.
  const full = createSums(9);
  for (let cell = 0; cell < 9; cell++) {
    add(full, cell, 1);
    full.limbs[33]![cell] = (cell === 4 ? -1 : 1) * (2 ** 53 - 1 - cell);
  }
  assert.is(exactTotal(full).integer, Array.from({ length: 9 }, (_, cell) => exactly(full, cell).integer).reduce((sum, one) => sum + one, 0n));
});

test("numbers of float32 that are gathered first give the same sum, however many and wherever they are read", () => {
  const next = generator(11);
  const value = ({ integer, exponent }: Exact): bigint => integer << BigInt(exponent + 1074);
  const edges = [2 ** -16, 2 ** -16 - 2 ** -40, Math.fround(128 - 2 ** -17), 128, 0, -1, -(2 ** -16), 2 ** -149, 3e38];
  const [gathered, plain, read] = [createSums(5), createSums(5), createSums(5)];
  for (let i = 0; i < 30_000; i++) {
    const one = i % 7 === 0 ? Math.fround(edges[i % edges.length]!) : Math.fround((next() + 2 ** -17) * 2 ** (i % 9));
    // One cell gets nearly all, and the largest that is gathered many times over.
    const cell = i % 50 === 0 ? i % 5 : 2;
    addSingle(gathered, cell, one);
    addSingle(read, cell, one);
    add(plain, cell, one);
    if (i % 129 === 0) assert.is(value(exactly(read, cell)), value(exactly(plain, cell)), `after ${i} terms`);
  }
  // The lowest bit there is, and then as much above it as there can be.
  for (let i = 0; i < 1000; i++) for (const [put, sums] of [[addSingle, gathered], [add, plain]] as const) put(sums, 4, i % 3 === 0 ? 2 ** -16 + 2 ** -39 : Math.fround(128 - 2 ** -17));
  for (let cell = 0; cell < 5; cell++) {
    assert.is(value(exactly(gathered, cell)), value(exactly(plain, cell)));
    assert.is(rounded(exactly(gathered, cell), 7n), rounded(exactly(plain, cell), 7n));
  }
  assert.is(value(exactTotal(gathered)), value(exactTotal(plain)));
});

test("sums past 2²⁰ terms carry without loss, of either sign", () => {
  // The middle limb of `wide` is 2³² − 1, the most a term adds to one: without carries it would pass 2⁵³, and an odd total would be rounded.
  const wide = 1 - 2 ** -53;
  const each = 2 ** 21;
  const sums = createSums(2);
  for (let i = 0; i < each; i++) for (const value of [wide, wide, 1 / 3]) {
    add(sums, 0, value);
    add(sums, 1, -value);
  }
  add(sums, 0, 2 ** -53);
  add(sums, 1, -(2 ** -53));
  const { integer, exponent } = exactly(sums, 0);
  const expected = BigInt(each) * (2n ** 55n - 4n + BigInt((1 / 3) * 2 ** 54)) + 2n;
  assert.is(integer, expected << BigInt(-54 - exponent));
  assert.equal(exactly(sums, 1), { integer: -integer, exponent });
  assert.is(rounded(exactTotal(sums)), 0);
});

test("rounding goes to the nearest double, ties to even", () => {
  const of = (...terms: number[]): number => {
    const sums = createSums(1);
    for (const term of terms) add(sums, 0, term);
    return rounded(exactly(sums, 0));
  };
  assert.is(of(1, 2 ** -53), 1);
  assert.is(of(1, 2 ** -53, 2 ** -200), 1 + 2 ** -52);
  assert.is(of(1 + 2 ** -52, 2 ** -53), 1 + 2 ** -51);
  assert.is(of(1e308, -1e308, 5e-324), 5e-324);
  assert.is(of(0.1, 0.2), 0.30000000000000004);
  assert.is(rounded({ integer: 1n, exponent: 0 }, 3n), 1 / 3);
});

test("order statistics equal those of a sort", () => {
  const next = generator(8);
  const values = Float32Array.from({ length: 5000 }, () => (next() - 0.5) * 10 ** (8 * next() - 4));
  values.set([0, 0, -1e-45, 3e38], 17);
  const ranks = [0, 1, 2, 777, 2500, 2501, 4998, 4999];
  const sorted = values.slice().sort();
  assert.equal(orderStatistics(values, ranks), ranks.map((rank) => sorted[rank]!));
});

test("nothing and one of something have no mean or no sd", () => {
  const spread = (of: ReturnType<typeof matrix>, masked: readonly number[]) => spreadOfCounts(remembered("l0", of, rowTable(masked)).counts);
  const overall = (of: ReturnType<typeof matrix>, masked: readonly number[]) => overallOf(remembered("features", of, rowTable(masked)).sums);
  assert.equal(spread(matrix(4, []), []), { n: 0, mean: null, sd: null, p50: null });
  assert.equal(overall(matrix(4, []), []), { active: 0, live: 0, mean: null, max: null });
  const one = matrix(4, [[[2, 1.5]], [[0, Number.NaN]]]);
  assert.equal(spread(one, [0, 1]), { n: 1, mean: 1, sd: null, p50: 1 });
  assert.equal(overall(one, [0, 1]), { active: 1, live: 1, mean: 1.5, max: 1.5 });
});

test.run();
