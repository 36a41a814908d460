/** Without this file the promises on bad tables (BOM, encodings, ragged rows, huge cells …) would be kept by chance. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../runtime/data/csv.ts";
import { DataError } from "../../runtime/data/error.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { readJsonl } from "../../runtime/data/jsonl.ts";
import { distinctRows } from "../../runtime/data/rows.ts";
import { saveValue } from "../../runtime/execute/save.ts";
import { readSource } from "../../runtime/data/source.ts";
import { cellAt } from "../../runtime/data/table.ts";
import { createTurns } from "../../runtime/turns.ts";
import { open, run } from "../session/open.ts";
import { fileOf, folder } from "./folder.ts";

type Content = string | Uint8Array;
const csv = async (content: Content): Promise<Table> => (await readCsv(fileOf(content))).table;
const jsonl = async (content: Content): Promise<Table> => (await readJsonl(fileOf(content))).table;
const rowsOf = (table: Table): Cell[][] => Array.from({ length: table.rows }, (_, row) => table.columns.map((column) => cellAt(column, row)));
const namesOf = (table: Table): string[] => table.columns.map(({ name }) => name);

/** The code, place and words of the refusal; every one says what to do. */
async function refused(reading: Promise<unknown>): Promise<DataError> {
  const error = await reading.then(() => assert.unreachable("it was read"), (reason: unknown) => reason);
  assert.instance(error, DataError, String(error));
  return error as DataError;
}

test("16 a UTF-8 byte order mark is taken off once", async () => {
  assert.equal(namesOf(await csv("\ufeffa,b\n1,2\n")), ["a", "b"]);
  assert.equal(namesOf(await jsonl('\ufeff{"a":1}\n')), ["a"]);
  assert.equal(namesOf(await csv("\ufeff\ufeffa\n1\n")), ["\ufeffa"], "a second one is a character");
});

test("17 UTF-16, either way round, is refused with the command that mends it", async () => {
  for (const read of [csv, jsonl]) {
    const little = Buffer.from('\ufeff{"a":1}\n{"a":2}\n', "utf16le");
    for (const bytes of [little, Buffer.from(little).swap16(), little.subarray(2)]) {
      const error = await refused(read(bytes));
      assert.is(error.code, "utf-16");
      assert.match([...error.notes, error.help].join(), "iconv -f UTF-16 -t UTF-8");
      assert.is(error.help === "encoding utf16", read === csv, "only `csv` can be told");
    }
  }
});

test("18 Latin-1 is refused with row and byte", async () => {
  const table = await refused(csv(Buffer.from("a,b\n1,x\n2,caf\xe9\n", "latin1")));
  assert.is(table.code, "not-utf8");
  assert.is(table.row, 2);
  assert.match(table.message, /at byte 13 in row 2 \(line 3\): found 0xe9/);
  const lines = await refused(jsonl(Buffer.from('{"a":1}\n{"a":"caf\xe9"}\n', "latin1")));
  assert.is(lines.code, "not-utf8");
  assert.match(lines.message, "at byte 17 in line 2");
});

test("19 mixed line ends are read, with one note", async () => {
  const { table, notes } = await readCsv(fileOf('a,b\r\n1,"2\n3"\n4,5\r\n'));
  assert.equal(rowsOf(table), [[1, "2\n3"], [4, "5"]]);
  assert.equal(notes, ["line ends are mixed: 2 CRLF, 1 LF"]);
  assert.equal(rowsOf(await jsonl('{"a":1}\r\n{"a":2}\n')), [[1], [2]]);
});

test("20 an open quote is told where it opens, not at the end of the file", async () => {
  const error = await refused(csv(`a,b\n1,"x\n${"2,y\n".repeat(50)}`));
  assert.is(error.code, "unclosed-quote");
  assert.match(error.message, "a quote opened on line 2, cell 2");
  assert.is((await refused(jsonl('{"a":1}\n{"a":"x}\n{"a":3}\n'))).row, 2);
});

test("21 a ragged row is refused with both counts", async () => {
  const error = await refused(csv("a,b\n1,2\n3,4,5\n"));
  assert.is(error.code, "ragged-row");
  assert.is(error.row, 2);
  assert.match(error.message, "row 2 (line 3) has 3 cells, the header has 2");
});

test("22 equal names are refused, both places named", async () => {
  const error = await refused(csv("a,b,a\n1,2,3\n"));
  assert.is(error.code, "duplicate-column");
  assert.match(error.message, "columns 1 and 3");
  assert.is((await refused(jsonl('{"a":1,"b":2,"a":3}\n'))).code, "duplicate-key");
});

test("23 an empty file is refused; a header alone is a table without rows, and has no groups", async () => {
  for (const read of [csv, jsonl]) assert.is((await refused(read(""))).code, "empty-file");
  const empty = await csv("a,b\n");
  assert.is(empty.rows, 0);
  assert.equal(namesOf(empty), ["a", "b"]);
  const place = mkdtempSync(join(folder, "empty-"));
  const session = await open({ readFrom: place });
  fileOf("a,b\n", `${place.slice(folder.length + 1)}/x.csv`);
  for (const [query, rows] of [['csv "x.csv" | group a | agg n = count()', 0], ['csv "x.csv" | group a | count', 0], ['csv "x.csv" | agg n = count()', 1]] as const) {
    const { outcome, values } = await run(session, query);
    assert.is(outcome.exitCode, 0, query);
    assert.is((values[0] as Table).rows, rows, query);
  }
  await session.close();
});

test("24 a cell of 17 MB is refused without being kept", async () => {
  const huge = "x".repeat(17 * 2 ** 20);
  assert.is((await refused(csv(`a,b\n1,${huge}\n`))).code, "field-too-large");
  assert.is((await refused(jsonl(`{"a":"${huge}"}\n`))).code, "field-too-large");
  assert.is((await refused(jsonl(`{"a":"${huge.repeat(5)}`))).code, "field-too-large", "a line without an end");
});

test("25 NUL is refused with its place", async () => {
  const error = await refused(csv("a,b\n1,x\0y\n"));
  assert.is(error.code, "nul-byte");
  assert.match(error.message, "at byte 7 in row 1 (line 2)");
  assert.is((await refused(jsonl('{"a":"x\\u0000"}\n'))).code, "nul-byte");
  assert.instance(await refused(jsonl('{"a":"x\0"}\n')), DataError);
});

test("26 formulas are marked in csv, and only there", async () => {
  const table = await jsonl('{"a":"=HYPERLINK(\\"x\\")","b":-1}\n');
  const written = async (ending: "csv" | "jsonl"): Promise<string> => {
    const path = join(folder, `formula.${ending}`);
    await saveValue(table, path, ending);
    return readFileSync(path, "utf8");
  };
  assert.is(await written("csv"), `a,b\n"'=HYPERLINK(""x"")",-1\n`);
  assert.is(await written("jsonl"), '{"a":"=HYPERLINK(\\"x\\")","b":-1}\n');
});

test("27 equal rows are kept; `distinct` takes them out", async () => {
  const table = await csv("a,b\n1,x\n1,x\n1,\n1,\n2,x\n");
  assert.is(table.rows, 5);
  assert.equal(rowsOf((await distinctRows(table, [], createTurns()))), [[1, "x"], [1, null], [2, "x"]]);
});

test("28 00123, 1e5, NaN and TRUE mean what they say", async () => {
  const table = await csv("id,n,x,ok\n00123,1e5,NaN,TRUE\n00124,2,1.5,false\n");
  assert.equal(table.columns.map(({ type }) => type), ["str", "float", "str", "bool"]);
  assert.equal(rowsOf(table)[0], ["00123", 100_000, "NaN", true]);
  assert.equal((await jsonl('{"id":"00123","n":1e5,"ok":"TRUE"}\n')).columns.map(({ type }) => type), ["str", "float", "str"]);
});

test("29 more columns than 16,384 are refused before they are kept", async () => {
  assert.is((await refused(csv(`${"a,".repeat(1_000_000)}a\n`))).code, "too-many-columns");
  const keys = Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join(",");
  assert.is((await refused(jsonl(`{${keys}}\n`))).code, "too-many-columns");
});

test("30 a text longer than the context is refused by row, or cut and counted", async () => {
  const place = mkdtempSync(join(folder, "long-"));
  fileOf(`{"text":"In the beginning"}\n{"text":"${"and it came to pass ".repeat(400)}"}\n`, `${place.slice(folder.length + 1)}/x.jsonl`);
  const session = await open({ readFrom: place });
  const { codes } = await run(session, 'jsonl "x.jsonl" | tokenize');
  assert.equal(codes, ["text-too-long"]);
  const { outcome, notices } = await run(session, 'set long truncate\njsonl "x.jsonl" | tokenize');
  assert.is(outcome.exitCode, 0);
  assert.ok(notices.some((text) => text.includes("1 text was cut")));
  await session.close();
  rmSync(place, { recursive: true });
});

test("31 a file that changes while it is read is refused", async () => {
  const path = fileOf('{"a":1}\n');
  const reading = (async () => {
    let grown = false;
    for await (const _ of readSource(path, { onDigest: () => {}, place: () => ({ row: 0, text: "" }) })) {
      if (!grown) appendFileSync(path, '{"a":2}\n');
      grown = true;
    }
  })();
  assert.is((await refused(reading)).code, "changed-while-read");
});

test("a pipe or a device is refused at once, and does not wait for who writes into it", async () => {
  if (process.platform === "win32") return;
  const pipe = join(folder, "pipe.csv");
  execFileSync("mkfifo", [pipe]);
  for (const path of [pipe, "/dev/zero"]) {
    const error = await refused(readCsv(path));
    assert.is(error.code, "not-a-file");
    assert.match(error.message, "a pipe or a device");
  }
  assert.is((await refused(readJsonl(pipe))).code, "not-a-file");
});

test("a file that the system stops reading is the user's to mend, not a fault of saeq", async () => {
  // Its first page cannot be read.
  if (process.platform === "linux") assert.is((await refused(readCsv("/proc/self/mem"))).code, "not-readable");
});

test.run();
