/** Without this file types could change on the way through Parquet, and broken files could hang or crash the reader. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../runtime/data/csv.ts";
import { DataError } from "../../runtime/data/error.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { readParquet } from "../../runtime/data/parquet.ts";
import type { ParquetOptions } from "../../runtime/data/parquet_file.ts";
import { saveValue } from "../../runtime/execute/save.ts";
import { cellAt, createColumn, createTable } from "../../runtime/data/table.ts";
import { toTable } from "../../runtime/data/to_table.ts";
import { acts } from "../render/samples.ts";
import { fileOf, folder } from "./folder.ts";

const here = (name: string): string => new URL(name, import.meta.url).pathname;
const cells = (table: Table): [string, string, Cell[]][] => table.columns.map((column) => [column.name, column.type, Array.from({ length: table.rows }, (_, row) => cellAt(column, row))]);

async function refused(path: string, options?: ParquetOptions): Promise<DataError> {
  try {
    await readParquet(path, options);
  } catch (error) {
    assert.instance(error, DataError, String((error as Error).stack));
    return error as DataError;
  }
  return assert.unreachable("it was read") as never;
}

test("zeros keep their signs, in columns of few values too", async () => {
  const zeros = [[-0, 0, 0], [0, -0, -0], [-0, -0, -0], Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? -0 : i % 3 === 1 ? 0 : 1.5))];
  for (const [i, values] of zeros.entries()) {
    const path = `${folder}/zeros-${i}.parquet`;
    await saveValue(createTable("zeros", [{ name: "x", type: "float", values: Float64Array.from(values), valid: null }]), path, "parquet");
    const [column] = (await readParquet(path)).table.columns;
    assert.equal(new BigUint64Array((column!.values as Float64Array).slice().buffer), new BigUint64Array(Float64Array.from(values).buffer));
  }
});

test("what pandas writes: every type has one meaning", async () => {
  const { table, notes, digest } = await readParquet(here("typed.parquet"));
  assert.equal(cells(table), [
    ["flag", "bool", [true, null, false]],
    ["small", "int", [1, -2, 3]],
    ["count", "int", [1, null, 2 ** 53]],
    ["huge", "str", ["9007199254740993", "-1", "0"]],
    ["unsigned", "int", [2 ** 32 - 1, 0, 1]],
    ["single", "float", [0.5, Infinity, -1.25]],
    ["double", "float", [0.1, null, 1e300]],
    ["text", "str", ["Ünïcödé 漢字 🙂", null, ""]],
    ["word", "str", ["a", "b", "a"]],
    ["day", "str", ["1969-12-31", null, "2024-02-29"]],
    ["moment", "str", ["1969-12-31T23:59:59.999999", null, "2024-02-29T12:00:00.000001"]],
    ["money", "float", [12.34, null, -0.05]],
    ["__proto__", "str", ["x", "y", "z"]],
    ["none", "str", [null, null, null]],
  ]);
  assert.equal(notes, ["huge is text because of row 1: 9007199254740993 is beyond 2^53"]);
  assert.is(digest, createHash("sha256").update(readFileSync(here("typed.parquet"))).digest("hex"));
});

test("decimals are the nearest double, times of day are text, and a text keeps the mark it begins with; packed with LZ4", async () => {
  const expected = JSON.parse(readFileSync(here("edge_types.json"), "utf8")) as Record<string, Cell[]>;
  const { table } = await readParquet(here("edge_types.parquet"));
  assert.equal(table.columns.map(({ name }) => name), Object.keys(expected));
  for (const [name, type, values] of cells(table)) {
    assert.is(type, typeof expected[name]!.find((cell) => cell !== null) === "number" ? "float" : "str");
    assert.equal(values, expected[name], name);
  }
});

test("a damaged block of LZ4 is refused or read, never a crash", async () => {
  const whole = readFileSync(here("edge_types.parquet"));
  for (let at = 4; at < whole.length - 4; at += 61) {
    const damaged = Buffer.from(whole);
    damaged[at] = damaged[at]! ^ 0xff;
    await readParquet(fileOf(damaged)).catch((error: unknown) => assert.instance(error, DataError, String(error)));
  }
});

test("a column of bytes that are no text is named, and the others can be read", async () => {
  const error = await refused(here("bytes.parquet"));
  assert.is(error.code, "not-utf8");
  assert.is(error.column, "raw bytes");
  assert.is(error.help, 'columns n');
  assert.is((await readParquet(here("bytes.parquet"), { columns: ["n"] })).table.rows, 2);
});

for (const codec of ["none", "gzip", "zstd", "brotli"]) {
  test(`row groups packed with ${codec} hold what the CSV holds`, async () => {
    const { table } = await readParquet(here(`codec_${codec}.parquet`));
    const { table: csv } = await readCsv(here("scores.csv"));
    for (const [name, type, values] of cells(table)) {
      const same = csv.columns.find((column) => column.name === name)!;
      assert.is(same.type, type);
      assert.equal(values, Array.from({ length: csv.rows }, (_, row) => cellAt(same, row)));
    }
  });
}

test("only the columns asked for, in that order, without duplicates on the way", async () => {
  const { table } = await readParquet(here("typed.parquet"), { columns: ["text", "__proto__", "flag"] });
  assert.equal(table.columns.map(({ name }) => name), ["text", "__proto__", "flag"]);
  const error = await refused(here("typed.parquet"), { columns: ["flga"] });
  assert.is(error.code, "unknown-column");
  assert.match(error.help!, "flag");
});

test("nested columns are refused by name, and the others can be read", async () => {
  const error = await refused(here("nested.parquet"));
  assert.is(error.code, "nested-column");
  assert.is(error.column, "tags");
  assert.is(error.help, 'columns flag, text');
  assert.is((await refused(here("nested.parquet"), { columns: ["place"] })).column, "place");
  assert.is((await readParquet(here("nested.parquet"), { columns: ["flag", "text"] })).table.rows, 3);
});

test("a table written and read again is the same", async () => {
  const table = createTable("t", [
    createColumn("n", "int", [1, null, -(2 ** 53)]),
    { name: "x", type: "float", values: Float64Array.of(0.1, Number.NEGATIVE_INFINITY, 1e-300), valid: null },
    createColumn("ok", "bool", [true, null, false]),
    createColumn("__proto__", "str", ['say "hi"\n', "", null]),
    createColumn("=cmd", "str", ["=1+1", "漢字 🙂", "null"]),
    createColumn("none", "float", [null, null, null]),
  ]);
  const path = `${folder}/again.parquet`;
  assert.match(await saveValue(table, path, "parquet"), /^\d+ bytes parquet$/);
  assert.equal(cells((await readParquet(path)).table), cells(table));
});

test("activations, groups and tables without rows are written too", async () => {
  const path = `${folder}/acts.parquet`;
  for (const value of [acts, { kind: "groups", members: [{ name: "a", value: acts }, { name: "b", value: acts }] } as const, createTable("none", [createColumn("n", "int", [])])]) {
    await saveValue(value, path, "parquet");
    assert.equal(cells((await readParquet(path)).table), cells(toTable(value)));
  }
});

test("an int beyond 64 bits is not wrapped around", async () => {
  const table = createTable("t", [{ name: "n", type: "int", values: Float64Array.of(2 ** 63), valid: null }]);
  const error = await saveValue(table, `${folder}/wide.parquet`, "parquet").catch((reason: unknown) => reason);
  assert.is((error as DataError).code, "bad-argument");
});

test("what is no Parquet file is told", async () => {
  for (const content of ["", "PAR1", "a,b\n1,2\n3,4\n", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"]) {
    const error = await refused(fileOf(content));
    assert.is(error.code, "not-parquet");
  }
  assert.is((await refused(`${folder}/absent.parquet`)).code, "missing-file");
  assert.is((await refused(folder)).code, "not-a-file");
});

test("cut and damaged files are refused or read, never a crash", async () => {
  const whole = readFileSync(here("codec_none.parquet"));
  for (let at = 0; at < whole.length; at += 97) {
    assert.instance(await refused(fileOf(whole.subarray(0, at))), DataError);
    const damaged = Buffer.from(whole);
    damaged[at] = damaged[at]! ^ 0xff;
    await readParquet(fileOf(damaged)).catch((error: unknown) => assert.instance(error, DataError, String(error)));
  }
});

test("a signal stops the reading", async () => {
  const error = await readParquet(here("typed.parquet"), { signal: AbortSignal.abort(new Error("stop")) }).catch((reason: unknown) => reason);
  assert.is((error as Error).message, "stop");
});

test.run();
