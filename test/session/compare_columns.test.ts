/** Without this file columns of two groups could be compared otherwise than scipy compares them, or with the token where the text is the unit. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { createColumn, createTable, cellAt, columnNamed } from "../../runtime/data/table.ts";
import { compareColumns } from "../../runtime/figures/column_comparison.ts";
import { createTurns } from "../../runtime/turns.ts";
import { bits, folder, open, run, type Ran } from "./open.ts";

const oracle = JSON.parse(readFileSync(new URL("../kernels/compare.json", import.meta.url), "utf8")) as {
  readonly cases: readonly { readonly a: number[]; readonly b: number[]; readonly delta: number; readonly p: number; readonly interval: [number, number] | null }[];
  readonly pairs: readonly { readonly a: number[]; readonly b: number[]; readonly delta: number; readonly p: number }[];
};

const cells = (table: Table, name: string): Cell[] => Array.from({ length: table.rows }, (_, row) => cellAt(columnNamed(table, name), row));

async function ask(text: string, files: Readonly<Record<string, string>> | null = null): Promise<Ran> {
  const session = await open(files === null ? {} : { readFrom: folder(files) });
  const ran = await run(session, text);
  await session.close();
  return ran;
}

const column = (values: readonly (number | null)[]): Table => createTable("t", [createColumn("x", "float", values), createColumn("unit", "int", values.map((_, i) => i))]);

test("effect, interval and p are those of scipy and statsmodels, wherever the numbers lie", async () => {
  for (const { a, b, delta, p, interval } of oracle.cases) {
    // Ranks know nothing of where zero is.
    for (const moved of [(x: number) => x, (x: number) => x - 3.25, (x: number) => Math.exp(x)]) {
      for (const unit of [null, "unit"]) {
        const { table } = await compareColumns({ op: "compare_columns", columns: ["x"], unit }, [{ name: "a", table: column(a.map(moved)) }, { name: "b", table: column(b.map(moved)) }], createTurns());
        const [row] = [["delta", "p", "low", "high"].map((name) => cells(table, name)[0] as number | null)];
        assert.ok(Math.abs((row![0] as number) - delta) < 1e-12);
        assert.ok(Math.abs((row![1] as number) - p) <= 1e-10 * p);
        assert.is(row![2] === null, interval === null);
        if (interval !== null) for (const side of [0, 1]) assert.ok(Math.abs((row![2 + side] as number) - interval[side]!) < 1e-6);
        assert.ok(Math.abs((cells(table, "a_mean")[0] as number) - a.map(moved).reduce((sum, x) => sum + x, 0) / a.length) < 1e-9);
        assert.equal([cells(table, "a_n")[0], cells(table, "b_n")[0]], [a.length, b.length]);
      }
    }
  }
});

test("rows of one text are one score, their mean; what is missing is left out and counted; the surest column stands first", async () => {
  const csv = "side,id,x,y,ok\n" + ["a,1,1,5,true", "a,1,3,,true", "a,2,4,6,false", "b,3,10,5,true", "b,3,,5,false", "b,4,8,6,false", "b,,9,1,true"].join("\n");
  const split = 'csv "t.csv" | split a = side == "a", b = side == "b"';
  const { values, notices, codes } = await ask(`${split} | compare y, x, ok per id\n${split} | compare x`, { "t.csv": csv });
  assert.equal(codes, []);
  const table = values[0] as Table;
  assert.equal(cells(table, "column"), ["x", "ok", "y"]);
  assert.equal(cells(table, "a_mean"), [3, 0.5, 5.5]);
  assert.equal(cells(table, "b_mean"), [9, 0.25, 5.5]);
  assert.equal(cells(table, "a_n"), [2, 2, 2]);
  // Two against two: the smallest p of all is a third.
  assert.ok(Math.abs((cells(table, "p")[0] as number) - 1 / 3) < 1e-12);
  assert.equal(cells(table, "delta"), [-1, 0.25, 0]);
  assert.equal(notices.slice(0, 5).map((notice) => notice.replace(/^.*?: /, "")), ["the mean of all rows of one `id` is one score: 2 of a against 2 of b", "1 row without `id` is left out", "1 row without `y` is left out", "1 row without `x` is left out", "of so few no p is below 0.33, so that a single one of 3 columns cannot reach q 0.05: take more"]);
  assert.equal(cells(values[1] as Table, "a_n"), [3]);
  assert.equal(cells(values[1] as Table, "b_n"), [3]);
});

test("units that both groups have are pairs, rows by their order, and what is left over is said", async () => {
  const csv = "side,id,x\n" + ["a,1,1", "a,1,3", "a,2,4", "a,3,6", "a,5,", "b,3,7", "b,2,9", "b,1,1", "b,4,3", "b,5,1"].join("\n");
  const split = 'csv "t.csv" | split a = side == "a", b = side == "b"';
  const { values, notices, codes } = await ask(`${split} | compare x per id paired\n${split} | compare x paired`, { "t.csv": csv });
  assert.equal(codes, []);
  const [byId, byRow] = values as Table[];
  assert.equal(["a_mean", "b_mean", "a_n", "b_n"].map((name) => cells(byId!, name)[0]), [4, 17 / 3, 3, 3]);
  // 2 against 1, 4 against 9, 6 against 7.
  assert.is(cells(byId!, "delta")[0], -1 / 3);
  assert.ok(notices.some((notice) => notice.endsWith("2 of `id` are left out, of which one group alone has a value")));
  // 1, 3, 4, 6 against 7, 9, 1, 3: the last of a has no value.
  assert.equal(["a_mean", "b_mean", "a_n", "delta"].map((name) => cells(byRow!, name)[0]), [3.5, 5, 4, 0]);
  assert.ok(notices.some((notice) => notice.endsWith("1 row is left out whose partner has no value")));
  const unlike = await ask(`csv "t.csv" | split a = id < 2, b = id > 2 | compare x paired`, { "t.csv": csv });
  assert.equal(unlike.codes, ["unlike-pairs"]);
});

test("scores that are whole numbers in one file are compared with those that have fractions in the other", async () => {
  const files = { "before.csv": "id,x,kind\n1,1,k\n2,2,k\n3,,k", "after.csv": "id,x,kind\n1,1.5,k\n2,2.25,k\n3,1,k", "texts.csv": "id,x\n1,a\n2,b\n3,c" };
  for (const [a, b] of [["before", "after"], ["after", "before"]] as const) {
    const { values, codes } = await ask(`groups a = (csv "${a}.csv"), b = (csv "${b}.csv") | compare x paired per id\ngroups a = (csv "${a}.csv"), b = (csv "${b}.csv") | ungroup | select group, id, x, kind | derive twice = x * 2`, files);
    assert.equal(codes, []);
    assert.equal([cells(values[0] as Table, "a_mean")[0], cells(values[0] as Table, "b_mean")[0]].sort(), [1.5, 1.875]);
    const x = columnNamed(values[1] as Table, "x");
    assert.is(x.type, "float");
    assert.equal(cells(values[1] as Table, "x"), a === "before" ? [1, 2, null, 1.5, 2.25, 1] : [1.5, 2.25, 1, 1, 2, null]);
    assert.is(columnNamed(values[1] as Table, "twice").type, "float");
    assert.is(columnNamed(values[1] as Table, "id").type, "int");
  }
  // What is text in one of them is no number.
  assert.equal((await ask('groups a = (csv "before.csv"), b = (csv "texts.csv") | compare x', files)).codes, ["unknown-column"]);
  const { values } = await ask('csv "after.csv" | compare id, x', files).then(async ({ outcome }) => ask(outcome.diagnostics[0]!.fix!.text, files));
  assert.is((values[0] as Table).rows, 1);
});

test("rows whose partner a column names are not set against others in silence", async () => {
  const files = {
    "before.csv": "id,x,kind,prompt\n" + ["p1,1,k,In the beginning", "p2,2,k,And God said", "p3,4,k,And it came", "p4,8,k,Blessed are"].join("\n"),
    "after.csv": "id,x,kind\n" + ["p3,5,k", "p1,2,k", "p4,9,k", "p2,3,k"].join("\n"),
    "fewer.csv": "id,x,kind\n" + ["p1,2,k", "p2,3,k", "p3,5,k"].join("\n"),
    "others.csv": "id,x,kind\n" + ["q1,2,m", "q2,3,m", "q3,5,m", "q4,1,m"].join("\n"),
    "shuffled.csv": "id,x,text\n" + ["p2,2,And God said", "p1,1,In the beginning"].join("\n"),
    "texts.csv": "id,x,text\n" + ["p1,1,In the beginning", "p2,2,And man said"].join("\n"),
  };
  const told = async (left: string, right: string, rest: string): Promise<Ran> => ask(`groups a = (csv "${left}.csv"), b = (csv "${right}.csv") | ${rest}`, files);
  const moved = await told("before", "after", "compare x paired");
  assert.ok(moved.notices.some((notice) => notice.endsWith("the rows of both groups are not in the same order of `id`: `compare x paired per id` sets each against its own")));
  for (const [right, rest] of [["after", "compare x paired per id"], ["fewer", "compare x paired per id"], ["others", "compare x paired"]] as const) assert.not.ok((await told("before", right, rest)).notices.some((notice) => notice.includes("same order")), `${right} ${rest}`);
  assert.not.ok((await told("before", "before", "compare x paired")).notices.some((notice) => notice.includes("same order")));
  const fewer = await told("before", "fewer", "compare x paired");
  assert.equal(fewer.codes, ["unlike-pairs"]);
  assert.is(fewer.outcome.diagnostics[0]?.help, "compare x paired per id");
  assert.equal((await told("before", "fewer", fewer.outcome.diagnostics[0]!.help!)).codes, []);
  const none = await told("before", "others", "compare x paired per id");
  assert.equal([none.codes, none.outcome.diagnostics[0]?.help], [["unlike-pairs"], "compare x"]);
  assert.match(none.outcome.diagnostics[0]!.notes![0]!, '`a` has "p1", "p2", "p3" …, and `b` "q1", "q2", "q3" …');
  // A column that repeats a value, misses one, or shares few names no partners.
  for (const [left, right] of [["p1 p1 p2 p3", "p3 p2 p1 p1"], ["p1  p2 p3", "p3 p2  p1"], ["p1 p2 p3 p4 p5", "p2 p1 q3 q4 q5"]] as const) {
    const [a, b] = [left, right].map((ids) => `id,x\n${ids.split(" ").map((id, i) => `${id},${i}`).join("\n")}`);
    const ran = await ask('groups a = (csv "a.csv"), b = (csv "b.csv") | compare x paired', { "a.csv": a!, "b.csv": b! });
    assert.equal([ran.codes, ran.notices.some((notice) => notice.includes("same order"))], [[], false], left);
  }
  // Texts that the model has read are numbered, and keep their columns.
  const read = await told("texts", "shuffled", "logits at all | compare surprisal paired");
  assert.ok(read.notices.some((notice) => notice.endsWith("`compare surprisal paired per id` sets each against its own")));
  // Of the same texts there is nothing to tell.
  for (const [right, is] of [["shuffled", true], ["texts", false]] as const) assert.is((await told("texts", right, "acts layer 7 | compare paired")).notices.some((notice) => notice.includes("the first text of one group is set against")), is);
});

for (const { a, b, delta, p } of oracle.pairs) {
  test(`${a.length} pairs of columns: effect and p are scipy's, wherever the numbers lie`, async () => {
    for (const moved of [(x: number) => x, (x: number) => x - 3.25]) {
      const turned = [...b.keys()].reverse();
      for (const unit of [null, "unit"]) {
        const other = createTable("t", [createColumn("x", "float", (unit === null ? b : turned.map((at) => b[at]!)).map(moved)), createColumn("unit", "int", unit === null ? [...b.keys()] : turned)]);
        const { table } = await compareColumns({ op: "compare_columns", columns: ["x"], unit, paired: true }, [{ name: "a", table: column(a.map(moved)) }, { name: "b", table: other }], createTurns());
        assert.ok(Math.abs((cells(table, "delta")[0] as number) - delta) < 1e-12);
        assert.ok(Math.abs((cells(table, "p")[0] as number) - p) <= 1e-10 * p);
      }
    }
  });
}

test("a text before and after an edit is a pair with itself, and a test that takes them for different ones says so", async () => {
  const { values, notices, codes } = await ask(`let plain = sample perfect 6\ngroups plain = plain, steered = (plain | steer feature 559 layer 7 scale 8.0) | logits at continuation | compare surprisal paired\ngroups plain = plain, steered = (plain | steer feature 559 layer 7 scale 8.0) | logits at continuation | compare surprisal\ngroups plain = plain, steered = (plain | steer feature 559 layer 7 scale 8.0) | acts layer 7 | compare by mean\ngroups a = (sample perfect 6), b = (sample non_perfect 6) | acts layer 7 | compare`);
  assert.equal(codes, []);
  assert.is((values[0] as Table).rows, 1);
  assert.equal(notices.filter((notice) => notice.includes("both groups are of the same texts")).length, 2);
});

test("a column that is the same row by row is named, and nothing is said of texts that differ", async () => {
  const files = { "a.csv": "key,text,x\nq1,In,1\nq2,the,2\n", "b.csv": "key,text,x\nq1,And,5\nq2,God,6\n", "c.csv": "key,text,x\nr,In,5\nr,the,6\n", "d.csv": "key,text,x\nr,And,5\nr,God,6\n" };
  const groups = (a: string, b: string): string => `groups a = (csv "${a}.csv"), b = (csv "${b}.csv") | compare x`;
  const { notices, codes } = await ask([groups("a", "b"), groups("a", "c"), groups("c", "d")].join("\n"), files);
  assert.equal(codes, []);
  const rest = ": `compare paired` sets each row against its own, so that what differs among them hides nothing";
  assert.equal(notices.filter((notice) => notice.includes("paired")).map((notice) => notice.slice(notice.indexOf("both"))), [`both groups have the same key row by row${rest}`, `both groups have the same text row by row${rest}`]);
});

test("that no pair differs is said of the column, and of no other", async () => {
  const csv = "side,x,y\n" + ["a,1,1", "a,2,3", "b,1,1", "b,2,4"].join("\n");
  const { notices } = await ask('csv "t.csv" | split a = side == "a", b = side == "b" | compare x, y paired', { "t.csv": csv });
  assert.equal(notices.filter((notice) => notice.includes("no pair differs")).map((notice) => notice.replace(/^.*?: /, "")), ["no pair differs in `x`"]);
});

test("units that both groups have without a value in one of them are no pairs, and no mistake", async () => {
  const csv = "side,id,x\n" + ["a,1,1", "a,2,3", "b,1,", "b,2,"].join("\n");
  const { values, codes, notices } = await ask('csv "t.csv" | split a = side == "a", b = side == "b" | compare x per id paired', { "t.csv": csv });
  assert.equal(codes, []);
  assert.equal(["a_n", "b_n", "p", "delta"].map((name) => cells(values[0] as Table, name)[0]), [0, 0, null, null]);
  assert.ok(notices.some((notice) => notice.endsWith("2 rows without `x` are left out")));
});

test("of what a model says the text is the unit, and its perplexity is ranked as its mean surprisal", async () => {
  const groups = "groups a = (sample perfect 6), b = (sample non_perfect 5)";
  const { values, codes, notices } = await ask(`set seed 3\n${groups} | logits at continuation | compare surprisal\n${groups} | logits at continuation | ungroup | group group, row | agg s = mean(surprisal)\n${groups} | acts layer 7 | rows | compare value`);
  assert.equal(codes, []);
  const compared = values[0] as Table;
  const texts = values[1] as Table;
  const of = (name: string): number[] => cells(texts, "s").filter((_, row) => cells(texts, "group")[row] === name) as number[];
  const [a, b] = [of("a"), of("b")];
  assert.equal([cells(compared, "a_n")[0], cells(compared, "b_n")[0]], [6, 5]);
  for (const [name, side] of [["a", a], ["b", b]] as const) assert.ok(Math.abs((cells(compared, `${name}_mean`)[0] as number) - side.reduce((sum, x) => sum + x, 0) / side.length) < 1e-12);
  let greater = 0;
  for (const x of a) for (const y of b) greater += Math.sign(x - y);
  assert.is(cells(compared, "delta")[0], greater / 30);
  assert.ok(notices.some((notice) => notice.endsWith("the text is the unit, as `row` numbers them, and the mean of its rows its score: 6 of a against 5 of b")));
  assert.equal(cells(values[2] as Table, "a_n"), [6]);
});

test("a group without rows leaves nulls, and the same rows give the same bits", async () => {
  const empty = "groups a = (sample perfect 3), b = (sample perfect 3 | where false) | compare matching_tokens";
  const { values } = await ask(empty);
  assert.equal(["a_mean", "b_mean", "delta", "p", "q", "b_n"].map((name) => cells(values[0] as Table, name)[0]), [50, null, null, null, null, 0]);
  assert.is(bits((await ask(empty)).values[0]!), bits(values[0]!));
});

test.run();
