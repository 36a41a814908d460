/** Without this file long work on rows could hold up Ctrl-C, or give another result than short work. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { evaluate } from "../../runtime/data/evaluate.ts";
import { evaluateInTurns } from "../../runtime/data/evaluate_in_turns.ts";
import { groupRows } from "../../runtime/data/grouping.ts";
import { joinTables } from "../../runtime/data/join.ts";
import { orderedRows } from "../../runtime/data/ordered_rows.ts";
import { distinctRows, filterRows, sortRows } from "../../runtime/data/rows.ts";
import { countRows, describeValue } from "../../runtime/data/summaries.ts";
import { createColumn, createTable, takeRows } from "../../runtime/data/table.ts";
import { takeRowsInTurns } from "../../runtime/data/take_rows_in_turns.ts";
import { createTurns, type Turns } from "../../runtime/turns.ts";
import type { Scalar } from "../../src/ops/scalar.ts";

const ROWS = 70_000;
const draw = (i: number): number => (i * 7_919) % 1_009;
const many = createTable("many", [
  createColumn("x", "int", Array.from({ length: ROWS }, (_, i) => (i % 11 === 0 ? null : draw(i)))),
  createColumn("s", "str", Array.from({ length: ROWS }, (_, i) => (i % 13 === 0 ? null : `word ${draw(i)}`))),
  createColumn("b", "bool", Array.from({ length: ROWS }, (_, i) => i % 3 === 0)),
]);
const x: Scalar = { op: "column", name: "x", type: "int" };
const s: Scalar = { op: "column", name: "s", type: "str" };
const num = (value: number): Scalar => ({ op: "literal", value, type: "int" });
const mean: Scalar = { op: "aggregate", fn: "mean", args: [x], input: 0, type: "float" };

test("an expression gives the same some rows at a time: nulls, text, aggregates, and how many rows have no value", async () => {
  const scalars: readonly Scalar[] = [
    { op: "arithmetic", sign: "/", left: { op: "arithmetic", sign: "-", left: x, right: mean, type: "float" }, right: { op: "arithmetic", sign: "%", left: x, right: num(5), type: "int" }, type: "float" },
    { op: "call", fn: "upper", args: [s], type: "str" },
    { op: "compare", cmp: ">", left: x, right: mean, type: "bool" },
    { op: "call", fn: "rank", args: [x], type: "float" },
    { op: "call", fn: "row", args: [], type: "int" },
    { op: "aggregate", fn: "max", args: [{ op: "call", fn: "len", args: [s], type: "int" }], input: 0, type: "int" },
  ];
  for (const scalar of scalars) {
    const wanted = new Map<string, number>();
    const found = new Map<string, number>();
    const whole = evaluate(scalar, many, [many], (operation, rows) => wanted.set(operation, rows));
    const parts = await evaluateInTurns(scalar, many, createTurns(), [many], (operation, rows) => found.set(operation, rows));
    assert.equal(parts, whole);
    assert.equal(found, wanted);
  }
});

test("sorted runs that are merged are the stable order", async () => {
  const compare = (a: number, b: number): number => draw(a) - draw(b);
  assert.equal([...(await orderedRows(ROWS, compare, createTurns()))], Array.from({ length: ROWS }, (_, i) => i).sort(compare));
  for (const rows of [0, 1, 4096, 4097]) assert.equal([...(await orderedRows(rows, compare, createTurns()))], Array.from({ length: rows }, (_, i) => i).sort(compare));
});

test("rows are taken the same some at a time", async () => {
  const rows = Array.from({ length: ROWS * 2 }, (_, i) => (i * 31) % ROWS);
  assert.equal(await takeRowsInTurns(many, rows, createTurns()), takeRows(many, rows));
});

/** Turns whose others cancel the work when their time comes the first time. */
function cancelling(): { readonly turns: Turns; readonly passed: () => number } {
  const cancel = new AbortController();
  const turns = createTurns(cancel.signal);
  let passed = 0;
  setImmediate(() => cancel.abort());
  const pass = async (): Promise<void> => {
    passed++;
    await turns.pass();
  };
  return { turns: { due: () => true, between: pass, pass }, passed: () => passed };
}

const same = createTable("same", [createColumn("k", "int", new Array<number>(3_000).fill(1)), createColumn("v", "int", Array.from({ length: 3_000 }, (_, i) => i))]);
const long: Readonly<Record<string, (turns: Turns) => Promise<unknown>>> = {
  "join of one key": (turns) => joinTables(same, same, { on: ["k"], kind: "inner", suffix: "_other" }, turns),
  filter: (turns) => filterRows(many, { op: "compare", cmp: "=~", left: s, right: { op: "literal", value: "^w(o+r?d? )+$", type: "str" }, type: "bool" }, turns),
  sort: (turns) => sortRows(many, [{ by: s, descending: true }], turns),
  distinct: (turns) => distinctRows(many, ["s"], turns),
  group: (turns) => groupRows(many, ["x"], turns),
  count: (turns) => countRows([{ name: null, table: many }], null, ["x"], turns),
  describe: (turns) => describeValue([{ name: null, table: many }], null, turns),
};
const figure = (fn: string, ...args: readonly Scalar[]) => (turns: Turns) => evaluateInTurns({ op: "aggregate", fn, args, input: 0, type: "float" }, createTable("", [], 1), turns, [many]);
const figures = {
  ...Object.fromEntries(["sum", "mean", "min", "median", "mad", "std", "var", "entropy"].map((fn) => [fn, figure(fn, x)])),
  ...Object.fromEntries(["corr", "cosine"].map((fn) => [fn, figure(fn, x, x)])),
  quantile: figure("quantile", x, num(1)),
};
for (const [name, work] of Object.entries({ ...long, ...figures })) {
  test(`${name}: others have their turn, and may cancel`, async () => {
    const { turns, passed } = cancelling();
    const failed: unknown = await work(turns).catch((error: unknown) => error);
    assert.is(failed instanceof Error && failed.name, "AbortError");
    assert.ok(passed() <= 2, `${passed()} turns were asked for after it was cancelled`);
  });
}

test("a report now and then, however many turns there are", async () => {
  let now = 0;
  const told: (number | null)[] = [];
  const turns = createTurns(undefined, (share) => told.push(share), () => now);
  await turns.pass();
  assert.equal(told, []);
  now = 150;
  await turns.pass(0.5);
  await turns.pass(0.6);
  now = 300;
  await turns.pass();
  assert.equal(told, [0.5, null]);
});

test("a turn is due when time has gone by, and not before", () => {
  let now = 0;
  const turns = createTurns(undefined, () => {}, () => now);
  const asked = (): number => Array.from({ length: 1_000 }, () => turns.due()).filter(Boolean).length;
  assert.is(asked(), 0);
  assert.is(turns.between(), null);
  now = 1_000;
  assert.ok(asked() > 0);
  assert.instance(turns.between(), Promise);
});


test.run();
