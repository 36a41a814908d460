/** Without this file a pickle could be told as text in the wrong encoding, and a table named as another format as broken. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../runtime/data/csv.ts";
import { DataError } from "../../runtime/data/error.ts";
import { beginsJson, foreignOf } from "../../runtime/data/foreign.ts";
import { readJsonl } from "../../runtime/data/jsonl.ts";
import { readParquet } from "../../runtime/data/parquet.ts";

/** The beginnings of files that pandas, numpy, torch and sqlite wrote: `make_foreign.py`. */
const HEADS = JSON.parse(readFileSync(new URL("foreign.json", import.meta.url), "utf8")) as Readonly<Record<string, string>>;
const folder = mkdtempSync(join(tmpdir(), "saeq-foreign-"));
test.after(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
async function refused(reading: Promise<unknown>): Promise<DataError> {
  const error = await reading.then(() => null, (reason: unknown) => reason);
  assert.instance(error, DataError);
  return error as DataError;
}

const KINDS: Readonly<Record<string, RegExp>> = {
  "t.feather": /Feather.*read_feather\("t\.feather"\)\.to_parquet\("t\.parquet"\)/,
  "t.arrow": /stream of Arrow.*Dataset\.from_file\("t\.arrow"\)\.to_parquet\("t\.parquet"\)/,
  "t.pkl": /pickle.*whom you trust.*read_pickle/,
  "t.csv.bz2": /bzip2.*bunzip2 --keep t\.csv\.bz2/,
  "t.csv.xz": /xz.*unxz --keep/,
  "t.csv.zst": /Zstandard.*unzstd --keep/,
  "t.csv.zip": /zip archive.*unzip t\.csv\.zip/,
  "t.csv.gz": /gzip: csv "t\.csv\.gz"/,
  "t.h5": /HDF5.*read_hdf/,
  "t.npy": /array of numpy.*to_csv\("t\.csv"/,
  "t.npz": /arrays of numpy.*numpy\.load/,
  "t.xlsx": /spreadsheet.*read_excel.*to_csv\("t\.csv"/,
  "t.dta": /Stata.*read_stata/,
  "t.orc": /ORC.*read_orc/,
  "t.db": /SQLite.*sqlite3/,
  "t.pt": /PyTorch.*torch\.load/,
};

test("files of other programs are known by their first bytes", () => {
  assert.equal(Object.keys(HEADS).sort(), Object.keys(KINDS).sort());
  for (const [name, head] of Object.entries(HEADS)) {
    const found = foreignOf(name, Buffer.from(head, "base64"));
    assert.match(`${found?.is}: ${found?.help}`, KINDS[name]!);
  }
  assert.match(foreignOf("my file's.pkl", Buffer.from(HEADS["t.pkl"]!, "base64"))!.help, `'import pandas; pandas.read_pickle("my file'\\''s.pkl")`);
});

test("text that begins alike is none of them", () => {
  for (const text of ["ORCID,name\n0000,x\n", "BZh,a\n", "PK,a\n", "SQLite format,a\n", "ARROW1,b\n", "CDF,a\n", "inside,a\n", "(µ/ý,a\n", "ÿÿÿÿ,a\n"]) assert.is(foreignOf("x.csv", Buffer.from(text)), null, text);
});

test("every reader says what it was given", async () => {
  for (const [name, head] of Object.entries(HEADS)) {
    if (name.endsWith(".gz")) continue;
    const path = fileOf(name, Buffer.from(head, "base64"));
    for (const read of [readCsv, readJsonl]) assert.is((await refused(read(path))).code, "not-text", name);
    const error = await refused(readParquet(path));
    assert.is(error.code, "not-parquet");
    assert.is(error.help, foreignOf(path, Buffer.from(head, "base64"))!.help);
  }
});

test("a table that another stage reads is told with the line that reads it", async () => {
  const cells = fileOf("cells.csv", "a,b\n1,x\n");
  const objects = fileOf("objects.jsonl", '{"a": 1}\n');
  assert.is((await refused(readJsonl(cells))).help, `csv ${JSON.stringify(cells)}`);
  assert.match((await refused(readJsonl(cells))).notes.join(), "the file is named as cells");
  assert.is((await refused(readJsonl(fileOf("words.txt", "And God said\n")))).help, `text ${JSON.stringify(join(folder, "words.txt"))}`);
  assert.is((await refused(readJsonl(fileOf("nothing", "And God said\n")))).help, null);
  // A mistake further on is one of the file, whatever its name is.
  assert.is((await refused(readJsonl(fileOf("late.csv", '{"a": 1}\nx\n')))).help, null);
  assert.is((await refused(readParquet(cells))).help, `csv ${JSON.stringify(cells)}`);
  assert.is((await refused(readParquet(objects))).help, `jsonl ${JSON.stringify(objects)}`);
  assert.is((await refused(readParquet(fileOf("list", '\n[{"a": 1}]\n      ')))).help, `jsonl ${JSON.stringify(join(folder, "list"))}`);
});

test("JSON that is read as CSV is refused, and no header is taken for JSON", async () => {
  for (const content of ['{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', '[{"a": 1},\n{"a": 2}]\n', '[\n  {"a": 1}\n]\n', '{\n"a": [1]\n}\n', ' { "a\\"b" : 1}\n']) {
    const path = fileOf("data", content);
    const error = await refused(readCsv(path));
    assert.is(`${error.code}: ${error.help}`, `not-csv: jsonl ${JSON.stringify(path)}`, content);
  }
  for (const header of ["{a},b", "[a],b", "[1],[2]", '"{",b', "{a: 1}"]) assert.is(beginsJson(header), false, header);
});

test.run();
