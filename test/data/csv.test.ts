/** Without this file papaparse's traps could come back unseen. */
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv, type CsvOptions } from "../../runtime/data/csv.ts";
import { readText, readWhole } from "../../runtime/data/text.ts";
import { DataError } from "../../runtime/data/error.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { createGuard } from "../../runtime/data/csv_guard.ts";
import { readSource } from "../../runtime/data/source.ts";
import { cellAt } from "../../runtime/data/table.ts";
import { fileOf, folder } from "./folder.ts";

const cells = (table: Table): Record<string, Cell[]> => Object.fromEntries(table.columns.map((column) => [column.name, Array.from({ length: table.rows }, (_, row) => cellAt(column, row))]));
const types = (table: Table): string => table.columns.map(({ type }) => type).join(" ");
const read = async (content: string | Uint8Array, options?: CsvOptions): Promise<Table> => (await readCsv(fileOf(content), options)).table;

async function refused(promise: Promise<unknown>): Promise<DataError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, DataError);
    return error as DataError;
  }
  return assert.unreachable("it was read") as never;
}

test("columns, types, nulls and digest equal pandas'", async () => {
  const oracle = JSON.parse(readFileSync(new URL("oracle.json", import.meta.url), "utf8")) as { columns: Record<string, Cell[]> };
  const path = new URL("scores.csv", import.meta.url).pathname;
  const { table, digest, notes } = await readCsv(path);
  assert.is(types(table), "str str bool int float str");
  assert.equal(cells(table), oracle.columns);
  assert.is(digest, createHash("sha256").update(readFileSync(path)).digest("hex"));
  assert.equal(notes, []);
  assert.is(table.origin, "scores.csv");
});

test("a type holds for all rows of a column", async () => {
  const one = async (...rows: string[]): Promise<string> => types(await read(`x,y\n${rows.map((row) => `${row},1`).join("\n")}`)).split(" ")[0]!;
  for (const word of ["true", "True", "TRUE", "false", "False", "FALSE"]) assert.is(await one(word), "bool");
  assert.is(await one("tRUE"), "str");
  assert.is(await one("true", "1"), "str");
  assert.is(await one("0", "-17", "9007199254740992"), "int");
  assert.is(await one("9007199254740993", "1"), "str", "beyond 2^53");
  assert.is(await one("12345678901234567890"), "str");
  assert.is(await one("00123"), "str");
  assert.is(await one("+5"), "str");
  assert.is(await one("1", "2.5"), "float");
  assert.is(await one("1e5", "-.5", "3."), "float");
  assert.is(await one("-0"), "float");
  assert.is(await one("1e999"), "str");
  for (const word of ["NaN", "nan", "inf", "NA", "0x10", "1_000", " 1"]) assert.is(await one("1", word), "str", word);
  assert.is(await one("", ""), "str", "nulls only");
  assert.is(await one("", "7"), "int");
});

test("a header that holds another separator is told, with the words that read it", async () => {
  const notes = async (content: string, options?: CsvOptions): Promise<readonly string[]> => (await readCsv(fileOf(content), options)).notes;
  assert.equal(await notes("a;b\n1;2\n"), ['its only column is called "a;b"; if `;` stands between its cells, read it with: sep ";"']);
  assert.equal(await notes("a\tb\n1\t2\n"), ['its only column is called "a\\tb"; if a tab stands between its cells, read it with: sep "\\t"']);
  assert.equal(await notes("a,b\n1,2\n", { separator: ";" }), ['its only column is called "a,b"; if `,` stands between its cells, read it with: sep ","']);
  assert.equal(await notes("a;b\n1;2\n", { separator: ";" }), []);
  assert.equal(await notes("a;b,c\n1,2\n"), []);
  assert.equal(await notes("text\na; b\n"), []);
});

test("one odd cell in a column of numbers is told", async () => {
  const { notes } = await readCsv(fileOf("x,y\n1,1\n2,1\nNA,1\n3,1\n4.5,1\n"));
  assert.equal(notes, ['x is text because of row 3, "NA"; its other 4 cells are numbers']);
});

test("types that are asked for, or the first cell that does not fit", async () => {
  const table = await read('id,x,y\n7,NaN,""\n8,1,2\n', { types: { id: "str", x: "float", y: "int" } });
  assert.equal(cells(table), { id: ["7", "8"], x: [null, 1], y: [null, 2] });
  const error = await refused(read("x\n1\n2\nthree\nfour\n", { types: { x: "int" } }));
  assert.is(error.code, "type-mismatch");
  assert.is(error.row, 3);
  assert.match(error.message, '"three"');
  assert.is((await refused(read("score\n1\n", { types: { scor: "int" } }))).help, "types {score: int}");
  assert.is((await refused(read("x\n1\n", { types: { x: "number" } }))).code, "unknown-type");
});

test("empty cells are null, empty quotes are empty text", async () => {
  assert.equal(cells(await read('a,b\n,""\n"",\n"x",y')), { a: [null, "", "x"], b: ["", null, "y"] });
  assert.equal(cells(await read("a\n1\n\n3\n")), { a: [1, null, 3] });
  assert.equal(cells(await read("a,b\n1,")), { a: [1], b: [null] });
});

test("mixed line ends, blank lines, no final line end, quoted line ends", async () => {
  const { table, notes } = await readCsv(fileOf('a,b\r\n1,"x\r\ny"\n\n2,"p\nq"\r3,z'));
  assert.equal(cells(table), { a: [1, 2, 3], b: ["x\r\ny", "p\nq", "z"] });
  assert.equal(notes, ["line ends are mixed: 1 CRLF, 2 LF, 1 CR", "1 blank line skipped"]);
});

test("names that objects cannot hold, quotes, a byte order mark, other separators", async () => {
  const table = await read("\uFEFF__proto__,constructor\n1,2\n");
  assert.equal(table.columns.map(({ name }) => name), ["__proto__", "constructor"]);
  assert.equal(cells(await read('"x ""y"""\n""""\n"a,b"\n')), { 'x "y"': ['"', "a,b"] });
  assert.equal(cells(await read("a;b\n1;2,5\n", { separator: ";" })), { a: [1], b: ["2,5"] });
  assert.is((await refused(read("a\n", { separator: "||" }))).code, "bad-separator");
  assert.equal((await readCsv(fileOf(",x\n0,1\n"))).table.columns.map(({ name }) => name), ["column_1", "x"]);
});

test("a header without rows is an empty table", async () => {
  const table = await read("a,b\n");
  assert.is(table.rows, 0);
  assert.is(table.columns.length, 2);
});

const refusals: readonly [name: string, content: string | Uint8Array, code: string, row: number | null, says: string][] = [
  ["empty file", "", "empty-file", null, "is empty"],
  ["blank lines only", "\n\n", "empty-file", null, "blank lines"],
  ["ragged row", 'a,b\n1,"x\ny"\n1,2,3\n', "ragged-row", 2, "row 2 (line 4) has 3 cells, the header has 2"],
  ["short row", "a,b\n1,2\n3\n", "ragged-row", 2, "has 1 cell, the header has 2"],
  ["duplicate header", "a,b,a\n1,2,3\n", "duplicate-column", 0, 'columns 1 and 3 are both named "a"'],
  ["open quote", 'a,b\n1,2\n3,"x\n5,6\n7,8\n', "unclosed-quote", 2, "opened on line 3, cell 2 in row 2"],
  ["open quote that a later one closes", 'a,b\n1,"x\n2,"y"\n', "bad-quote", 1, "cell 2 in row 1 (line 2)"],
  ["NUL", "a,b\n1,x\0y\n", "nul-byte", 1, "NUL byte at byte 7 in row 1"],
  ["Latin-1", Buffer.from("a\nx\ncaf\xe9s\n", "latin1"), "not-utf8", 2, "byte 7 in row 2 (line 3): found 0xe9"],
  ["cut character", Buffer.from([0x61, 0x0a, 0xe6, 0xbc]), "not-utf8", 1, "ends inside a character"],
  ["UTF-16 with mark", Buffer.from("\uFEFFa,b\n1,2\n", "utf16le"), "utf-16", null, "is UTF-16"],
  ["UTF-16 without mark", Buffer.from("a,b\n1,2\n", "utf16le"), "utf-16", null, "is UTF-16"],
  ["LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "not-text", null, "Git LFS pointer"],
  ["HTML page", "\n<!DOCTYPE html>\n<html>", "not-text", null, "HTML page"],
  ["gzip", Buffer.from([0x1f, 0x8b, 8, 0]), "not-readable", null, "gzip"],
  ["huge cell", `a,b\n1,${"x".repeat(16 * 1024 * 1024 + 1)}\n`, "field-too-large", 1, "cell 2 in row 1 (line 2) is larger than 16 MB"],
  ["too many columns", ",".repeat(16_384), "too-many-columns", 0, "more than 16384 columns"],
];
for (const [name, content, code, row, says] of refusals) {
  test(`refused: ${name}`, async () => {
    const error = await refused(read(content));
    assert.is(error.code, code);
    assert.is(error.row, row);
    assert.match(error.message, says);
  });
}

test("a missing file names its neighbours", async () => {
  fileOf("a\n", "memorization.csv");
  const error = await refused(readCsv(join(folder, "memorisation.csv")));
  assert.is(error.code, "missing-file");
  assert.equal(error.near, [join(folder, "memorization.csv")]);
  assert.is((await refused(readCsv(folder))).code, "not-a-file");
  assert.is((await refused(readCsv(join(folder, "no", "x.csv")))).code, "missing-file");
});

test("a file that grows while it is read is refused", async () => {
  const path = fileOf("a,b\n1,2\n");
  const reading = (async () => {
    for await (const chunk of readSource(path, { onDigest: () => {}, place: () => ({ row: 0, text: "" }) })) appendFileSync(path, "3,4\n".repeat(chunk.length === 8 ? 1 : 0));
  })();
  assert.is((await refused(reading)).code, "changed-while-read");
});

test("a signal stops the reading", async () => {
  const error = await readCsv(fileOf("a\n1\n"), { signal: AbortSignal.abort(new Error("stop")) }).catch((reason: unknown) => reason);
  assert.is((error as Error).message, "stop");
});

test("the guard gives the same text however the bytes are cut", () => {
  const bytes = Buffer.from('a,b,c\r\n"","x""y","p\r\nq"\r\n1,,"漢"\n\n"","",""\r2,3,4\r\n');
  const whole = (() => {
    const guard = createGuard("x", 44);
    return guard.push(bytes) + guard.end();
  })();
  for (const size of [1, 2, 3, 5, 7]) {
    const guard = createGuard("x", 44);
    let text = "";
    // Chunks end between characters: latin1 stands for the bytes, so that a cut inside one does no harm.
    for (let at = 0; at < bytes.length; at += size) text += Buffer.from(guard.push(Buffer.from(bytes.subarray(at, at + size).map((byte) => (byte > 127 ? 63 : byte)))), "latin1").toString();
    assert.is(text + guard.end(), whole.replace("漢", "???"), `chunks of ${size}`);
  }
});

test("texts: one row a line", async () => {
  const { table } = await readText(fileOf("one\r\n\ntwo, \"x\"\nthree"));
  assert.equal(cells(table), { text: ["one", "", 'two, "x"', "three"] });
  assert.is((await refused(readText(fileOf("a\nb\0\n")))).row, 2);
  assert.is((await refused(readText(fileOf(Buffer.from("a\n\xe9\n", "latin1"))))).row, 2);
});

test("lines, and their ends, that lie across the parts in which a file is read; a whole text may be longer than a cell", async () => {
  const part = 1 << 20;
  for (const [end, lines] of [["\r\n", 3], ["\r", 3], ["\r\r\n", 4], ["\n", 3]] as const) {
    for (const before of [part - 2, part - 1, part]) {
      const { table } = await readText(fileOf(`${"x".repeat(before)}${end}b\nc${end}`));
      const texts = cells(table)["text"] as string[];
      assert.equal([texts.length, texts[0]!.length, texts.at(-1)], [lines + (end === "\r\r\n" ? 1 : 0), before, end === "\r\r\n" ? "" : "c"], JSON.stringify([end, before]));
    }
  }
  const long = "word ".repeat(4_000_000);
  const { table } = await readWhole(fileOf(`${long}\r\nend\n`));
  assert.is((cells(table)["text"] as string[])[0], `${long}\nend`);
  assert.is((await refused(readText(fileOf(long)))).code, "field-too-large");
});

test("a ragged row under a header of another separator says which one, and offers no keyword that drops rows", async () => {
  for (const [content, sep] of [["text;label;score\nhello, you;1;1,5\n", ";"], ["a|b\nx,y|1\n", "|"], ["a\tb\nx,y\t1\n", "\t"]] as const) {
    const error = await refused(read(content));
    assert.is(error.code, "ragged-row");
    assert.equal(error.notes, [`the header looks as if its cells were separated by ${JSON.stringify(sep)}`]);
    assert.match(error.help ?? "", `sep ${JSON.stringify(sep)}`);
  }
  assert.match((await refused(read("a;b,c\n1,2,3\n"))).notes.join(), "ragged skip");
});

test("text behind a closing quote under a header of another separator says which one", async () => {
  const error = await refused(read('text;label\n"a;b";1\n'));
  assert.is(error.code, "bad-quote");
  assert.ok(error.notes.includes('the header looks as if its cells were separated by ";"'), error.notes.join());
  assert.match(error.help ?? "", 'sep ";"');
  assert.is((await refused(read('a,b\n"x" y,1\n'))).help, null);
});

test("a column of numbers and NaN is text, and says how it is read as numbers", async () => {
  const said = async (content: string): Promise<readonly string[]> => (await readCsv(fileOf(content))).notes;
  const note = "x is text because of NaN; with types {x: float} it is numbers, and null there";
  for (const cells of ["NaN,1,2", "1,NaN,2.5,nan", "1,2,NaN"]) assert.equal(await said(`x,y\n${cells.split(",").map((cell) => `${cell},a`).join("\n")}\n`), [note], cells);
  for (const cells of ["NaN,abc,1", "1,NaN,abc", "true,NaN", "NaN", "abc,NaN,1"]) assert.equal(await said(`x,y\n${cells.split(",").map((cell) => `${cell},a`).join("\n")}\n`), [], cells);
});

test("a column of numbers and inf is text, and says how it is read as numbers", async () => {
  const said = async (cells: string, types = {}): Promise<Awaited<ReturnType<typeof readCsv>>> => await readCsv(fileOf(`x,y\n${cells.split(",").map((cell) => `${cell},a`).join("\n")}\n`), { types });
  for (const cells of ["inf,1,2", "1,-inf,2.5,inf", "Infinity,1", "1,+Inf"]) assert.equal((await said(cells)).notes, ["x is text because of inf; with types {x: float} it is numbers"], cells);
  assert.equal((await said("inf,1,NaN")).notes, ["x is text because of NaN and inf; with types {x: float} it is numbers, and null where NaN stands"]);
  for (const cells of ["inf,abc,1", "inf", "infinite,1,2"]) assert.equal((await said(cells)).notes, [], cells);
  assert.equal(cells((await said("inf,-inf,NaN,1.5,Infinity,+inf,", { x: "float" })).table)["x"], [Infinity, -Infinity, null, 1.5, Infinity, Infinity, null]);
  assert.is((await refused(said("inf,1", { x: "int" }))).code, "type-mismatch");
});

/** As `pandas.read_csv(sep=";", decimal=",")` reads it; pandas takes `1.234` for text there, too. */
test("`decimal comma` reads 1,5 as a number and 1.5 as text, also where a type is asked for; without it that is told", async () => {
  const path = fileOf("n;m;t;s\n1,5;-,25;1,5;1.5\n;2;x;2\n1,0e3;3;2,5;3\n");
  const { table, notes } = await readCsv(path, { separator: ";", decimal: "comma" });
  assert.equal(table.columns.map(({ type, values }) => [type, ...values]), [["float", 1.5, 0, 1000], ["float", -0.25, 2, 3], ["str", "1,5", "x", "2,5"], ["str", "1.5", "2", "3"]]);
  assert.equal(notes, []);
  const asked = await readCsv(path, { separator: ";", decimal: "comma", types: { n: "float", m: "str" } });
  assert.equal(asked.table.columns.slice(0, 2).map(({ type, values }) => [type, ...values]), [["float", 1.5, 0, 1000], ["str", "-,25", "2", "3"]]);
  const refused = await readCsv(path, { separator: ";", decimal: "comma", types: { s: "float" } }).catch((error: unknown) => error);
  assert.match((refused as DataError).message, /row 1 holds "1.5"/);
  const plain = await readCsv(path, { separator: ";" });
  assert.equal(plain.table.columns.map(({ type }) => type), ["str", "str", "str", "float"]);
  assert.equal(plain.notes.filter((note) => note.includes("decimal comma")), ["n is text because of its decimal commas; with decimal comma it is numbers", "m is text because of its decimal commas; with decimal comma it is numbers"]);
  const many = (last: string): Promise<readonly string[]> => readCsv(fileOf(`n;m\n${"1,5;2\n7;3\n".repeat(50)}${last};4\n`), { separator: ";" }).then((read) => read.notes);
  assert.match((await many("-3,25"))[0]!, "decimal comma");
  assert.match((await many("1.000,5"))[0]!, "decimal comma");
  for (const last of ["x", "1.5", "1.00,5"]) assert.equal((await many(last)).filter((note) => note.includes("decimal")), [], last);
});

test("`ragged pad` and `ragged skip` read on and count, also where the row lies across two chunks", async () => {
  const content = 'a,b,c\n1,2\n3,4,5\n"",,\n6\n';
  const padded = await readCsv(fileOf(content), { ragged: "pad" });
  assert.equal(cells(padded.table), { a: ["1", "3", "", "6"], b: [2, 4, null, null], c: [null, 5, null, null] });
  assert.equal(padded.notes, ["2 rows with another number of cells than the header filled with nulls"]);
  const skipped = await readCsv(fileOf(`${content}7,8,9,10\n`), { ragged: "skip" });
  assert.equal(cells(skipped.table), { a: ["3", ""], b: [4, null], c: [5, null] });
  assert.equal(skipped.notes, ["3 rows with another number of cells than the header left out"]);
  const long = await refused(readCsv(fileOf("a,b\n1,2,3\n"), { ragged: "pad" }));
  assert.is(long.code, "ragged-row");
  assert.match(long.notes[0]!, "`ragged pad` puts nulls behind short rows only");
  assert.is((await refused(read("a,b\n1\n"))).notes[0], "`ragged pad` behind the file name reads on");
  const rows = 300_000;
  const many = await readCsv(fileOf(`a,b,c\n${"1,2\n3,4,5\n".repeat(rows)}`), { ragged: "skip" });
  assert.is(many.table.rows, rows);
  assert.equal(many.notes, [`${rows} rows with another number of cells than the header left out`]);
});

test("`encoding latin1` and `encoding utf16` read what their writers wrote", async () => {
  const text = "name,n\ncafé,1\nnaïve “x” 日本 😀,2\n";
  const latin = "name,n\ncafé,1\n\xff\xa0,2\n";
  assert.equal(cells((await readCsv(fileOf(Buffer.from(latin, "latin1")), { encoding: "latin1" })).table), { name: ["café", "\xff\xa0"], n: [1, 2] });
  const little = Buffer.from(`\ufeff${text}`, "utf16le");
  const big = Buffer.from(little).swap16();
  for (const bytes of [little, big, Buffer.from(text, "utf16le")]) {
    const { table, digest } = await readCsv(fileOf(bytes), { encoding: "utf16" });
    assert.equal(cells(table), { name: ["café", "naïve “x” 日本 😀"], n: [1, 2] });
    assert.is(digest, createHash("sha256").update(bytes).digest("hex"));
  }
  assert.is((await refused(readCsv(fileOf(little.subarray(0, -1)), { encoding: "utf16" }))).code, "utf-16");
  assert.match((await refused(readCsv(fileOf(Buffer.from(latin, "latin1"))))).help ?? "", "encoding latin1");
  const wide = Buffer.from(`name\n${"é日😀".repeat(400_000)}\n`, "utf16le");
  assert.equal(cells((await readCsv(fileOf(wide), { encoding: "utf16" })).table), { name: ["é日😀".repeat(400_000)] });
});

test("`encoding cp1252` gives what Python's codec gives, and is named where a byte is no character of Latin-1", async () => {
  // bytes(range(0x80, 0xa0)).decode("cp1252"), without the five that it refuses
  const expected = "\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178";
  const bytes = Array.from({ length: 32 }, (_, i) => 0x80 + i).filter((byte) => ![0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte));
  const file = fileOf(Buffer.concat([Buffer.from("a\n"), Buffer.from([...bytes, 0xe9]), Buffer.from("\n")]));
  assert.equal(cells((await readCsv(file, { encoding: "cp1252" })).table), { a: [`${expected}é`] });
  assert.match((await refused(readCsv(file))).help ?? "", "encoding cp1252");
});

test("a note on commas says what becomes of thousands, unless a cell shows that they are decimal", async () => {
  const notes = (...cells: string[]): Promise<readonly string[]> => readCsv(fileOf(`n;m\n${cells.map((cell) => `${cell};1\n`).join("")}`), { separator: ";" }).then((read) => read.notes);
  assert.match((await notes("1,000", "-12,345", "7"))[0]!, "1,000 is 1 there");
  for (const fraction of ["1,5", "0,000", "1234,567", ",125", "1,0000"]) assert.not.match((await notes("1,000", fraction))[0]!, "1,000", fraction);
});

/** As `pandas.read_csv(sep=";", decimal=",", thousands=".")` and `thousands=","` read these cells. */
test("thousands set apart are numbers where the whole column fits: points with `decimal comma`, commas where it is asked for", async () => {
  const typed = ({ table }: { readonly table: { readonly columns: readonly { readonly type: string; readonly values: ArrayLike<unknown> }[] } }): unknown[] => table.columns.map(({ type, values }) => [type, ...Array.from(values)]);
  const german = fileOf("a;b;c;d;e\n1.500,25;1.500;1.50;1.2345;01.500\n-2.250.000,5;-12;2,5;1.234;1\n2345,75;1.000.000;3;7;2\n");
  const read = await readCsv(german, { separator: ";", decimal: "comma" });
  assert.equal(typed(read), [["float", 1500.25, -2250000.5, 2345.75], ["int", 1500, -12, 1000000], ["str", "1.50", "2,5", "3"], ["str", "1.2345", "1.234", "7"], ["str", "01.500", "1", "2"]]);
  assert.equal(read.notes, ["a is numbers, with points between thousands: 1.500,25 is 1500.25; with types {a: str} it stays text", "b is numbers, with points between thousands: 1.500 is 1500; with types {b: str} it stays text"]);
  assert.equal(typed(await readCsv(german, { separator: ";", decimal: "comma", types: { a: "float", b: "int", c: "str" } })).slice(0, 2), typed(read).slice(0, 2));
  const english = fileOf("a;b;c\n1,500.25;1,500;1,50\n-2,250,000.5;7;2\n12.5;1,000,000;3\n");
  const plain = await readCsv(english, { separator: ";" });
  assert.equal(plain.table.columns.map(({ type }) => type), ["str", "str", "str"]);
  assert.equal(plain.notes.slice(0, 2), ["a is text because of the commas between its thousands; with thousands apart it is numbers", "b is text because of the commas between its thousands; with thousands apart it is numbers"]);
  assert.equal(typed(await readCsv(english, { separator: ";", thousands: "apart" })), [["float", 1500.25, -2250000.5, 12.5], ["int", 1500, 7, 1000000], ["str", "1,50", "2", "3"]]);
  for (const [file, keyword] of [[german, "decimal comma"], [english, "thousands apart"]] as const) assert.match((await refused(readCsv(file, { separator: ";", types: { a: "float" } }))).notes.join(), keyword);
});

test("`nul drop` leaves NUL bytes out and says how many", async () => {
  const { table, notes } = await readCsv(fileOf("a,b\nx\0y,\0\n"), { nul: "drop" });
  assert.equal(cells(table), { a: ["xy"], b: [null] });
  assert.equal(notes, ["2 NUL bytes left out"]);
  assert.is((await refused(read("a\nx\0y\n"))).code, "nul-byte");
});

test.run();
