/** Without this file the spread of large numbers, or a median of equal ones, could be wrong or never come. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { aggregateOf } from "../../runtime/data/evaluate.ts";
import { aggregateTable, groupRows } from "../../runtime/data/grouping.ts";
import { atOnce } from "../../runtime/data/steps.ts";
import { columnNamed, createColumn, createTable, takeRows } from "../../runtime/data/table.ts";
import type { Cell, Column, Table } from "../../runtime/data/frame.ts";
import { createTurns } from "../../runtime/turns.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import { generator, shuffled } from "../kernels/seeded.ts";

type Aggregate = Scalar & { readonly op: "aggregate" };
const call = (fn: string, ...args: readonly Scalar[]): Aggregate => ({ op: "aggregate", fn, args, input: 0, type: "float" });
const at = (name: string): Scalar => ({ op: "column", name, type: "float" });
const level = (value: number): Scalar => ({ op: "literal", value, type: "float" });

/** Not-a-number stays what it is, and is no null. */
const floats = (cells: readonly (number | null)[], place: number): Column => ({ name: `${place}`, type: "float", values: Float64Array.from(cells, (cell) => cell ?? 0), valid: Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) });

/** What an aggregate gives of columns of numbers, and what it tells. */
function of(fn: string, ...columns: readonly (readonly (number | null)[])[]): Cell | string {
  const told: string[] = [];
  const cell = atOnce(aggregateOf(call(fn, ...columns.map((_, i) => at(`${i}`))), columns.map(floats), columns[0]!.length, (operation) => told.push(operation)));
  return told.length === 0 ? cell : `no ${told.join(", ")}`;
}
const quantile = (values: readonly (number | null)[], part: number): Cell | string => of("quantile", values, values.map(() => part));
const near = (found: Cell | string, wanted: number, off = 4e-16): void => assert.ok(typeof found === "number" && Math.abs(found - wanted) <= off * Math.abs(wanted), `${found} is not ${wanted}`);

test("medians and quantiles of many equal values, of few, and of none", () => {
  const equal = new Array<number>(300_000).fill(7);
  assert.equal([of("median", equal), of("mad", equal), quantile(equal, 0.9)], [7, 0, 7]);
  const two = Array.from({ length: 200_001 }, (_, i) => i % 2);
  assert.equal([of("median", two), of("mad", two), quantile(two, 0.25), quantile(two, 0.75)], [0, 0, 0, 1]);
  assert.equal([of("median", [4, null, 1, 3]), of("median", [4, 1]), of("mad", [1, 1, 2, 2, 4, 6, 9]), of("median", [null])], [3, 2.5, 1, null]);
  assert.equal([of("median", []), of("mad", []), quantile([], 0.5)], [null, null, null]);
});

test("a quantile lies between the two nearest ranks, as numpy's", () => {
  // numpy.quantile([0.1, 0.7, 1.9, 2.3, 5.5, 8.25], [0, 0.1, 0.25, 0.5, 0.61, 0.9, 1])
  const wanted = [0.1, 0.39999999999999997, 1.0, 2.0999999999999996, 2.459999999999999, 6.875, 8.25];
  const values = [5.5, 0.1, 2.3, 8.25, 0.7, 1.9];
  assert.equal([0, 0.1, 0.25, 0.5, 0.61, 0.9, 1].map((part) => quantile(values, part)), wanted);
  assert.throws(() => quantile(values, 1.5), "quantile takes a level from 0 to 1, not 1.5");
});

test("numbers that lie close, far apart, at the ends of what there is, and that are none", () => {
  assert.equal([of("median", [3e-301, 1e-301, 2e-301]), quantile([1e-310, 2e-310, 3e-310], 0.5), of("mad", [1e-320, 2e-320, 4e-320])], [2e-301, 2e-310, 1e-320]);
  assert.equal([of("median", [2 ** 1023, 1.5 * 2 ** 1023]), quantile([-1.7e308, 1.7e308], 0.5)], [1.25 * 2 ** 1023, 0]);
  assert.equal([of("median", [1, Infinity, 2]), quantile([1, 2, Infinity], 0.5), of("median", [1, Infinity])], [2, 2, "no median"]);
  for (const fn of ["median", "mad", "std", "var"]) assert.is(of(fn, [1, Number.NaN, 3, 4]), `no ${fn}`, fn);
  for (const fn of ["corr", "cosine"]) for (const odd of [Number.NaN, Infinity]) assert.is(of(fn, [1, odd, 3], [1, 2, 3]), `no ${fn}`, fn);
  assert.ok(Object.is(of("median", [-0]), 0), "one zero, whatever the order of two");
});

/** 0 … 999 again and again, in steps of 2^-20. */
const ROWS = 100_000;
const small = Array.from({ length: ROWS }, (_, i) => (i % 1000) * 2 ** -20);
const offset = small.map((value) => value + 1.7e9);
const varianceOf = (rows: number): number => ((1e6 - 1) / 12) * 2 ** -40 * (rows / (rows - 1));

test("a large number on top moves no spread", () => {
  near(of("var", small), varianceOf(ROWS));
  near(of("var", offset), varianceOf(ROWS));
  near(of("std", offset), Math.sqrt(varianceOf(ROWS)));
  near(of("corr", offset, small), 1);
  near(of("corr", offset, small.map((value) => -1e12 - value * 2 ** 12)), -1);
  // Their mean is no double, nor is any number between them.
  assert.is(of("var", [2 ** 53, 2 ** 53 + 2]), 2);
  near(of("corr", [2 ** 53, 2 ** 53 + 2, 2 ** 53 + 2], [0, 1, 1]), 1);
  assert.is(of("std", new Array<number>(1001).fill(0.1)), 0);
});

test("numbers whose squares are no doubles have spread, correlation and cosine", () => {
  near(of("std", [1e200, 2e200, 3e200]), 1e200);
  near(of("std", [1e-200, 2e-200, 3e-200]), 1e-200);
  assert.is(of("var", [1e200, 2e200]), "no var");
  for (const size of [1e200, 1e-200, 1e308, 2 ** -1070]) {
    const [left, right] = [[1, 2, 3, 4], [2, 1, 4, 3]].map((values) => values.map((value) => (value / 4) * size)) as [number[], number[]];
    near(of("corr", left, right), 0.6);
    near(of("corr", left, [2, 1, 4, 3]), 0.6);
    near(of("cosine", left, right), 28 / 30);
  }
  assert.equal([of("corr", [1e200, 1e200], [1, 2]), of("cosine", [0, 0], [1, 2]), of("corr", [1, null], [1, 2]), of("cosine", [], [])], ["no corr", "no cosine", "no corr", null]);
  assert.is(of("cosine", [0.1, 0.2, 0.3], [0.1, 0.2, 0.3]), 1);
});

test("each figure is the same in any order of the rows, bit for bit, and of a group as of its rows", async () => {
  const next = generator(11);
  const draw = (): number[] => Array.from({ length: 40_000 }, () => (next() - 0.5) * 10 ** Math.floor(next() * 12));
  const [x, y] = [draw(), draw()];
  const table = createTable("t", [createColumn("x", "float", x), createColumn("y", "float", y), createColumn("g", "int", x.map((_, i) => i % 2))]);
  const columns = [...["median", "mad", "std", "var"].map((fn) => ({ name: fn, value: call(fn, at("x")) })), { name: "q", value: call("quantile", at("x"), level(0.3)) }, ...["corr", "cosine"].map((fn) => ({ name: fn, value: call(fn, at("x"), at("y")) }))];
  const figures = async (rows: Table): Promise<readonly Cell[]> => (await aggregateTable([{ name: null, table: rows }], columns, null, createTurns(), () => {})).columns.map(({ values }) => values[0]!);
  const wanted = await figures(table);
  for (const seed of [1, 2]) assert.equal(await figures(takeRows(table, shuffled(x.length, seed))), wanted);
  const { members } = await groupRows(table, ["g"], createTurns());
  const grouped = await aggregateTable(members.map(({ name, keys, value }) => ({ name, keys, table: value })), columns, [{ name: "g", type: "int" }], createTurns(), () => {});
  for (const [row, { value }] of members.entries()) assert.equal(columns.map(({ name }) => columnNamed(grouped, name).values[row]), await figures(value));
});

test.run();
