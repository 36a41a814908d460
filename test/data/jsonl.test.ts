/** Without this file the traps of JSON lines could come back unseen: rounded numbers, lost keys, changed prototypes. */
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { readJsonl, type JsonlOptions } from "../../runtime/data/jsonl.ts";
import { saveValue } from "../../runtime/execute/save.ts";
import { cellAt, createColumn, createTable } from "../../runtime/data/table.ts";
import { fileOf, folder } from "./folder.ts";

const cells = (table: Table): Record<string, Cell[]> => Object.fromEntries(table.columns.map((column) => [column.name, Array.from({ length: table.rows }, (_, row) => cellAt(column, row))]));
const types = (table: Table): string => table.columns.map(({ name, type }) => `${name}:${type}`).join(" ");
const read = async (content: string | Uint8Array, options?: JsonlOptions): Promise<Table> => (await readJsonl(fileOf(content), options)).table;

async function refused(content: string | Uint8Array, options?: JsonlOptions): Promise<DataError> {
  try {
    await read(content, options);
  } catch (error) {
    assert.instance(error, DataError);
    return error as DataError;
  }
  return assert.unreachable("it was read") as never;
}

test("a list as `save` writes it is read as its rows, and another list is refused", async () => {
  const table = createTable("t", [createColumn("a", "int", [1, null, 3]), createColumn("b", "str", ["x,", "]", '"['])]);
  const path = `${folder}/saved.json`;
  await saveValue(table, path, "json");
  const again = (await readJsonl(path)).table;
  assert.is(types(again), "a:int b:str");
  assert.equal(cells(again), cells(table));
  await saveValue(createTable("t", [createColumn("a", "int", [])]), path, "json");
  assert.is((await readJsonl(path)).table.rows, 0);
  for (const other of ['[{"a": 1}, {"a": 2}]', '[\n  {\n    "a": 1\n  }\n]\n', '{"a": 1}\n[\n{"a": 2}\n]\n', '[\n{"a": 1},,\n]\n']) assert.is((await refused(other)).code, "bad-json");
});

test("types over all rows, missing keys, order of first appearance", async () => {
  const table = await read('{"a":1,"b":true,"c":"x"}\r\n{"c":"","a":2.5}\n\n  {"d":null,"b":false}  ');
  assert.is(types(table), "a:float b:bool c:str d:str");
  assert.equal(cells(table), { a: [1, 2.5, null], b: [true, null, false], c: ["x", "", null], d: [null, null, null] });
});

test("quoted numbers and words stay text; a mixed column is text and told", async () => {
  const { table, notes } = await readJsonl(fileOf('{"a":"1","b":1}\n{"a":"2","b":"x"}\n{"a":"true","b":1e3}\n'));
  assert.is(types(table), "a:str b:str");
  assert.equal(cells(table), { a: ["1", "2", "true"], b: ["1", "x", "1e3"] });
  assert.equal(notes, ["b is text: row 2 holds text, row 1 does not"]);
});

test("numbers keep their digits", async () => {
  const table = await read('{"a":9007199254740993,"b":9007199254740992,"c":1e999,"d":-0,"e":0.1}\n');
  assert.is(types(table), "a:str b:int c:str d:float e:float");
  assert.equal(cells(table)["a"], ["9007199254740993"]);
  assert.equal(cells(table)["c"], ["1e999"]);
});

test("a deep value costs nothing and is refused by key", async () => {
  const error = await refused(`{"a":1}\n{"a":${"[".repeat(1_000_000)}`);
  assert.is(error.code, "nested-value");
  assert.is(error.row, 2);
  assert.is(error.column, "a");
  assert.match(error.message, 'row 2 (line 2) holds a list in "a"');
});

test("names that objects cannot hold", async () => {
  const table = await read('{"__proto__":1,"constructor":2,"":3,"toString":4}\n');
  assert.equal(table.columns.map(({ name, values }) => [name, values[0]]), [["__proto__", 1], ["constructor", 2], ["", 3], ["toString", 4]]);
  assert.is((({}) as Record<string, unknown>)["polluted"], undefined);
});

test("escapes, and text that would end a line elsewhere", async () => {
  const table = await read('{"a":"q\\"\\\\\\n\\u00e9\\ud83d\\ude42\u2028","b":"\\\\"}\n');
  assert.equal(cells(table), { a: ['q"\\\né🙂\u2028'], b: ["\\"] });
});

for (const [name, content, code, words] of [
  ["duplicate keys", '{"a":1}\n{"a":1,"a":2}\n', "duplicate-key", "row 2 (line 2) has the key \"a\" twice"],
  ["a duplicate key written with an escape", '{"a":1,"\\u0061":2}\n', "duplicate-key", '"a" twice'],
  ["an array of objects", '[{"a":1}]\n', "bad-json", "starts a JSON array"],
  ["a line that is no object", '{"a":1}\n5\n', "bad-json", "row 2 (line 2)"],
  ["a missing brace", '{"a":1\n', "bad-json", "where the line ends"],
  ["a trailing comma", '{"a":1,}\n', "bad-json", "a key in quotes"],
  ["two objects in a line", '{"a":1}{"a":2}\n', "bad-json", "the end of the line"],
  ["single quotes", "{'a':1}\n", "bad-json", "a key in quotes"],
  ["NaN", '{"a":NaN}\n', "bad-json", 'holds NaN in "a"'],
  ["minus infinity", '{"a":1,"b":-Infinity}\n', "bad-json", 'holds -Infinity in "b"'],
  ["a word that begins with NaN", '{"a":NaNo}\n', "bad-json", "a value"],
  ["a leading zero", '{"a":007}\n', "bad-json", "a value"],
  ["a bare control character", '{"a":"x\ty"}\n', "bad-json", "a well-formed text"],
  ["an open text", '{"a":"x}\n', "bad-json", "closing quote"],
  ["a NUL escape", '{"a":"\\u0000"}\n', "nul-byte", "NUL"],
  ["half a surrogate pair", '{"a":"\\ud800"}\n', "not-utf8", "lone surrogate"],
  ["an object in a cell", '{"a":{"b":1}}\n', "nested-value", "an object"],
] as const) {
  test(`refused: ${name}`, async () => {
    const error = await refused(content);
    assert.is(error.code, code);
    assert.ok(error.message.includes(words), error.message);
    assert.ok(error.help !== null || error.notes.length > 0, "it says what to do");
  });
}

test("types that are asked for", async () => {
  assert.is(types(await read('{"a":1,"b":"2"}\n', { types: { a: "str", b: "int" } })), "a:str b:int");
  assert.is((await refused('{"a":"x"}\n', { types: { a: "int" } })).code, "type-mismatch");
  const error = await refused('{"alpha":1}\n', { types: { alpah: "int" } });
  assert.is(error.code, "unknown-column");
  assert.is(error.help, "types {alpha: int}");
});

test("a table written as JSON lines and read again is the same", async () => {
  const table = createTable("t", [createColumn("n", "int", [1, null, -3]), createColumn("x", "float", [0.5, 2.25, null]), createColumn("ok", "bool", [true, null, false]), createColumn("__proto__", "str", ['a"b\n', "", null])]);
  const path = `${folder}/again.jsonl`;
  await saveValue(table, path, "jsonl");
  const again = await readJsonl(path);
  assert.is(types(again.table), types(table));
  assert.equal(cells(again.table), cells(table));
});

test("the digest is that of the bytes, and a signal stops", async () => {
  const content = '\ufeff{"a":1}\n';
  assert.is((await readJsonl(fileOf(content))).digest, createHash("sha256").update(content).digest("hex"));
  const error = await readJsonl(fileOf(content), { signal: AbortSignal.abort(new Error("stop")) }).catch((reason: unknown) => reason);
  assert.is((error as Error).message, "stop");
});

test.run();
