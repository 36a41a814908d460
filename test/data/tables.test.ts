/** Without this file groups, joins and statistics could drift from pandas. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import { evaluate } from "../../runtime/data/evaluate.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { aggregateTable, groupRows, ungroupTable } from "../../runtime/data/grouping.ts";
import type { GroupPart } from "../../runtime/data/group_labels.ts";
import { joinTables } from "../../runtime/data/join.ts";
import { createValueStore } from "../../runtime/execute/value_store.ts";
import { rowKey } from "../../runtime/data/row_key.ts";
import { distinctRows, projectColumns, skipRows } from "../../runtime/data/rows.ts";
import { cellAt, createColumn, createTable, tableFromRows } from "../../runtime/data/table.ts";
import { createTurns } from "../../runtime/turns.ts";
import type { JoinKind } from "../../src/ops/op.ts";
import type { Scalar, ScalarLiteral } from "../../src/ops/scalar.ts";
import type { ColumnSchema, ScalarType } from "../../src/ops/schema.ts";

type Rows = readonly (readonly ScalarLiteral[])[];
const oracle = (JSON.parse(readFileSync(new URL("oracle.json", import.meta.url), "utf8")) as { tables: Record<string, Rows> & Record<string, unknown> }).tables;
const rowsOf = (table: Table): Cell[][] => Array.from({ length: table.rows }, (_, row) => table.columns.map((column) => cellAt(column, row)));
const near = (found: Cell, wanted: Cell): void => (typeof wanted === "number" && typeof found === "number" ? assert.ok(Math.abs(found - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${found} is not ${wanted}`) : assert.is(found, wanted));
const same = (found: Cell[][], wanted: Rows): void => {
  assert.is(found.length, wanted.length);
  found.forEach((row, i) => row.forEach((cell, at) => near(cell, wanted[i]![at]!)));
};

const MARKS: readonly ColumnSchema[] = [{ name: "key", type: "str" }, { name: "part", type: "int" }, { name: "x", type: "float" }, { name: "y", type: "float" }];
const marks = tableFromRows(MARKS, oracle["marks"]!, "marks");
const rooms = tableFromRows([{ name: "key", type: "str" }, { name: "room", type: "str" }], oracle["rooms"]!, "rooms");

const col = (name: string): Scalar => ({ op: "column", name, type: MARKS.find((column) => column.name === name)!.type });
const num = (value: number): Scalar => ({ op: "literal", value, type: Number.isInteger(value) ? "int" : "float" });
const agg = (fn: string, type: ScalarType, ...args: Scalar[]): Scalar => ({ op: "aggregate", fn, args, input: 0, type });
const call = (fn: string, type: ScalarType, ...args: Scalar[]): Scalar => ({ op: "call", fn, args, type });
const partsOf = async (table: Table, ...keys: string[]): Promise<GroupPart[]> => (await groupRows(table, keys, createTurns())).members.map(({ name, value, keys: values }) => ({ name, table: value, keys: values }));
const columnsOf = (table: Table, ...names: string[]): Promise<Table> => projectColumns(table, names.map((name) => ({ name, value: col(name) })), createTurns());
const KEY = [{ name: "key", type: "str" }] as const;
const quiet = (): void => {};

test("group and agg equal pandas: order of first appearance, null as a key, groups of one and of none", async () => {
  const items = [
    { name: "n", value: agg("count", "int") },
    { name: "present", value: agg("count", "int", col("x")) },
    { name: "mean", value: agg("mean", "float", col("x")) },
    { name: "sd", value: agg("std", "float", col("x")) },
    { name: "var", value: agg("var", "float", col("x")) },
    { name: "low", value: agg("min", "float", col("x")) },
    { name: "high", value: agg("max", "float", col("x")) },
    { name: "median", value: agg("median", "float", col("x")) },
    { name: "mad", value: agg("mad", "float", col("x")) },
  ];
  same(rowsOf((await aggregateTable(await partsOf(marks, "key"), items, KEY, createTurns(), quiet))), oracle["agg"]!);
  same(rowsOf((await aggregateTable(await partsOf(marks, "key"), [{ name: "s", value: agg("sum", "float", col("x")) }], KEY, createTurns(), quiet))), oracle["sum"]!);
  same(rowsOf((await aggregateTable(await partsOf(marks, "key", "part"), [{ name: "n", value: agg("count", "int") }], [...KEY, { name: "part", type: "int" }], createTurns(), quiet))), oracle["two_keys"]!);
});

test("quantile is the linear one of numpy and pandas", async () => {
  same(rowsOf((await aggregateTable(await partsOf(marks, "key"), [{ name: "q", value: agg("quantile", "float", col("x"), num(0.9)) }], KEY, createTurns(), quiet))), oracle["quantile_linear"]!);
});

test("corr, mad, cosine and entropy equal pandas and numpy; rank shares places between ties", async () => {
  const one = createTable("", [], 1);
  const value = (scalar: Scalar): Cell => cellAt(evaluate(scalar, one, [marks]), 0);
  near(value(agg("corr", "float", col("x"), col("y"))), oracle["corr"] as unknown as number);
  near(value(agg("mad", "float", col("x"))), oracle["mad"] as unknown as number);
  near(value(agg("cosine", "float", col("x"), col("y"))), oracle["cosine"] as unknown as number);
  near(value(agg("entropy", "float", col("key"))), oracle["entropy"] as unknown as number);
  const places = async (name: string): Promise<Cell[]> => rowsOf((await projectColumns(marks, [{ name: "r", value: call("rank", "float", col(name)) }], createTurns()))).flat();
  assert.equal(await places("x"), oracle["rank"]);
  assert.equal(await places("key"), oracle["rank_text"]);
});

test("corr of a column that does not vary, and of one row, is null, and that is told; of no row it is null without a word", async () => {
  const told: string[] = [];
  const tell = (operation: string, rows: number): void => void told.push(`${operation} ${rows}`);
  const flat = createTable("flat", [createColumn("x", "float", [0.1, 0.1, 0.1]), createColumn("y", "float", [1, 2, 3])]);
  const one = createTable("", [], 1);
  assert.is(cellAt(evaluate(agg("corr", "float", col("x"), col("y")), one, [flat], tell), 0), null);
  assert.is(cellAt(evaluate(agg("corr", "float", col("x"), col("y")), one, [skipRows(flat, 2)], tell), 0), null);
  assert.equal(told, ["corr 1", "corr 1"]);
  assert.is(cellAt(evaluate(agg("corr", "float", col("x"), col("y")), one, [skipRows(flat, 3)], tell), 0), null);
  assert.is(told.length, 2);
});

test("distinct equals pandas", async () => {
  same(rowsOf((await distinctRows(marks, ["key"], createTurns()))), oracle["distinct_key"]!);
  same(rowsOf((await distinctRows(marks, ["x", "part"], createTurns()))), oracle["distinct_x_y"]!);
  same(rowsOf((await distinctRows(marks, [], createTurns()))), oracle["distinct_all"]!);
});

for (const kind of ["inner", "left", "outer", "semi", "anti"] as const satisfies readonly JoinKind[]) {
  test(`join ${kind} equals pandas, where null joins null too`, async () => {
    const whole = kind === "semi" || kind === "anti";
    const left = whole ? marks : await columnsOf(marks, "key");
    same(rowsOf((await joinTables(left, rooms, { on: ["key"], kind, suffix: "" }, createTurns()))), oracle[kind]!);
  });
}

test("rows of the right that nothing matched keep their order, whatever keys they share", async () => {
  const left = createTable("left", [createColumn("k", "int", [2])]);
  const right = createTable("right", [createColumn("k", "int", [1, 3, 2, null, 1, 3, null]), createColumn("n", "int", [0, 1, 2, 3, 4, 5, 6])]);
  const joined = await joinTables(left, right, { on: ["k"], kind: "outer", suffix: "" }, createTurns());
  assert.equal(rowsOf(joined), [[2, 2], [1, 0], [3, 1], [null, 3], [1, 4], [3, 5], [null, 6]]);
});

test("a join that would not fit is refused before it is made", async () => {
  const wide = createTable("wide", [createColumn("k", "int", new Array<number>(10_000).fill(1))]);
  try {
    await joinTables(wide, wide, { on: ["k"], kind: "inner", suffix: "" }, createTurns());
    assert.unreachable();
  } catch (error) {
    assert.is((error as DataError).code, "too-many-rows");
  }
});

test("too many groups are refused", async () => {
  const many = createTable("many", [createColumn("k", "int", Array.from({ length: 70_000 }, (_, i) => i))]);
  const failed: unknown = await groupRows(many, ["k"], createTurns()).catch((error: unknown) => error);
  assert.ok(failed instanceof DataError);
  assert.is(failed.code, "too-many-groups");
});

test("names of groups are never equal, however the values look", async () => {
  const words = ["a", "null", null, "", "a, b", '"', " a", "b"];
  const names = (await groupRows(createTable("w", [createColumn("k", "str", words)]), ["k"], createTurns())).members.map(({ name }) => name);
  assert.equal(names, ["a", '"null"', "null", '""', '"a, b"', '"\\""', '" a"', "b"]);
  const two = createTable("w", [createColumn("k", "str", ["a", "a, b", "a,"]), createColumn("l", "str", ["b, c", "c", "b, c"])]);
  assert.is(new Set((await groupRows(two, ["k", "l"], createTurns())).members.map(({ name }) => name)).size, 3);
});

test("infinities, null and zero are told apart, 1 and 1.0 are not", async () => {
  const key = rowKey([createColumn("x", "float", [Infinity, -Infinity, null, 0, -0, 1])]);
  assert.equal([0, 1, 2, 3, 4, 5].map(key), ["Infinity", "-Infinity", "null", "0", "0", "1"]);
  assert.is(rowKey([createColumn("x", "int", [1])])(0), key(5));
});

test("ungroup puts back what group cut, the key first", async () => {
  const back = ungroupTable(await partsOf(marks, "part"), MARKS.map(({ name }) => name), [{ name: "part", type: "int" }], true);
  assert.equal(back.columns.map(({ name }) => name), ["part", "key", "x", "y"]);
  assert.is(back.rows, marks.rows);
});

test("a pinned value outlives what is held beside it, and goes when its time is over", async () => {
  let now = 1_000;
  const values = createValueStore(1, () => now);
  values.pin("k", marks, 10);
  values.set("other", rooms);
  values.set("another", rooms);
  assert.is(values.get("other"), undefined);
  assert.is(values.get("k"), marks);
  now = 10_999;
  assert.is(values.pinned("k"), marks);
  now = 11_000;
  assert.is(values.get("k"), undefined);
  values.pin("k", rooms, null);
  now = 1e15;
  assert.is(values.pinned("k"), rooms);
  values.clear();
  assert.is(values.pinned("k"), undefined);
});

test("a pattern that cannot be read is the user's mistake", async () => {
  const failed: unknown = await projectColumns(marks, [{ name: "m", value: call("matches", "bool", col("key"), { op: "literal", value: "(", type: "str" }) }], createTurns()).catch((error: unknown) => error);
  assert.ok(failed instanceof DataError);
  assert.is(failed.code, "bad-pattern");
});

/** With backtracking this would not end while anybody waits. */
test("patterns take linear time", async () => {
  const text = createTable("t", [createColumn("key", "str", [`${"a".repeat(50_000)}!`, null])]);
  const found = await projectColumns(text, [{ name: "m", value: { op: "compare", cmp: "=~", left: col("key"), right: { op: "literal", value: "^(a+)+$", type: "str" }, type: "bool" } }], createTurns());
  assert.equal(rowsOf(found), [[false], [false]]);
});

test.run();
