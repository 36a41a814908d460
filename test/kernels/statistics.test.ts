/** Without this file nothing would show that group figures equal numpy's. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { add, addSingle, createSums, exactly, exactTotal, rounded, type Exact } from "../../runtime/kernels/exact_sum.ts";
import { activeValues } from "../../runtime/kernels/active.ts";
import { orderStatistics } from "../../runtime/kernels/quantile.ts";
import { spreadOf, statistics } from "../../runtime/kernels/statistics.ts";
import type { Spread } from "../../runtime/kernels/statistics.ts";
import { matrix, matrixOf, oracle, rowTable } from "./oracle.ts";
import { generator } from "./seeded.ts";

function near(found: Spread, expected: Spread): void {
  for (const key of ["min", "p5", "p50", "p95", "max"] as const) assert.is(found[key], expected[key], key);
  // numpy adds in floating point: its mean and sd may be some units in the last place off.
  for (const key of ["mean", "sd"] as const) assert.ok(Math.abs(found[key]! - expected[key]!) <= 4e-15 * Math.abs(expected[key]!), `${key} ${found[key]} ${expected[key]}`);
}

for (const [i, group] of oracle.groups.entries()) {
  test(`group ${i}: figures of numpy`, () => {
    const { csr, rows } = matrixOf(group);
    const found = statistics(csr, rows, 31, group.threshold);
    near(found.l0, group.l0);
    near(found.activation, group.activation);
    assert.equal([...activeValues(csr, rows, group.threshold).l0], group.l0PerRow);
    assert.is(found.documents, 31);
    assert.is(found.tokens, group.tokens);
    assert.is(found.masked, csr.rows - group.tokens);
    assert.is(found.live, group.live);
    assert.is(found.neverActive, (csr.cols - group.live) / csr.cols);
    assert.is(found.active, group.l0PerRow.reduce((sum, n) => sum + n, 0));
  });
}

test("sums over the whole range of float32 are exact, and rounded once", () => {
  const { values, sum, mean, variance } = oracle.sums;
  const sums = createSums(3);
  for (const value of values) add(sums, 1, value);
  assert.is(rounded(exactly(sums, 1)), sum);
  assert.is(rounded(exactly(sums, 1), BigInt(values.length)), mean);
  assert.is(rounded(exactly(sums, 0)), 0);
  assert.is(spreadOf(Float32Array.from(values)).sd, Math.sqrt(variance));
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
  const none = statistics(matrix(4, []), rowTable([]), 0);
  assert.is(none.l0.mean, null);
  assert.is(none.activation.p50, null);
  assert.is(none.neverActive, 1);
  const one = statistics(matrix(4, [[[2, 1.5]], [[0, Number.NaN]]]), rowTable([0, 1]), 1);
  assert.equal(one.activation, { mean: 1.5, sd: null, min: 1.5, p5: 1.5, p50: 1.5, p95: 1.5, max: 1.5 });
  assert.is(one.l0.sd, null);
  assert.is(one.masked, 1);
  assert.is(one.nonFinite.count, 0);
});

test.run();
