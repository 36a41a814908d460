/** Without this file nothing would show that ranks equal pandas' and do not depend on the order of rows. */
import { isDeepStrictEqual } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { totalsOfSums } from "../../runtime/kernels/accumulate.ts";
import type { Csr, Rows } from "../../runtime/kernels/csr.ts";
import { rankTotals, type FeatureTotals, type Ranked } from "../../runtime/kernels/rank.ts";
import type { RankBy } from "../../src/ops/op.ts";
import { matrix, matrixOf, oracle, remembered, rowsAt, rowTable } from "./oracle.ts";
import { generator, shuffled } from "./seeded.ts";

const featureTotals = (csr: Csr, rows: Rows, threshold = 0): FeatureTotals => totalsOfSums(remembered("features", csr, rows, threshold).sums);

/** All features that are active, by number. */
function byNumber(totals: FeatureTotals): Ranked {
  const ranked = rankTotals(totals, { count: totals.cols, by: "count", descending: true });
  const order = [...ranked.features.keys()].sort((a, b) => ranked.features[a]! - ranked.features[b]!);
  return Object.fromEntries(Object.entries(ranked).map(([name, values]: [string, Ranked["count"]]) => [name, values.map((_, i) => values[order[i]!]!)])) as unknown as Ranked;
}

for (const [i, group] of oracle.groups.entries()) {
  const { csr, rows } = matrixOf(group);
  const totals = featureTotals(csr, rows, group.threshold);

  test(`group ${i}: totals equal exact fractions and pandas`, () => {
    const { feature, count, sum, mean, max, frac } = group.totals;
    const found = byNumber(totals);
    assert.equal([...found.features], [...feature].sort((a, b) => a - b));
    assert.equal([...found.count], count);
    assert.equal([...found.sum], sum);
    assert.equal([...found.mean], mean);
    assert.equal([...found.max], max);
    assert.equal([...found.frac], frac);
    assert.is(totals.rows, group.tokens);
    assert.is(totals.count.filter((n) => n > 0).length, feature.length);
  });

  test(`group ${i}: every order, ties to the lower feature`, () => {
    for (const by of ["count", "mean", "max", "sum", "frac"] satisfies RankBy[]) {
      for (const descending of [true, false]) {
        const order = group.orders[`${by} ${descending ? "desc" : "asc"}`]!;
        assert.equal([...rankTotals(totals, { count: 1000, by, descending }).features], order, `${by} ${descending}`);
        assert.equal([...rankTotals(totals, { count: 5, by, descending }).features], order.slice(0, 5));
      }
    }
  });

  test(`group ${i}: the same bits for rows in any order`, () => {
    for (const seed of [1, 2, 3]) {
      const order = shuffled(csr.rows, seed);
      const turned = rowsAt(csr, rows, [...order]);
      const again = featureTotals(turned.csr, turned.rows, group.threshold);
      for (const column of ["count", "sum", "mean", "max"] as const) assert.ok(isDeepStrictEqual(again[column], totals[column]), column);
    }
  });
}

test("features that are never active have count 0 and no mean, and no rank", () => {
  const { csr, rows } = matrixOf(oracle.groups[0]!);
  const totals = featureTotals(csr, rows, 1e9);
  assert.ok(totals.count.every((count) => count === 0) && totals.sum.every((sum) => sum === 0));
  assert.ok([...totals.mean, ...totals.max].every(Number.isNaN));
  assert.is(rankTotals(totals, { count: 10, by: "mean", descending: true }).features.length, 0);
});

test("a feature active in every row has frac 1", () => {
  const found = byNumber(featureTotals(matrix(3, [[[1, 2]], [[1, 5], [2, 1]]]), rowTable([0, 0])));
  assert.equal([...found.features], [1, 2]);
  assert.equal([...found.frac], [1, 0.5]);
});

test("NaN and infinity are left out", () => {
  const csr = matrix(3, [[[0, 1]], [[0, Number.NaN], [1, 2]], [[0, Number.POSITIVE_INFINITY]], [[2, Number.NaN]]]);
  const totals = featureTotals(csr, rowTable([0, 0, 0, 1]));
  assert.equal([...totals.count], [1, 1, 0]);
  assert.is(totals.sum[0], 1);
});

test("nothing to rank", () => {
  const found = rankTotals(featureTotals(matrix(4, []), rowTable([])), { count: 10, by: "count", descending: true });
  assert.is(found.features.length, 0);
});

test("sums of more than 2²⁰ tokens lose nothing", () => {
  const next = generator(4);
  const n = (1 << 20) * 2 + 17;
  const values = Float32Array.from({ length: n }, () => next() * 8);
  let expected = 0n;
  for (const value of values) expected += BigInt(value * 2 ** 60);
  const csr = { rows: n, cols: 1, indptr: Uint32Array.from({ length: n + 1 }, (_, i) => i), indices: new Uint32Array(n), values };
  const rows = { count: n, document: new Uint32Array(n), position: new Uint32Array(n), token: new Int32Array(n), masked: new Uint8Array(n) };
  assert.is(featureTotals(csr, rows).sum[0], Number(expected) / 2 ** 60);
});

test.run();
