/** Without this file nothing would show that ranks equal pandas' and do not depend on the order of rows. */
import { isDeepStrictEqual } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sliceRows, sliceRowTable } from "../../runtime/kernels/csr.ts";
import { featureTotals, lookUp, rank, rankTotals } from "../../runtime/kernels/rank.ts";
import type { RankBy } from "../../src/ops/op.ts";
import { matrix, matrixOf, oracle, rowTable } from "./oracle.ts";
import { generator, shuffled } from "./seeded.ts";

for (const [i, group] of oracle.groups.entries()) {
  const { csr, rows } = matrixOf(group);
  const totals = featureTotals(csr, rows, group.threshold);

  test(`group ${i}: totals equal exact fractions and pandas`, () => {
    const { feature, count, sum, mean, max, frac } = group.totals;
    const found = lookUp(totals, Uint32Array.from(feature));
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
        assert.equal([...rank(csr, rows, { count: 5, by, descending, threshold: group.threshold }).features], order.slice(0, 5));
      }
    }
  });

  test(`group ${i}: the same bits for rows in any order`, () => {
    for (const seed of [1, 2, 3]) {
      const order = shuffled(csr.rows, seed);
      const again = featureTotals(sliceRows(csr, order), sliceRowTable(rows, order), group.threshold);
      for (const column of ["count", "sum", "mean", "max"] as const) assert.ok(isDeepStrictEqual(again[column], totals[column]), column);
    }
  });
}

test("never active features are looked up with count 0 and no mean", () => {
  const { csr, rows } = matrixOf(oracle.groups[0]!);
  const found = lookUp(featureTotals(csr, rows, 1e9), Uint32Array.of(4, 2));
  assert.equal([...found.count], [0, 0]);
  assert.equal([...found.sum, ...found.frac], [0, 0, 0, 0]);
  assert.ok([...found.mean, ...found.max].every(Number.isNaN));
});

test("a feature active in every row has frac 1", () => {
  const found = lookUp(featureTotals(matrix(3, [[[1, 2]], [[1, 5], [2, 1]]]), rowTable([0, 0])), Uint32Array.of(0, 1, 2));
  assert.equal([...found.frac], [0, 1, 0.5]);
});

test("NaN and infinity are counted, left out, and the first is named", () => {
  const csr = matrix(3, [[[0, 1]], [[0, Number.NaN], [1, 2]], [[0, Number.POSITIVE_INFINITY]], [[2, Number.NaN]]]);
  const totals = featureTotals(csr, rowTable([0, 0, 0, 1]));
  assert.equal(totals.nonFinite, { count: 2, first: { document: 0, position: 1 } });
  assert.equal([...totals.count], [1, 1, 0]);
  assert.is(totals.sum[0], 1);
});

test("nothing to rank", () => {
  const found = rank(matrix(4, []), rowTable([]), { count: 10, by: "count", descending: true });
  assert.is(found.features.length, 0);
});

test("sums past 2²⁰ terms carry without loss", () => {
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
