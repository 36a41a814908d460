/** Without this file expressions could drift from pandas, and nulls from their rules. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../runtime/data/csv.ts";
import { DataError } from "../../runtime/data/error.ts";
import { evaluate } from "../../runtime/data/evaluate.ts";
import type { Cell, Column } from "../../runtime/data/frame.ts";
import { IMPLEMENTATIONS } from "../../runtime/data/functions.ts";
import { filterRows, limitRows, sampleRows, sortRows, splitRows } from "../../runtime/data/rows.ts";
import { countRows, describeValue } from "../../runtime/data/summaries.ts";
import { cellAt, columnNamed, concatTables, createColumn, createTable, tableFromRows } from "../../runtime/data/table.ts";
import { createTurns } from "../../runtime/turns.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { remainder } from "../../src/ops/remainder.ts";
import type { ArithmeticOp, CompareOp, Scalar, ScalarLiteral } from "../../src/ops/scalar.ts";
import type { ScalarType } from "../../src/ops/schema.ts";

interface Oracle {
  readonly aggregates: Record<string, number>;
  readonly quantiles: Record<string, number>;
  readonly tokens: Record<string, number>;
  readonly frac_hit: number;
  readonly filter_id: string[];
  readonly mod7: number[];
  readonly ratio: (number | null)[];
  readonly sorted_id: string[];
  readonly counts: Record<string, number>;
  readonly lower: string[];
  readonly strip: string[];
  readonly len: number[];
  readonly contains: boolean[];
  readonly numbers: Record<string, number[]>;
}
const oracle = JSON.parse(readFileSync(new URL("oracle.json", import.meta.url), "utf8")) as Oracle;
const { table } = await readCsv(new URL("scores.csv", import.meta.url).pathname);

const col = (name: string, type: ScalarType): Scalar => ({ op: "column", name, type });
const lit = (value: ScalarLiteral): Scalar => ({ op: "literal", value, type: value === null ? "null" : typeof value === "string" ? "str" : typeof value === "boolean" ? "bool" : Number.isInteger(value) ? "int" : "float" });
const cmp = (left: Scalar, sign: CompareOp, right: Scalar): Scalar => ({ op: "compare", cmp: sign, left, right, type: "bool" });
const arith = (left: Scalar, sign: ArithmeticOp, right: Scalar, type: "int" | "float" | "str" = "float"): Scalar => ({ op: "arithmetic", sign, left, right, type });
const call = (fn: string, type: ScalarType, ...args: Scalar[]): Scalar => ({ op: "call", fn, args, type });
const agg = (fn: string, type: ScalarType, ...args: Scalar[]): Scalar => ({ op: "aggregate", fn, args, input: 0, type });
const cellsOf = (column: Column): Cell[] => Array.from({ length: column.values.length }, (_, row) => cellAt(column, row));
const close = (found: Cell | undefined, wanted: number, what = ""): void => assert.ok(typeof found === "number" && Math.abs(found - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)), `${what}: ${found} is not ${wanted}`);
const score = col("score", "float");
const tokens = col("tokens", "int");

test("every function of the language is implemented, and no other", async () => {
  assert.equal(Object.keys(IMPLEMENTATIONS).sort(), Object.keys(FUNCTIONS).sort());
  for (const [name, { aggregate }] of Object.entries(FUNCTIONS)) assert.is(["aggregate", "whole"].includes(IMPLEMENTATIONS[name]!.kind), aggregate, name);
});

test("aggregates equal pandas", async () => {
  const { count, ...others } = oracle.aggregates;
  for (const [fn, wanted] of Object.entries(others)) close(cellsOf(evaluate(agg(fn, "float", score), table))[0], wanted, fn);
  assert.is(cellsOf(evaluate(agg("count", "int", score), table))[0], count);
  assert.is(cellsOf(evaluate(agg("count", "int"), table))[0], table.rows);
  for (const [level, wanted] of Object.entries(oracle.quantiles)) close(cellsOf(evaluate(agg("quantile", "float", score, lit(Number(level))), table))[0], wanted, level);
  for (const [fn, wanted] of Object.entries(oracle.tokens)) close(cellsOf(evaluate(agg(fn, "float", tokens), table))[0], wanted, fn);
  close(cellsOf(evaluate(agg("frac", "float", col("hit", "bool")), table))[0], oracle.frac_hit);
});

test("aggregates of nothing and of one", async () => {
  const none = tableFromRows([{ name: "score", type: "float" }], [], "none");
  const one = createTable("one", [createColumn("score", "float", [1.5])]);
  const outside = createTable("", [], 1);
  const of = (fn: string, input: typeof one): Cell => cellsOf(evaluate(agg(fn, "float", score), outside, [input]))[0]!;
  assert.equal(["mean", "min", "max", "median", "std", "var"].map((fn) => of(fn, none)), [null, null, null, null, null, null]);
  assert.equal([of("sum", none), of("count", none)], [0, 0]);
  assert.equal([of("mean", one), of("std", one), of("var", one)], [1.5, null, null]);
});

test("row functions equal numpy and pandas", async () => {
  const { x, ...others } = oracle.numbers;
  const numbers = createTable("numbers", [createColumn("x", "float", x!)]);
  for (const [fn, wanted] of Object.entries(others)) {
    const at = col("x", "float");
    const expression = fn === "clamp" ? call(fn, "float", at, lit(0.5), lit(9)) : fn === "exp" ? call(fn, "float", arith(at, "/", lit(10))) : call(fn, "float", at);
    cellsOf(evaluate(expression, numbers)).forEach((found, i) => close(found, wanted[i]!, fn));
  }
  const text = col("text", "str");
  assert.equal(cellsOf(evaluate(call("lower", "str", text), table)), oracle.lower);
  assert.equal(cellsOf(evaluate(call("trim", "str", text), table)), oracle.strip);
  assert.equal(cellsOf(evaluate(call("len", "int", text), table)), oracle.len);
  assert.equal(cellsOf(evaluate(call("contains", "bool", text, lit("a")), table)), oracle.contains);
});

test("arithmetic and conditions equal pandas", async () => {
  assert.equal(cellsOf(evaluate(arith(tokens, "%", lit(7), "int"), table)), oracle.mod7);
  const ratio = cellsOf(evaluate(arith(arith(score, "/", lit(4)), "+", arith(tokens, "*", lit(2), "int")), table));
  oracle.ratio.forEach((wanted, i) => (wanted === null ? assert.is(ratio[i], null) : close(ratio[i], wanted)));
  const kept = await filterRows(table, { op: "logic", join: "and", left: col("hit", "bool"), right: cmp(score, ">", lit(0)), type: "bool" }, createTurns());
  assert.equal(cellsOf(columnNamed(kept, "id")), oracle.filter_id);
});

const small = createTable("small", [createColumn("a", "int", [1, null, 3, 0]), createColumn("b", "int", [1, null, null, 4]), createColumn("p", "bool", [true, null, false, true]), createColumn("s", "str", ["x", null, "", "z"])]);
const a = col("a", "int");
const b = col("b", "int");
const p = col("p", "bool");
const on = (scalar: Scalar): Cell[] => cellsOf(evaluate(scalar, small));

test("null rules", async () => {
  assert.equal(on(cmp(a, "==", b)), [true, true, false, false]);
  assert.equal(on(cmp(a, "!=", b)), [false, false, true, true]);
  assert.equal(on(cmp(a, "==", lit(null))), [false, true, false, false]);
  assert.equal(on(cmp(a, "<=", b)), [true, false, false, true]);
  assert.equal(on(arith(a, "+", b, "int")), [2, null, null, 4]);
  assert.equal(on({ op: "not", operand: p, type: "bool" }), [false, true, true, false]);
  assert.equal(on({ op: "logic", join: "or", left: p, right: cmp(a, "==", lit(3)), type: "bool" }), [true, false, true, true]);
  assert.equal(on({ op: "within", operand: a, from: lit(1), to: lit(3), type: "bool" }), [true, false, true, false]);
  assert.equal(on({ op: "member", operand: a, options: [lit(3), lit(null)], type: "bool" }), [false, true, true, false]);
  assert.equal(on({ op: "negate", operand: a, type: "int" }), [-1, null, -3, 0]);
  assert.equal(on(call("is_null", "bool", a)), [false, true, false, false]);
  assert.equal(on(call("coalesce", "int", b, a, lit(9))), [1, 9, 3, 4]);
  assert.equal(on(call("if", "int", p, a, lit(-1))), [1, -1, -1, 0]);
  assert.equal(on(arith(col("s", "str"), "+", lit("!"), "str")), ["x!", null, "!", "z!"]);
  assert.equal(on(call("replace", "str", col("s", "str"), lit("x"), lit("$&"))), ["$&", null, "", "z"]);
});

test("remainders are Python's, in rows and before anything runs", () => {
  // python3 -c "print([[a, b, a % b] for a, b in [...]])"
  const python = [
    [0.7, 0.1, 0.09999999999999992], [5.5, 0.1, 0.0999999999999997], [-0.7, 0.1, 8.326672684688674e-17], [1e17, 3, 1], [1e300, 7, 1], [5, -3, -1], [-5, 3, 1],
    [-1e-20, 3, 3], [1, 0.001, 0.0009999999999999792], [6, -3, 0], [0.3, -0.1, -2.7755575615628914e-17], [9007199254740991, 10, 1],
  ] as const;
  const table = createTable("t", [createColumn("a", "float", python.map(([a]) => a)), createColumn("b", "float", python.map(([, b]) => b))]);
  assert.equal(cellsOf(evaluate(arith(col("a", "float"), "%", col("b", "float"), "float"), table)), python.map(([, , rest]) => rest));
  for (const [a, b, rest] of python) assert.is(remainder(a, b) + 0, rest);
});

test("what has no number is null and told", async () => {
  const told: string[] = [];
  const tell = (operation: string, rows: number): number => told.push(`${operation} ${rows}`);
  assert.equal(cellsOf(evaluate(arith(lit(1), "/", a), small, [small], tell)), [1, null, 1 / 3, null]);
  assert.equal(cellsOf(evaluate(call("log", "float", arith(a, "-", lit(2), "int")), small, [small], tell)), [null, null, 0, null]);
  assert.equal(cellsOf(evaluate(arith(lit(2 ** 53), "*", a, "int"), small, [small], tell)), [2 ** 53, null, null, 0]);
  assert.equal(told, ["/ 1", "log 2", "* 1"]);
});

test("an int that would be beyond 2^53 is null and told, also where it would be rounded to 2^53", async () => {
  const most = 2 ** 53;
  const ints = (name: string, ...cells: readonly number[]) => createColumn(name, "int", cells);
  const signed = (sign: ArithmeticOp, left: readonly number[], right: readonly number[]): Cell[] => {
    const pairs = createTable("t", [ints("a", ...left), ints("b", ...right)]);
    let told = 0;
    const cells = cellsOf(evaluate(arith(col("a", "int"), sign, col("b", "int"), "int"), pairs, [pairs], (_, rows) => (told = rows)));
    assert.is(told, cells.filter((cell) => cell === null).length);
    return cells;
  };
  assert.equal(signed("+", [most, most - 1, -most, most, most], [1, 1, -1, -1, 2]), [null, most, null, most - 1, null]);
  assert.equal(signed("-", [most, -most, 1 - most, -most], [-1, 1, 1, -1]), [null, null, -most, 1 - most]);
  // 2^53 + 1 = 3 · 3002399751580331
  assert.equal(signed("*", [3, 2 ** 26, 3, most], [3002399751580331, 2 ** 27, -3002399751580331, 1]), [null, most, null, most]);
  const table = createTable("t", [ints("a", most, 1)]);
  const told: string[] = [];
  assert.equal(cellsOf(evaluate(agg("sum", "int", a), createTable("", [], 1), [table], (operation, rows) => told.push(`${operation} ${rows}`))), [null]);
  assert.equal(told, ["sum 1"]);
  assert.equal(cellsOf(evaluate(agg("sum", "float", a), createTable("", [], 1), [table])), [most]);
});

test("~= is relative; floor and round trust the digits; =~ finds", async () => {
  const one = createTable("one", [createColumn("x", "float", [0.1 + 0.2, 1e-20, 2.9999999999999996])]);
  assert.equal(cellsOf(evaluate(cmp(col("x", "float"), "~=", lit(0.3)), one)), [true, false, false]);
  assert.equal(cellsOf(evaluate(call("floor", "int", col("x", "float")), one)), [0, 0, 2]);
  assert.equal([2.5, -2.5, 0.49999999999999994].map((x) => cellsOf(evaluate(call("round", "int", lit(x)), createTable("", [], 1)))[0]), [3, -3, 0]);
  assert.equal(cellsOf(evaluate(cmp(lit("banana"), "=~", lit("an.n")), one)), [true, true, true]);
  assert.equal(cellsOf(evaluate(cmp(lit("banana"), "=~", lit("^an")), one)), [false, false, false]);
  assert.equal(cellsOf(evaluate(call("matches", "bool", lit("Banana"), lit("(?i)^b")), one)), [true, true, true]);
});

test("sort: stable, nulls last in both directions, as pandas", async () => {
  const sorted = await sortRows(table, [{ by: col("group", "str"), descending: false }, { by: score, descending: true }], createTurns());
  assert.equal(cellsOf(columnNamed(sorted, "id")), oracle.sorted_id);
  for (const descending of [false, true]) assert.is(cellsOf(columnNamed((await sortRows(table, [{ by: score, descending }], createTurns())), "score")).indexOf(null), oracle.aggregates["count"]);
  assert.equal(cellsOf(columnNamed((await sortRows(small, [{ by: lit(1), descending: true }], createTurns())), "a")), [1, null, 3, 0]);
});

test("a sample is fixed by its stream, in file order, and lies in larger ones", async () => {
  const ids = async (count: number, stream: string): Promise<Cell[]> => cellsOf(columnNamed((await sampleRows(table, count, stream, createTurns())), "id"));
  const ten = await ids(10, "saeq/1|42|1|x");
  assert.equal(ten, await ids(10, "saeq/1|42|1|x"));
  assert.equal(ten, [...ten].sort());
  assert.is(new Set(ten).size, 10);
  const twenty = new Set(await ids(20, "saeq/1|42|1|x"));
  assert.ok(ten.every((id) => twenty.has(id)));
  assert.not.equal(ten, await ids(10, "saeq/1|43|1|x"));
  assert.is((await ids(1000, "s")).length, table.rows);
  assert.equal(await ids(0, "s"), []);
});

test("count by, in order of first appearance", async () => {
  const counted = await countRows([{ name: null, table }], null, ["group"], createTurns());
  assert.equal(Object.fromEntries(cellsOf(columnNamed(counted, "group")).map((name, i) => [name, cellAt(columnNamed(counted, "count"), i)])), oracle.counts);
  assert.equal(cellsOf(columnNamed(counted, "group")), Object.keys(oracle.counts));
  const groups = await countRows([{ name: "x", table }, { name: "y", table: limitRows(table, 0) }], null, [], createTurns());
  assert.equal(groups.columns.map((column) => [column.name, ...cellsOf(column)]), [["group", "x", "y"], ["count", 200, 0]]);
});

test("describe", async () => {
  const described = await describeValue([{ name: null, table }], null, createTurns());
  const at = (name: string, row: number): Cell => cellAt(columnNamed(described, name), row);
  assert.equal(described.columns.map(({ name }) => name), ["column", "type", "rows", "nulls", "distinct", "min", "mean", "max"]);
  assert.equal(["column", "type", "rows", "nulls", "min", "mean"].map((name) => at(name, 0)), ["id", "str", 200, 0, "00000", null]);
  assert.is(at("nulls", 4), 17);
  close(at("mean", 4), oracle.aggregates["mean"]!);
  close(at("mean", 2), oracle.frac_hit);
});

test("split counts rows in several groups and in none", async () => {
  const { groups, shared, unmatched } = await splitRows(small, [{ name: "p", predicate: p }, { name: "one", predicate: cmp(a, "==", lit(1)) }], createTurns());
  assert.equal(groups.members.map(({ name, value }) => `${name} ${value.rows}`), ["p 2", "one 1"]);
  assert.equal([shared, unmatched], [1, 2]);
});

test("concat needs the same columns; int and float make float", async () => {
  const left = tableFromRows([{ name: "x", type: "int" }, { name: "s", type: "str" }], [[1, "a"]], "left");
  const right = tableFromRows([{ name: "s", type: "str" }, { name: "x", type: "float" }], [[null, 2.5]], "right");
  const both = concatTables([left, right]);
  assert.equal(both.columns.map((column) => [column.name, column.type, ...cellsOf(column)]), [["x", "float", 1, 2.5], ["s", "str", "a", null]]);
  assert.throws(() => concatTables([left, small]), (error: DataError) => error.code === "different-columns");
  assert.throws(() => columnNamed(left, "y"), (error: DataError) => error.code === "unknown-column");
});

test.run();
