/** Without this file results could be torn, or read back as something else. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { atomicWrite, startDraft, writeAll } from "../../runtime/data/atomic_write.ts";
import { createChunks } from "../../runtime/data/chunks.ts";
import { readCsv } from "../../runtime/data/csv.ts";
import { readJsonl } from "../../runtime/data/jsonl.ts";
import { DataError } from "../../runtime/data/error.ts";
import { foretoldRows, foretoldSize } from "../../runtime/data/foretold_size.ts";
import type { Acts, Dense, Value } from "../../runtime/data/frame.ts";
import { saveValue } from "../../runtime/execute/save.ts";
import { describeValue } from "../../runtime/data/summaries.ts";
import { concatTables, createColumn, createTable, takeRows } from "../../runtime/data/table.ts";
import { tableChunks, toTable } from "../../runtime/data/to_table.ts";
import { formatRows, portions, type RowFormat } from "../../runtime/data/write.ts";
import { createTurns } from "../../runtime/turns.ts";
import { acts, plot, tokens, topFeatures } from "../render/samples.ts";
import { folder } from "./folder.ts";

const textOf = (value: Value, format: RowFormat): string => [...formatRows(value, format)].join("");
const odd = createTable("odd", [
  createColumn("n", "int", [1, null, 2 ** 60]),
  { name: "x", type: "float", values: Float64Array.of(0.1, Number.NaN, Number.NEGATIVE_INFINITY), valid: null },
  createColumn("ok", "bool", [true, null, false]),
  createColumn("__proto__", "str", ['say "hi", you', "", null]),
  createColumn("=cmd", "str", ["=1+1", "-x\ny", "\ttab\\"]),
]);

test("csv: quotes, nulls, formulas", () => {
  assert.is(textOf(odd, "csv"), `n,x,ok,__proto__,'=cmd\n1,0.1,true,"say ""hi"", you",'=1+1\n,NaN,,"","'-x\ny"\n1152921504606846976,-inf,false,,'\ttab\\\n`);
  assert.match([...formatRows(odd, "csv", { raw: true })].join(""), ",=1+1\n");
  for (const sign of ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"]) assert.match(textOf(createTable("t", [createColumn("x", "str", [`${sign}SUM(1)`])]), "csv").slice(2), /^"?'/, JSON.stringify(sign));
  // A number is no formula: its minus stays what it is, in a text too.
  assert.is(textOf(createTable("t", [createColumn("x", "int", [-3]), createColumn("y", "float", [-0.5])]), "csv"), "x,y\n-3,-0.5\n");
  for (const format of ["csv", "tsv"] as const) {
    const of = (text: string): string => textOf(createTable("t", [createColumn("x", "str", [text])]), format).slice(2, -1);
    assert.equal(["-3", "-0.5", "-1e-7", "-1.5e+300", "-inf"].map(of), ["-3", "-0.5", "-1e-7", "-1.5e+300", "-inf"]);
    for (const text of ["-3-2", "-3*A1", "-", "--3", "-.5", "+3", "-infinity", "-3 ", "=-3", "-1e5+cmd|' /C calc'!A0"]) assert.is(of(text), `'${text}`);
    assert.match(of("-3\n=1"), /^"'-3/);
  }
});

test("describe of a column with NaN does not depend on the order of its rows", async () => {
  const orders = [[Number.NaN, 1, 2], [1, Number.NaN, 2], [2, 1, Number.NaN]];
  const told = await Promise.all(orders.map(async (values) => textOf(await describeValue([{ name: null, table: createTable("t", [{ name: "x", type: "float", values: Float64Array.from(values), valid: null }]) }], null, createTurns()), "csv")));
  assert.equal(new Set(told).size, 1, told.join(""));
  assert.is(told[0]!.split("\n")[1], "x,float,3,0,3,,,");
});

test("csv: describe gives numbers as numbers", async () => {
  const table = createTable("t", [createColumn("i", "int", [-3, 4]), { name: "x", type: "float", values: Float64Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), valid: null }, createColumn("s", "str", ["-a", "z"]), createColumn("b", "bool", [false, true])]);
  const described = await describeValue([{ name: null, table }], null, createTurns());
  for (const [format, cut] of [["csv", ","], ["tsv", "\t"]] as const) {
    const rows = textOf(described, format).trimEnd().split("\n").slice(1).map((line) => line.split(cut));
    assert.equal(rows.map((cells) => [cells[5], cells[7]]), [["-3", "4"], ["-inf", "inf"], ["'-a", "z"], ["false", "true"]]);
  }
});

test("what is large is told before it is written: rows exactly, bytes from the first rows", () => {
  const table = createTable("t", [createColumn("x", "int", Array.from({ length: 5000 }, (_, i) => i + 1000))]);
  const bytes = Buffer.byteLength(textOf(table, "csv"));
  assert.is(foretoldSize(table, "csv"), null);
  assert.match(foretoldSize(table, "csv", { rows: 5000, bytes: 1e9 })!, /^5,000 rows of csv, about 1 MB; /);
  assert.match(foretoldSize(table, "jsonl", { rows: 1e9, bytes })!, /^5,000 rows of jsonl, about 1 MB; /);
  assert.is(foretoldSize(table, "parquet", { rows: 5000, bytes: 1 }), "5,000 rows of parquet");
  for (const value of [acts, tokens]) {
    const rows = [...tableChunks(value)].reduce((sum, chunk) => sum + chunk.rows, 0);
    assert.match(foretoldSize({ kind: "groups", members: [{ name: "none", value: createTable("e", []) }, { name: "a", value }] }, "csv", { rows: 1, bytes: 1 })!, new RegExp(`^${rows} rows of csv`));
  }
  assert.match(foretoldSize(topFeatures, "tsv", { rows: 1, bytes: 1 })!, / rows of tsv/);
  assert.is(foretoldSize(plot, "svg", { rows: 1, bytes: 1 }), null);
});

test("no chunk has more rows than were asked for, and chunks of any size hold the same rows", () => {
  const words: Value = { kind: "text", text: "a\nb\nc\nd" };
  for (const value of [tokens, acts, plot, words, topFeatures]) {
    const whole = textOf(toTable(value), "csv");
    for (const size of [1, 2, 3, 1000]) {
      const chunks = [...tableChunks(value, size)];
      assert.ok(chunks.every(({ rows }) => rows <= size), `${value.kind} ${size}`);
      assert.is(textOf(concatTables(chunks), "csv"), whole, `${value.kind} ${size}`);
    }
  }
});

test("of rows that are still coming it is told how many there will be about, or are so far", () => {
  const table = createTable("t", [createColumn("x", "int", [1000, 2000])]);
  assert.is(foretoldRows(table, 400_000, "about", "csv"), null);
  assert.match(foretoldRows(table, 2_000_000, "about", "csv")!, /^about 2,000,000 rows of csv, about 12 MB; /);
  assert.match(foretoldRows(table, 2_000_000, "so far", "csv")!, /^2,000,000 rows of csv so far, about 12 MB; /);
  assert.is(foretoldRows(table, 2_000_000, "all", "parquet"), "2,000,000 rows of parquet");
});

test("rows that come in any pieces stand in the chunks of rows that are there at once", () => {
  const table = createTable("t", [createColumn("x", "int", Array.from({ length: 20 }, (_, i) => i)), createColumn("s", "str", Array.from({ length: 20 }, (_, i) => `${i}`))]);
  for (const rows of [20, 10, 7, 3, 0]) {
    const all = createTable("t", table.columns.map(({ name, type }) => createColumn(name, type, Array.from({ length: rows }, (_, i) => (type === "str" ? `${i}` : i)))), rows);
    for (const size of [1, 3, 5, 20, 30]) {
      const chunks = createChunks(size);
      const made = [1, 0, 4, 7, 100].reduce<{ from: number; tables: ReturnType<typeof toTable>[] }>(
        ({ from, tables }, count) => {
          const to = Math.min(rows, from + count);
          const piece = createTable("t", all.columns.map(({ name, type }) => createColumn(name, type, Array.from({ length: to - from }, (_, i) => (type === "str" ? `${from + i}` : from + i)))), to - from);
          return { from: to, tables: [...tables, ...chunks.put(piece)] };
        },
        { from: 0, tables: [] },
      ).tables;
      const left = chunks.rest();
      assert.equal([...made, ...(left === null ? [] : [left])].map(textOfTable), [...tableChunks(all, size)].map(textOfTable), `${rows} rows in chunks of ${size}`);
      assert.is(chunks.rest(), null);
    }
  }
});

const textOfTable = (table: Value): string => textOf(table, "csv");

test("saving says how many cells were changed so that no spreadsheet runs them", async () => {
  const path = join(folder, "formulas.csv");
  assert.is(await saveValue(odd, path, "csv"), `${statSync(path).size} bytes csv, 4 cells with ' in front, so that no spreadsheet runs what they hold (--raw-csv leaves them as they are)`);
  assert.is(await saveValue(odd, path, "csv", { raw: true }), `${statSync(path).size} bytes csv`);
  assert.match(readFileSync(path, "utf8"), ",=cmd\n");
});

test("tsv is csv with tabs: what other programs would take for the end of a cell stands in quotes", async () => {
  assert.is(textOf(odd, "tsv"), `n\tx\tok\t__proto__\t'=cmd\n1\t0.1\ttrue\t"say ""hi"", you"\t'=1+1\n\tNaN\t\t""\t"'-x\ny"\n1152921504606846976\t-inf\tfalse\t\t"'\ttab\\"\n`);
  assert.match([...formatRows(odd, "tsv", { raw: true })].join(""), '\t"\ttab\\"\n');
  const table = createTable("t.tsv", [createColumn("s", "str", ['"In the beginning', "a\tb", "a\r\nb", "\\n", "", null, "x, y", '"'])]);
  const path = join(folder, "t.tsv");
  await saveValue(table, path, "tsv");
  assert.equal((await readCsv(path, { separator: "\t" })).table, table);
});

test("a float beyond 2^53 is read back as a float from whatever it was written to", async () => {
  const large = [2 ** 53, 2 ** 53 + 2, 1e20, -123456789012345680000, 9.999999999999999e22, 1e300];
  const table = createTable("t", [createColumn("x", "float", [...large, 0.5, null])]);
  for (const format of ["csv", "tsv", "jsonl", "json"] as const) {
    const path = join(folder, `large.${format}`);
    await saveValue(table, path, format);
    const back = (format === "csv" || format === "tsv" ? await readCsv(path, { separator: format === "csv" ? "," : "\t" }) : await readJsonl(path)).table.columns[0]!;
    assert.is(back.type, "float", format);
    assert.equal(back.values, table.columns[0]!.values, format);
  }
});

test("zero below zero is read back as that from whatever it was written to", async () => {
  const table = createTable("t", [createColumn("x", "float", [-0, 0, 0.5])]);
  for (const format of ["csv", "tsv", "jsonl", "json"] as const) {
    const path = join(folder, `zero.${format}`);
    await saveValue(table, path, format);
    const back = (format === "csv" || format === "tsv" ? await readCsv(path, { separator: format === "csv" ? "," : "\t" }) : await readJsonl(path)).table.columns[0]!;
    assert.is(back.type, "float", format);
    assert.equal(Array.from(back.values as Float64Array, (value) => Object.is(value, -0)), [true, false, false], format);
  }
});

test("a table whose texts are together longer than one text can be is written in portions, with the same bytes", () => {
  const table = createTable("long", [createColumn("t", "str", ["aaaa", "", "bb", null, "cccccc"]), createColumn("n", "int", [1, 2, 3, 4, 5])]);
  assert.equal([...portions(table, 6)].map(({ rows }) => rows), [4, 1]);
  assert.equal([...portions(table, 1)].map(({ rows }) => rows), [1, 2, 2]);
  assert.equal([...portions(takeRows(table, []), 6)].map(({ rows }) => rows), [0]);
  const long = "x".repeat(2 ** 24);
  // A rope of one text: it takes no memory until it is written.
  const wide = createTable("wide", [createColumn("t", "str", Array.from({ length: 40 }, () => long))]);
  let characters = 0;
  for (const piece of formatRows(wide, "csv")) characters += piece.length;
  assert.is(characters, 2 + 40 * (2 ** 24 + 1));
});

test("json and jsonl: row objects, big ints as text, no NaN", () => {
  const lines = textOf(odd, "jsonl").trimEnd().split("\n");
  assert.is(lines[0], '{"n":1,"x":0.1,"ok":true,"__proto__":"say \\"hi\\", you","=cmd":"=1+1"}');
  assert.is(lines[2], '{"n":"1152921504606846976","x":null,"ok":false,"__proto__":null,"=cmd":"\\ttab\\\\"}');
  assert.is(textOf(odd, "json"), `[\n${lines.join(",\n")}\n]\n`);
  assert.is(textOf(createTable("none", [createColumn("n", "int", [])]), "json"), "[]\n");
  assert.is(textOf(createTable("none", [createColumn("n", "int", [])]), "csv"), "n\n");
});

test("a table written and read again is the same", async () => {
  const table = createTable("t.csv", [createColumn("i", "int", [1, null, -3]), createColumn("f", "float", [0.5, 1e-300, null]), createColumn("b", "bool", [true, false, null]), createColumn("s", "str", ["00123", "", null])]);
  const path = join(folder, "t.csv");
  assert.is(await saveValue(table, path, "csv"), "48 bytes csv");
  assert.equal((await readCsv(path)).table, table);
});

test("rows of every kind", () => {
  assert.is(textOf(acts, "csv").split("\n").slice(0, 3).join("\n"), "row,position,token_id,token,special,feature,value\n0,0,0,<s>,true,9,9\n0,1,1,In,false,1,0.5");
  assert.is(textOf(tokens, "csv").split("\n").slice(0, 3).join("\n"), "row,position,token_id,token,special\n0,0,0,<s>,true\n0,1,1,In,false");
  assert.is(textOf(topFeatures, "csv").split("\n")[5], "non_perfect,88,305,43.57142857142857,101.66666666666667");
  assert.is(textOf(topFeatures, "csv").split("\n")[0], "group,feature,count,mean,max");
  assert.is(textOf(plot, "csv").split("\n").slice(0, 2).join("\n"), "series,bin_start,bin_end,count\nperfect,10,13,1");
  const dense: Dense = { kind: "dense", tokens, rows: acts.rows, taps: [{ layer: 3, hook: "resid_post", width: 2, values: Float32Array.from({ length: 14 }, (_, i) => i / 2) }] };
  assert.is(textOf(dense, "csv").split("\n").slice(0, 3).join("\n"), "row,position,token_id,token,special,v0,v1\n0,0,0,<s>,true,0,0.5\n0,1,1,In,false,1,1.5");
  const layers: Acts = { ...acts, taps: [acts.taps[0]!, { ...acts.taps[0]!, layer: 9 }] };
  const grouped: Value = { kind: "groups", members: [{ name: "g", value: layers }] };
  assert.is(textOf(grouped, "csv").split("\n")[0], "group,layer,row,position,token_id,token,special,feature,value");
  assert.is(toTable(grouped).rows, 24);
  assert.is(textOf({ kind: "text", text: "a\nb" }, "jsonl"), '{"text":"a"}\n{"text":"b"}\n');
});

test("chunks hold the same rows as the whole", () => {
  for (const size of [1, 2, 5, 100]) {
    const chunks = [...tableChunks(acts, size)];
    assert.ok(chunks.every(({ rows }) => rows <= size));
    assert.equal(chunks.flatMap((chunk) => [...chunk.columns[1]!.values]), [...toTable(acts).columns[1]!.values]);
  }
  const empty: Acts = { ...acts, rows: { ...acts.rows, count: 0 }, taps: [{ ...acts.taps[0]!, csr: { rows: 0, cols: 10, indptr: Uint32Array.of(0), indices: new Uint32Array(0), values: new Float32Array(0) } }] };
  assert.is(textOf(empty, "csv"), "row,position,token_id,token,special,feature,value\n");
});

test("atomic: whole, with its mode, through links, nothing left behind", async () => {
  const place = join(folder, "atomic");
  mkdirSync(place);
  const path = join(place, "a.txt");
  const { bytes, digest } = await atomicWrite(path, ["ä", Buffer.from("b")]);
  assert.is(bytes, 3);
  assert.is(digest.length, 64);
  chmodSync(path, 0o640);
  symlinkSync("a.txt", join(place, "link"));
  await atomicWrite(join(place, "link"), ["new"]);
  assert.is(readFileSync(path, "utf8"), "new");
  assert.is(statSync(path).mode & 0o777, 0o640);
  const broken = (function* (): Generator<string> {
    yield "x".repeat(3 << 20);
    throw new Error("no more");
  })();
  assert.is(((await atomicWrite(path, broken).catch((error: unknown) => error)) as Error).message, "no more");
  assert.is(readFileSync(path, "utf8"), "new");
  assert.equal(readdirSync(place).sort(), ["a.txt", "link"]);
});

test("a draft has no name before it is whole, and nothing is left of one that is let go or fails", async () => {
  const place = join(folder, "drafts");
  mkdirSync(place);
  const path = join(place, "a.txt");
  writeFileSync(path, "old");
  const draft = await startDraft(path);
  await draft.write("x".repeat(3 << 20));
  assert.is(readFileSync(path, "utf8"), "old");
  assert.is(readdirSync(place).length, 2);
  await draft.discard();
  await draft.discard();
  assert.equal(readdirSync(place), ["a.txt"]);
  const stop = new AbortController();
  const stopped = await startDraft(path, { signal: stop.signal });
  stop.abort();
  assert.is(((await stopped.write("x".repeat(3 << 20)).catch((error: unknown) => error)) as Error).name, "AbortError");
  assert.equal(readdirSync(place), ["a.txt"]);
  const whole = await startDraft(path);
  await whole.write("new");
  assert.is((await whole.commit()).bytes, 3);
  await whole.discard();
  assert.equal([readdirSync(place), readFileSync(path, "utf8")], [["a.txt"], "new"]);
});

test("short writes are gone on with, and a full disk is told", async () => {
  const taken: number[] = [];
  await writeAll({ write: async (_, offset, length) => (taken.push(offset), { bytesWritten: Math.min(3, length) }) }, new Uint8Array(8));
  assert.equal(taken, [0, 3, 6]);
  let told = 0;
  const room = [5, 2, 0];
  const error = await writeAll({ write: async () => ({ bytesWritten: room.shift()! }) }, new Uint8Array(9), (bytes) => (told += bytes)).catch((reason: unknown) => reason);
  assert.is(told, 7, "what reached the disk before it was full");
  assert.is((error as { code: string }).code, "ENOSPC");
});

test("places that cannot be written", async () => {
  const codeOf = async (path: string): Promise<string> => ((await atomicWrite(path, ["x"]).catch((error: unknown) => error)) as DataError).code;
  assert.is(await codeOf(join(folder, "no", "x.csv")), "missing-folder");
  assert.is(await codeOf(folder), "not-a-file");
  writeFileSync(join(folder, "file"), "");
  assert.is(await codeOf(join(folder, "file", "x.csv")), "missing-folder");
  assert.not.ok(existsSync(join(folder, "no")));
  const named = (await atomicWrite(join(folder, "it's new", "x.csv"), ["x"]).catch((error: unknown) => error)) as DataError;
  assert.is(named.help, `mkdir -p '${join(folder, "it'\\''s new")}'`, "a command that can be pasted");
});

test.run();
