/** Without this file large JSON lines might be read otherwise than small ones. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { readJsonl } from "../../runtime/data/jsonl.ts";
import { scanJsonl, streamJsonl } from "../../runtime/data/jsonl_stream.ts";
import { scanTable } from "../../runtime/data/scan.ts";
import { cellAt, columnNamed, concatTables } from "../../runtime/data/table.ts";
import { generator } from "../kernels/seeded.ts";
import { bits, folder, open, run } from "../session/open.ts";

type Types = Readonly<Record<string, string>>;

async function streamed(path: string, types: Types = {}): Promise<{ table: Table; notes: readonly string[]; digest: string; most: number }> {
  const scan = await scanJsonl(path, { types });
  const parts: Table[] = [];
  for await (const piece of streamJsonl(path, {}, scan)) parts.push(piece);
  return { table: concatTables(parts), notes: scan.notes, digest: scan.digest, most: Math.max(...parts.map(({ rows }) => rows)) };
}

const said = (work: Promise<unknown>): Promise<string> => work.then(() => "nothing", (error: unknown) => (error instanceof DataError ? `${error.code}|${error.message}|${error.help}|${error.row}` : String(error)));
const lines = (objects: readonly unknown[]): string => `${objects.map((each) => JSON.stringify(each)).join("\n")}\n`;

/** Objects with keys that come and go, types that change, nulls, empty texts and large numbers. */
function mixed(count: number, seed: number): string {
  const next = generator(seed);
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  return lines(
    Array.from({ length: count }, (_, i) => ({
      ...(next() < 0.8 ? { n: pick(i, i / 2, null, -0, 2 ** 53) } : {}),
      ...(next() < 0.9 ? { flag: pick(true, false) } : {}),
      text: pick("", "a", "7", "ümlaut \u{1f600}", "two\nlines", "true"),
      ...(next() < 0.02 ? { rare: pick<string | number>("x", 3) } : {}),
      ...(i === 5000 ? { late: 1.5 } : {}),
    })),
  );
}

test("columns that hold lists are text, or left out, of a large file as of a small one", async () => {
  const path = join(folder({ "x.jsonl": lines(Array.from({ length: 9000 }, (_, i) => ({ i, e: i === 8500 ? [1, 2] : 5, t: "a" }))) }), "x.jsonl");
  const whole = await readJsonl(path, { nested: "drop" });
  const scan = await scanJsonl(path, { types: {}, nested: "drop" });
  const parts: Table[] = [];
  for await (const piece of streamJsonl(path, { nested: "drop" }, scan)) parts.push(piece);
  assert.equal(whole.table.columns.map(({ name }) => name), ["i", "t"]);
  assert.is(bits(concatTables(parts)), bits(whole.table));
  assert.equal(scan.notes, whole.notes);
  const text: Table[] = [];
  for await (const piece of streamJsonl(path, {}, await scanJsonl(path, { types: {} }))) text.push(piece);
  const kept = (await readJsonl(path)).table;
  assert.is(bits(concatTables(text)), bits(kept));
  assert.equal([cellAt(columnNamed(kept, "e"), 0), cellAt(columnNamed(kept, "e"), 8500)], ["5", "[1,2]"]);
});

test("a packed file is streamed where what it unpacks to is large", async () => {
  const text = lines(Array.from({ length: 9000 }, (_, i) => ({ i, t: "a" })));
  const session = await open({ readFrom: folder({ "x.jsonl": text, "x.jsonl.gz": gzipSync(text), "x.csv.gz": gzipSync(`i,t\n${Array.from({ length: 9000 }, (_, i) => `${i},a\n`).join("")}`) }), streamBytes: 100_000 });
  const { values, codes } = await run(session, ["jsonl \"x.jsonl\"", "jsonl \"x.jsonl.gz\"", "csv \"x.csv.gz\""].map((source) => `${source} | agg s = sum(i), n = count()`).join("\n"));
  await session.close();
  assert.equal(codes, []);
  assert.is(new Set(values.map((value) => bits(value as Table))).size, 1);
  assert.is(await scanTable(join(folder({ "y.gz": gzipSync(text) }), "y.gz"), { format: "jsonl", separator: "", types: {} }, 100_000, {}).then((scan) => scan?.rows), 9000, "few bytes on disk, many rows");
});

test("scanned and streamed, every file gives the table, notes and digest of reading it whole", async () => {
  const files: Readonly<Record<string, string>> = {
    one: '{"a":1}',
    blank: '{"a":1}\n\n  \n{"a":2}\n',
    numbers: lines([{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }, { a: "x" }]),
    missing: lines([{ a: 1 }, { b: "x" }, { a: null, c: true }]),
    nulls: lines([{ a: null }, { a: null }]),
    list: JSON.stringify(Array.from({ length: 9000 }, (_, i) => ({ i, t: `[${i}]` })), null, 1),
    keys: '{"__proto__":1,"constructor":2}\n',
    long: lines(Array.from({ length: 20_000 }, (_, i) => (i % 7 === 0 ? { i } : { i, t: `text ${i}` }))),
    ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((seed) => [`mixed${seed}`, mixed(seed * 1700, seed)])),
  };
  const at = folder(files);
  for (const name of Object.keys(files)) {
    const path = join(at, name);
    const whole = await readJsonl(path);
    const { table, notes, digest } = await streamed(path);
    assert.is(bits(table), bits(whole.table), name);
    assert.equal(notes, whole.notes, name);
    assert.is(digest, whole.digest);
  }
});

test("types that were asked for, over pieces; a cell that does not fit is told when the file is checked", async () => {
  const at = folder({ long: lines(Array.from({ length: 20_000 }, (_, i) => ({ i, f: i === 19_999 ? "NaN" : String(i / 2) }))), bad: lines(Array.from({ length: 20_000 }, (_, i) => ({ i: i === 15_000 ? "x" : String(i) }))) });
  const types = { i: "str", f: "float" };
  assert.is(bits((await streamed(join(at, "long"), types)).table), bits((await readJsonl(join(at, "long"), { types })).table));
  const wrong = await said(scanJsonl(join(at, "bad"), { types: { i: "int" } }));
  assert.match(wrong, /type-mismatch.*row 15001 holds "x"/);
  assert.is(wrong, await said(readJsonl(join(at, "bad"), { types: { i: "int" } })));
  writeFileSync(join(at, "two"), lines(Array.from({ length: 20_000 }, (_, i) => ({ a: i === 15_000 ? "x" : String(i), b: i === 3 ? "y" : String(i) }))));
  assert.is(await said(scanJsonl(join(at, "two"), { types: { b: "int", a: "int" } })), await said(readJsonl(join(at, "two"), { types: { b: "int", a: "int" } })));
  assert.is(await said(scanJsonl(join(at, "bad"), { types: { j: "int" } })), await said(readJsonl(join(at, "bad"), { types: { j: "int" } })));
});

test("mistakes of a file are told in the same words", async () => {
  const at = folder({ open: '{"a":1}\n{"a":', list: "[1]\n", nested: '{"a":{"b":1}}\n', twice: '{"a":1,"a":2}\n', empty: "", nul: '{"a":"\\u0000"}\n', broken: Buffer.from([123, 10, 0xff, 10]) });
  for (const name of ["open", "list", "nested", "twice", "empty", "nul", "broken", "missing"]) assert.is(await said(streamed(join(at, name))), await said(readJsonl(join(at, name))), name);
});

test("pieces stay as small, and a file that changes between check and run is an error", async () => {
  const at = folder({ small: lines(Array.from({ length: 9000 }, (_, i) => ({ i }))), large: lines(Array.from({ length: 200_000 }, (_, i) => ({ i }))), t: lines([{ a: 1 }, { a: 2 }]) });
  assert.is((await streamed(join(at, "large"))).most, (await streamed(join(at, "small"))).most);
  const path = join(at, "t");
  const scan = await scanJsonl(path, { types: {} });
  for (const text of [lines([{ a: 1 }, { a: 2 }, { a: 3 }]), lines([{ a: 1 }, { b: 2 }])]) {
    writeFileSync(path, text);
    assert.match(await said((async () => { for await (const _ of streamJsonl(path, {}, scan)); })()), /^input-changed/);
  }
});

test("queries give the same rows whether the file is held or streamed", async () => {
  const at = folder({ "runs.jsonl": mixed(3000, 9) });
  const [held, flowing] = [await open({ readFrom: at }), await open({ readFrom: at, streamBytes: 1 })];
  for (const query of ["where flag", 'where text == "a" | count', "sample 11", "count by text", "agg n = count(), s = sum(n)", "skip 2900 | take 50", "distinct text"]) {
    const [a, b] = [await run(held, `jsonl "runs.jsonl" | ${query}`), await run(flowing, `jsonl "runs.jsonl" | ${query}`)];
    assert.equal([b.outcome.exitCode, b.notices], [a.outcome.exitCode, a.notices], query);
    assert.is(bits(b.values), bits(a.values), query);
  }
  await held.close();
  await flowing.close();
});

test.run();
