/** Without this file the figures of a table might depend on the order of its rows, or on how it was cut into pieces. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { atOnce } from "../../runtime/data/steps.ts";
import { TOTALS, totalOf as stepsOf } from "../../runtime/data/totals.ts";
import { generator, shuffled } from "../kernels/seeded.ts";

const totalOf = (...parts: Parameters<typeof stepsOf>): number | null => atOnce(stepsOf(...parts));

test("sums are exact, where one addition after the other is not", () => {
  assert.is(totalOf("sum", Array.from({ length: 10 }, () => 0.1)), 1);
  assert.is(totalOf("sum", [1e16, 1, -1e16]), 1);
  assert.is(totalOf("mean", [1e308, 1e308]), 1e308);
  assert.is(totalOf("mean", [2 ** 53, 1, 1]), (2 ** 53 + 2) / 3);
  assert.is(totalOf("frac", [1, 0, 1], 4), 0.5);
});

test("no values, nulls, infinities and signed zeros", () => {
  for (const [name, value] of [["count", 0], ["sum", 0], ["mean", null], ["min", null], ["max", null], ["frac", null]] as const) assert.is(totalOf(name, []), value, name);
  assert.is(totalOf("count", [1, 1], 5), 2);
  assert.is(totalOf("mean", [1, 2], 5), 1.5);
  assert.is(totalOf("sum", [1, Infinity]), Infinity);
  assert.ok(Number.isNaN(totalOf("sum", [Infinity, 1, -Infinity])));
  for (const zeros of [[0, -0], [-0, 0]]) assert.equal([Object.is(totalOf("min", zeros), -0), Object.is(totalOf("max", zeros), 0)], [true, true]);
});

test("an int ends at 2^53: what is beyond it before it is rounded is no int, and a float like any other", () => {
  const [most, one] = [2 ** 53, 1];
  for (const sign of [1, -1]) {
    const sum = (values: readonly number[], int: boolean): number | null => totalOf("sum", values.map((value) => sign * value), values.length, int);
    assert.equal([sum([most], true), sum([most - 1, one], true), sum([most, one, -1], true)], [sign * most, sign * most, sign * most]);
    assert.equal([sum([most, one], true), sum([most, most], true), sum([most - 1, one, one], true)], [sign * Infinity, sign * Infinity, sign * Infinity].map(Math.abs));
    assert.equal([sum([most, one], false), sum([1e300, 1], false), sum([0], true), sum([], true)], [sign * most, sign * 1e300, 0, 0]);
  }
});

test("each total is the same in any order, bit for bit", () => {
  const next = generator(5);
  const values = Array.from({ length: 3000 }, () => (next() - 0.5) * 10 ** Math.floor(next() * 40 - 20));
  for (const name of Object.keys(TOTALS)) {
    const wanted = totalOf(name, values, 3100);
    for (const seed of [1, 2, 3]) assert.is(totalOf(name, Array.from(shuffled(values.length, seed), (i) => values[i]!), 3100), wanted, name);
  }
});

test.run();
