/** Without this file the traps of JSON lines could come back unseen: rounded numbers, lost keys, changed prototypes. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { weighGzip } from "../../runtime/data/gunzip.ts";
import { createObjectSplitter } from "../../runtime/data/json_list.ts";
import { readJsonl, type JsonlOptions } from "../../runtime/data/jsonl.ts";
import { scanJsonl } from "../../runtime/data/jsonl_stream.ts";
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

test("a list as `save` writes it is read as its rows, and what is no list of objects is refused", async () => {
  const table = createTable("t", [createColumn("a", "int", [1, null, 3]), createColumn("b", "str", ["x,", "]", '"['])]);
  const path = `${folder}/saved.json`;
  await saveValue(table, path, "json");
  const again = (await readJsonl(path)).table;
  assert.is(types(again), "a:int b:str");
  assert.equal(cells(again), cells(table));
  await saveValue(createTable("t", [createColumn("a", "int", [])]), path, "json");
  assert.is((await readJsonl(path)).table.rows, 0);
  for (const other of ['[{"a": 1} {"a": 2}]', "[1, 2]", '["a"]', "[[]]", "[", '[{"a": 1}', '[{"a": 1', '[{"a": "1}]', '[{"a": 1},]', '[,{"a": 1}]', '[{"a": 1}]]', '[{"a": 1}]\n{"a": 2}\n', '[{"a": 1}, null]', '[{"a": 1]}', '{"a": 1}\n[\n{"a": 2}\n]\n', '[\n{"a": 1},,\n]\n']) assert.is((await refused(other)).code, "bad-json");
});

/** An object over several lines and in one, with lists, objects and brackets in texts. */
function written(value: object, spread: boolean): string {
  return JSON.stringify(value, null, spread ? 2 : undefined);
}

test("a list is read as JSON.parse reads it, however it is laid out and wherever its pieces end", async () => {
  const objects = Array.from({ length: 300 }, (_, i) => ({ i, text: ['"', "\\", "]},{", "a\nb", "\u{1f600}", "", '\\"]'][i % 7], ...(i % 3 === 0 ? { x: i / 8 } : {}), ...(i % 50 === 7 ? { deep: [{ a: "]" }, [[i]], "\\"] } : {}) }));
  for (const spread of [false, true]) {
    const text = ` \n[${objects.map((each) => written(each, spread)).join(spread ? " ,\r\n\t" : ",")}\n] \n`;
    const expected = JSON.parse(text) as Record<string, Cell>[];
    const { table, notes } = await readJsonl(fileOf(text), { nested: "drop" });
    assert.equal(notes, ["deep is left out: row 8 holds a list or an object"]);
    assert.is(types(table), "i:int text:str x:float");
    assert.equal(cells(table), { i: expected.map(({ i }) => i), text: expected.map((each) => each["text"]), x: expected.map(({ x }) => x ?? null) });
    for (const width of [1, 2, 3, 7, 64]) {
      const splitter = createObjectSplitter("x.json");
      const found = [];
      for (let at = 0; at < text.length; at += width) found.push(...splitter.push(text.slice(at, at + width)));
      found.push(...splitter.end());
      assert.equal(found.map(({ text }) => JSON.parse(text) as unknown), expected);
      for (const [row, { line }] of found.entries()) assert.is(line, text.slice(0, text.indexOf(written(objects[row]!, spread))).split("\n").length, `row ${row}`);
    }
  }
});

test("columns of lists and objects are left out where that is asked for, in lines too, and a value that does not end is told", async () => {
  const { table, notes } = await readJsonl(fileOf(`{"a":1,"b":[1,"]",{"c":[]}],"d":{}}\n{"a":2,"b":3,"d":null}\n`), { nested: "drop" });
  assert.equal(cells(table), { a: [1, 2] });
  assert.equal(notes, ["b is left out: row 1 holds a list or an object", "d is left out: row 1 holds a list or an object"]);
  assert.is((await readJsonl(fileOf(`{"a":1,"b":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}\n`), { nested: "drop" })).table.columns.length, 1);
  for (const open of ['{"a":[1,2}\n', '{"a":["]}\n', `{"a":${"[".repeat(1000)}\n`]) assert.is((await refused(open, { nested: "drop" })).code, "bad-json");
});

test("what gzip packed is read as what it unpacks to, also in several parts, and a damaged file is told", async () => {
  const text = Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ i, t: `text ${i}` })).join("\n");
  const plain = (await readJsonl(fileOf(text))).table;
  const packed = gzipSync(text);
  for (const bytes of [packed, Buffer.concat([gzipSync(text.slice(0, 100_001)), gzipSync(text.slice(100_001))])]) {
    const read = await readJsonl(fileOf(bytes));
    assert.equal(cells(read.table), cells(plain));
    assert.is(read.digest, createHash("sha256").update(bytes).digest("hex"), "of the file as it lies there");
  }
  assert.is((await refused(packed.subarray(0, packed.length - 9))).message.replace(/^.* is/, "is"), "is compressed with gzip and ends too early");
  const wrong = Buffer.from(packed);
  wrong[packed.length - 6]! ^= 0xff;
  assert.match((await refused(wrong)).message, "compressed with gzip and damaged");
  const tar = Buffer.alloc(1024);
  tar.write("labels.jsonl", 0);
  tar.write("ustar", 257);
  assert.match((await refused(gzipSync(tar))).message, "is a tar archive");
  // A file that says nothing of how much it unpacks to is weighed, no further than it has to be.
  const bomb = fileOf(gzipSync(Buffer.alloc(50_000_000, 10)));
  assert.ok((await weighGzip(bomb, 1_000_000)) < 2_000_000);
  assert.is(await weighGzip(fileOf(packed), 1e9), text.length);
  assert.is(await weighGzip(fileOf(text), 1e9), 0);
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

test("a list or an object is its JSON as it is written, in a column of text", async () => {
  const { table, notes } = await readJsonl(fileOf('{"a":[1, {"b":"]}\\""}],"c":1}\n{"a":{"x":1.0},"c":2}\n{"a":null,"c":3}\n{"a":"plain","c":4}\n'));
  assert.is(types(table), "a:str c:int");
  assert.equal(cells(table)["a"], ['[1, {"b":"]}\\""}]', '{"x":1.0}', null, "plain"]);
  assert.equal(notes, []);
});

test("a deep value costs nothing, and one without an end is refused", async () => {
  const error = await refused(`{"a":1}\n{"a":${"[".repeat(1_000_000)}`);
  assert.is(error.code, "bad-json");
  assert.is(error.row, 2);
  assert.match(error.message, "the end of a list");
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assert.equal(cells(await read(`{"a":${deep}}\n`))["a"], [deep]);
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
  ["a list without its end", '[{"a":1},\n {"a":2}\n', "bad-json", "the list does not end: `,` or `]` was expected behind row 2"],
  ["an object of a list without its end", '[{"a":1},\n{"b":"}]', "bad-json", "row 2, which begins in line 2, does not end: the closing quote of a text was expected"],
  ["a place within an object over several lines", '[\n {\n  "a": 1,\n  "b": x\n }\n]', "bad-json", 'row 1 (line 2) is no JSON object: a value was expected at character 8 of line 4, not "x'],
  ["a word in a list", '[{"a":1},\n5]', "bad-json", 'an object was expected in line 2, behind row 1, not "5]"'],
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
  ["an object that is none", '{"a":{"b":1,}}\n', "bad-json", "an object that is well-formed"],
  ["a list with the wrong bracket", '{"a":[1}}\n', "bad-json", "a list that is well-formed"],
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

test("one object around a list is the list where that is asked for, however the file comes in pieces", () => {
  const text = `{\n "modelId": "a \\"explanations\\": [", "n": 2,\n "explanations": [\n{"index":1,"label":"x]"},\n {"index":2}\n], "next": [null]\n}\n`;
  const split = (pieces: readonly string[], within?: string): readonly unknown[] => {
    const splitter = createObjectSplitter("a.json", within);
    return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()];
  };
  const rows = [{ text: '{"index":1,"label":"x]"}', line: 4 }, { text: '{"index":2}', line: 5 }];
  assert.equal(split([text], "explanations"), rows);
  assert.equal(split([...text], "explanations"), rows);
  const long = text.replace("[null]", JSON.stringify("n".repeat(70_000)));
  assert.equal(split([long.slice(0, 66_000), long.slice(66_000)], "explanations"), rows);
  // Not asked for, of another name, and a row that has a list of its own: lines.
  for (const [of, within] of [[text.replaceAll("\n", " ").trimEnd(), undefined], [text.replaceAll("\n", " ").trimEnd(), "rows"], ['{"index":1,"explanations":[{"a":1}]}', "explanations"]] as const) assert.equal(split([of], within), [{ text: of, line: 1 }]);
  assert.throws(() => split([text.trimEnd().slice(0, -1)], "explanations"), /does not end behind it/);
  assert.throws(() => split([text.slice(0, text.indexOf("], "))], "explanations"), /the list does not end/);
});

test("a table that pandas laid out by columns is one row, and that is told", async () => {
  const notesOf = async (content: string): Promise<readonly string[]> => {
    const path = fileOf(content);
    const { notes } = await readJsonl(path);
    assert.equal((await scanJsonl(path, { types: {} })).notes, notes);
    return notes;
  };
  // DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_json() of pandas 3.1, and with orient="split" and "index".
  assert.match((await notesOf('{"a":{"0":1,"1":2},"b":{"0":"x","1":"y"}}')).join(), "orient=\"records\"");
  assert.match((await notesOf('{"columns":["a","b"],"index":[0,1],"data":[[1,"x"],[2,"y"]]}')).join(), "orient=\"records\"");
  assert.match((await notesOf('{"0":{"a":1,"b":"x"},"1":{"a":2,"b":"y"}}')).join(), "orient=\"records\"");
  for (const rows of ['{"a":{"0":1}}\n{"a":{"0":2}}\n', '{"a":{"x":1}}', '{"a":1}', "[]", '{"columns":["a"],"data":[[1]]}']) assert.equal(await notesOf(rows).catch(() => []), [], rows);
});

test.run();
