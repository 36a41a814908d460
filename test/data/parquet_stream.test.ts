/** Without this file a large Parquet file might be read otherwise than a small one, or be held whole after all. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { parquetMetadata } from "hyparquet";
import { parquetWriteBuffer, type ColumnSource } from "hyparquet-writer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataError } from "../../runtime/data/error.ts";
import type { Cell, Table } from "../../runtime/data/frame.ts";
import { readParquet } from "../../runtime/data/parquet.ts";
import { openParquet } from "../../runtime/data/parquet_file.ts";
import { scanParquet, streamParquet } from "../../runtime/data/parquet_stream.ts";
import { cellAt, concatTables } from "../../runtime/data/table.ts";
import { bits, folder, open, run } from "../session/open.ts";
import { fileOf } from "./folder.ts";

interface Options {
  readonly columns?: readonly string[];
}

const here = (name: string): string => new URL(name, import.meta.url).pathname;
const PAGED = ["paged_dictionary.parquet", "paged_plain.parquet"] as const;
const ROWS = 3000;

async function streamed(path: string, options: Options = {}): Promise<{ readonly table: Table; readonly notes: readonly string[]; readonly digest: string; readonly most: number }> {
  const scan = await scanParquet(path, options);
  const parts: Table[] = [];
  for await (const piece of streamParquet(path, options, scan)) parts.push(piece);
  return { table: concatTables(parts), notes: scan.notes, digest: scan.digest, most: Math.max(...parts.map(({ rows }) => rows)) };
}

const said = (work: Promise<unknown>): Promise<string> => work.then(() => "nothing", (error: unknown) => (error instanceof DataError ? `${error.code}|${error.message}|${error.help}|${error.column}` : String((error as Error).stack)));

async function same(path: string, options: Options = {}): Promise<Table> {
  const whole = await readParquet(path, options);
  const { table, notes, digest } = await streamed(path, options);
  assert.is(bits(table), bits(whole.table), path);
  assert.equal([notes, digest], [whole.notes, whole.digest], path);
  return table;
}

const written = (columnData: ColumnSource[], options: { readonly rowGroupSize?: number; readonly pageSize?: number } = {}): string => fileOf(new Uint8Array(parquetWriteBuffer({ columnData, ...options })), `${Math.random()}.parquet`);

test("scanned and streamed, every file gives the table, notes and digest of reading it whole", async () => {
  for (const name of ["typed.parquet", "codec_none.parquet", "codec_gzip.parquet", "codec_zstd.parquet", "codec_brotli.parquet", ...PAGED]) await same(here(name));
  await same(here("typed.parquet"), { columns: ["text", "__proto__", "flag"] });
  await same(here("nested.parquet"), { columns: ["flag", "text"] });
  await same(written([{ name: "n", data: [], type: "INT64" }]));
});

test("pages and groups of rows that end anywhere give the cells that were written", async () => {
  const day = (i: number): string => new Date(Date.UTC(2000, 0, 1 + i)).toISOString().slice(0, 10);
  const moment = (i: number): string => {
    const micros = BigInt(i) * 1_000_001n - 5n;
    const whole = (micros + 1_000_000_000_000_000_000n) / 1_000_000n - 1_000_000_000_000n;
    return `${new Date(Number(whole) * 1000).toISOString().slice(0, -5)}.${String(micros - whole * 1_000_000n).padStart(6, "0")}`;
  };
  const expected: Readonly<Record<string, (i: number) => Cell>> = {
    id: (i) => i,
    big: (i) => String(i === 2821 ? 2n ** 53n + 2821n : i),
    count: (i) => (i % 5 === 0 ? null : i * 3),
    flag: (i) => (i % 11 === 0 ? null : i % 3 === 0),
    x: (i) => (i % 13 === 0 || i % 17 === 0 ? null : i / 4),
    word: (i) => "abc"[i % 3]!,
    text: (i) => (i % 9 === 0 ? null : `ünï ${i} `.repeat(i % 4)),
    day: (i) => (i % 6 === 0 ? null : day(i)),
    moment,
    money: (i) => Number(((i - 1500) / 100).toFixed(2)),
    late: (i) => (i >= 2999 ? i : null),
  };
  for (const name of PAGED) {
    const groups = parquetMetadata(readFileSync(here(name)).buffer as ArrayBuffer).row_groups.length;
    assert.is(groups, 3);
    const { table, notes } = await streamed(here(name));
    assert.equal(table.columns.map((column) => column.name), Object.keys(expected));
    for (const column of table.columns) {
      const cells = Array.from({ length: table.rows }, (_, row) => cellAt(column, row));
      const wanted = Array.from({ length: ROWS }, (_, i) => expected[column.name]!(i));
      if (column.name === "money") cells.forEach((cell, i) => assert.ok(Math.abs(Number(cell) - Number(wanted[i])) < 1e-9));
      else assert.equal(cells, wanted, column.name);
    }
    assert.equal(notes, ["big is text because of row 2822: 9007199254743813 is beyond 2^53"]);
  }
});

test("mistakes of a file are told in the same words", async () => {
  assert.match(await said(streamed(here("nested.parquet"))), /^nested-column.*columns flag, text/);
  for (const path of [here("nested.parquet"), fileOf(""), fileOf("PAR1"), fileOf("a,b\n1,2\n3,4\n5,6\n"), here("absent.parquet")]) assert.is(await said(streamed(path)), await said(readParquet(path)), path);
  assert.is(await said(streamed(here("typed.parquet"), { columns: ["flga"] })), await said(readParquet(here("typed.parquet"), { columns: ["flga"] })));
});

test("a file that is cut or damaged in a later group of rows is refused when it is checked, as when it is read whole", async () => {
  for (const name of PAGED) {
    const whole = readFileSync(here(name));
    const last = Number(parquetMetadata(whole.buffer as ArrayBuffer).row_groups[2]!.columns[0]!.meta_data!.data_page_offset);
    let refused = 0;
    for (let at = 1; at < whole.length; at += 1499) {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ 0xff;
      const path = fileOf(damaged, "damaged.parquet");
      const told = await said(readParquet(path));
      assert.is(await said(scanParquet(path, {})), told, `${name} at byte ${at}`);
      if (told === "nothing") await same(path);
      if (at > last && told !== "nothing") refused++;
      const cut = fileOf(whole.subarray(0, at), "cut.parquet");
      assert.is(await said(scanParquet(cut, {})), await said(readParquet(cut)));
    }
    assert.ok(refused > 0, name);
  }
});

test("one group of rows with everything is read a page at a time", async () => {
  const rows = 100_000;
  const path = written([{ name: "n", data: Array.from({ length: rows }, (_, i) => BigInt(i)), type: "INT64" }, { name: "t", data: Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? null : `text ${i}`)), type: "STRING" }], { rowGroupSize: rows, pageSize: 8192 });
  const file = await openParquet(path);
  let most = 0;
  for await (const cells of file.cells("t")) most = Math.max(most, cells.length);
  await file.close();
  assert.ok(most < 2000, `${most} cells at once`);
  assert.is((await same(path)).rows, rows);
  assert.is((await streamed(path)).most, 8192);
});

test("long texts make small pieces", async () => {
  const path = written([{ name: "t", data: Array.from({ length: 400 }, (_, i) => String(i).padEnd(100_000, "x")), type: "STRING" }], { pageSize: 1 << 18 });
  const { most } = await streamed(path);
  assert.ok(most < 60, `${most} rows at once`);
  await same(path);
});

test("a file that changes between check and run is an error", async () => {
  const path = written([{ name: "n", data: [1, 2], type: "INT32" }]);
  const scan = await scanParquet(path, {});
  writeFileSync(path, readFileSync(written([{ name: "n", data: [1, 2, 3], type: "INT32" }])));
  assert.match(await said((async () => { for await (const _ of streamParquet(path, {}, scan)); })()), /^input-changed/);
});

test("a signal stops scan and stream between pages, and the file is closed", async () => {
  const path = written([{ name: "n", data: Array.from({ length: 50_000 }, (_, i) => i), type: "INT32" }], { pageSize: 4096 });
  const scan = await scanParquet(path, {});
  const stop = new AbortController();
  const seen: number[] = [];
  const reading = scanParquet(path, { signal: stop.signal, onBytes: (bytes, total) => {
    seen.push(bytes / total);
    if (bytes > 0.6 * total) stop.abort(new Error("stop"));
  } });
  assert.is(await reading.then(() => "", (error: Error) => error.message), "stop");
  assert.ok(seen.at(-1)! < 0.9 && seen.every((share, i) => i === 0 || share >= seen[i - 1]!));
  const half = new AbortController();
  let rows = 0;
  const streaming = (async () => {
    for await (const piece of streamParquet(path, { signal: half.signal }, scan)) {
      rows += piece.rows;
      half.abort(new Error("stop"));
    }
  })();
  assert.is(await streaming.then(() => "", (error: Error) => error.message), "stop");
  assert.is(rows, 8192);
  for await (const _ of streamParquet(path, {}, scan)) break;
  if (process.platform !== "linux") return;
  assert.not.ok(readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }));
});

test("queries give the same rows whether the file is held or streamed", async () => {
  const at = folder({ "t.parquet": readFileSync(here(PAGED[0])) });
  const [held, flowing] = [await open({ readFrom: at }), await open({ readFrom: at, streamBytes: 1 })];
  const source = 'parquet "t.parquet"';
  for (const query of [`${source} | where flag`, `${source} | where word == "a" | count`, `${source} | sample 11`, `${source} | count by word`, `${source} | agg n = count(), s = sum(x)`, `${source} | skip 2900 | take 50`, `${source} | sort text desc | take 3`, `${source} columns text, id | where id > 2990`, `${source} | distinct word`, `${source} | save "out.csv"`]) {
    const [a, b] = [await run(held, query), await run(flowing, query)];
    assert.equal([b.outcome.exitCode, b.notices], [a.outcome.exitCode, a.notices], query);
    assert.is(bits(b.values), bits(a.values), query);
  }
  await held.close();
  await flowing.close();
});

test("a small file that unpacks to much is streamed", async () => {
  const rows = 1_000_000;
  const path = written([{ name: "n", data: new Int32Array(rows), type: "INT32" }]);
  assert.ok(readFileSync(path).length < 200_000);
  const session = await open({ readFrom: "/", streamBytes: 6_000_000 });
  const { events, values } = await run(session, `parquet "${path}" | count`);
  assert.equal(cellAt((values[0] as Table).columns[0]!, 0), rows);
  assert.ok(events.some((event) => event.kind === "progress" && event.unit === "rows" && event.totalDocuments === rows));
  await session.close();
});

test.run();
