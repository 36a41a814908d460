/** Without this file a large file might be read otherwise than a small one. */
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Leniency } from "../../src/ops/op.ts";
import { readCsv } from "../../runtime/data/csv.ts";
import { scanCsv, streamCsv } from "../../runtime/data/csv_stream.ts";
import { DataError } from "../../runtime/data/error.ts";
import { concatTables } from "../../runtime/data/table.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { formatRows } from "../../runtime/data/write.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { generator } from "../kernels/seeded.ts";
import { bits, folder, open, run } from "../session/open.ts";

const text = (table: Table): string => [...formatRows(table, "csv")].join("");

async function streamed(path: string, types: Readonly<Record<string, string>> = {}, lenient: Leniency = {}): Promise<{ table: Table; notes: readonly string[]; digest: string; most: number; pieces: number }> {
  const scan = await scanCsv(path, { separator: ",", types, ...lenient });
  const parts: Table[] = [];
  for await (const piece of streamCsv(path, { separator: ",", ...lenient }, scan)) parts.push(piece);
  return { table: concatTables(parts), notes: scan.notes, digest: scan.digest, most: Math.max(...parts.map(({ rows }) => rows)), pieces: parts.length };
}

const FILES: Readonly<Record<string, string>> = {
  plain: "a,b\n1,x\n2,y\n",
  types: 'i,f,t,n,q,z,w\n1,1.5,True,,"",007,1\n-2,3,False,,"a ""q"", b",1e5,2\n9007199254740992,-0,true,,"two\nlines",x,3\n',
  mixed: "a,b\r\n1,2\n3,4\r\n\n5,6",
  odd: "n\n1\n2\n3\n4\nx\n5\n",
  header: "a,b\n",
  unnamed: ",b\n1,2\n",
  one: "a\n1\n\n3\n",
  stray: 'a,b\nx"y,z"\np,q\n',
  long: `a,b\n${Array.from({ length: 20_000 }, (_, i) => `${i},${i % 7 === 0 ? "" : `text ${i}`}`).join("\n")}\n`,
};

test("scanned and streamed, every file gives the table, notes and digest of reading it whole", async () => {
  const at = folder(FILES);
  for (const name of [...Object.keys(FILES).map((each) => join(at, each)), join(EXAMPLES, "memorization_results_L50_O50.csv")]) {
    const whole = await readCsv(name);
    const { table, notes, digest } = await streamed(name);
    assert.is(bits(table), bits(whole.table), name);
    assert.equal(notes, whole.notes, name);
    assert.is(digest, whole.digest);
  }
});

test("types that were asked for, over pieces; the row of a cell that does not fit counts from the start of the file", async () => {
  const at = folder(FILES);
  const path = join(at, "long");
  assert.is(bits((await streamed(path, { a: "str", b: "str" })).table), bits((await readCsv(path, { types: { a: "str", b: "str" } })).table));
  const bad = join(at, "bad");
  writeFileSync(bad, FILES["long"]!.replace("15000,", "x,"));
  const failed = async (work: Promise<unknown>): Promise<string> => work.then(() => "", (error: unknown) => (error instanceof DataError ? `${error.code} ${error.message} ${error.row}` : String(error)));
  const said = await failed(streamed(bad, { a: "int" }));
  assert.match(said, /type-mismatch .*row 15001 holds "x".* 15001/);
  assert.is(said, await failed(readCsv(bad, { types: { a: "int" } })));
});

const said = async (work: Promise<unknown>): Promise<string> => work.then(() => "nothing", (error: unknown) => (error instanceof DataError ? `${error.code}|${error.message}|${error.help}|${error.row}|${error.column}` : String(error)));

/** Rows of any length, nulls, types that change late, NUL bytes and letters beyond ASCII. */
function uneven(count: number, seed: number): string {
  const next = generator(seed);
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  const cell = (i: number): string => pick("", '""', String(i), "1.5", "ümlaut", '"a, ""b"""', "na\0me", '"two\nlines"', "true");
  const rows = Array.from({ length: count }, (_, i) => [i === count - 5 ? "x" : String(i), cell(i), ...(next() < 0.9 ? [pick("true", "false")] : []), ...(next() < 0.1 ? ["7", "8"] : [])].join(","));
  return `n,any,flag\n${rows.join(pick("\n", "\r\n"))}\n`;
}

test("what is read with leniency gives the same table, notes and mistakes when it is streamed", async () => {
  const files: Record<string, Uint8Array> = {};
  for (const seed of [1, 2]) {
    const text = uneven(seed * 5000, seed);
    const plain = text.split(/(?<=\n)/).filter((line) => (line.match(/,/g) ?? []).length < 4).join("");
    Object.assign(files, { [`any${seed}`]: Buffer.from(text, "utf8"), [`short${seed}`]: Buffer.from(plain, "utf8"), [`latin${seed}`]: Buffer.from(text, "latin1"), [`wide${seed}`]: Buffer.from(`\ufeff${text}`, "utf16le") });
  }
  Object.assign(files, { half: Buffer.from("\ufeffa,b\n1,2\n", "utf16le").subarray(0, -1), long: Buffer.from("a,b\n1\n1,2,3\n"), twice: Buffer.from("a,a\n1\n1,2,3\n"), none: Buffer.from("\n\n"), marks: Buffer.from(`n,any,flag\n${'"1,5","-,25",true\n"2,25",,false\n3,"1,0e3",true\n'.repeat(3000)}`) });
  const at = folder(files);
  const ways: readonly Leniency[] = [{}, { ragged: "skip" }, { ragged: "pad" }, { ragged: "skip", nul: "drop" }, { ragged: "pad", nul: "drop" }, { encoding: "latin1", ragged: "skip", nul: "drop" }, { encoding: "utf16", ragged: "skip", nul: "drop" }, { encoding: "utf16", nul: "drop" }, { decimal: "comma" }, { thousands: "apart" }, { decimal: "comma", ragged: "pad" }];
  let read = 0;
  for (const name of Object.keys(files)) {
    for (const lenient of ways) {
      for (const types of [{}, { n: "int" }, { flag: "bool", n: "str" }, { n: "float" }, { b: "int", a: "bool" }]) {
        const path = join(at, name);
        const what = `${name} ${JSON.stringify([lenient, types])}`;
        const told = await said(readCsv(path, { ...lenient, types }));
        assert.is(await said(scanCsv(path, { separator: ",", types, ...lenient })), told, what);
        if (told !== "nothing") continue;
        read++;
        const whole = await readCsv(path, { ...lenient, types });
        const { table, notes, digest } = await streamed(path, types, lenient);
        assert.equal([bits(table), notes, digest], [bits(whole.table), whole.notes, whole.digest], what);
      }
    }
  }
  assert.ok(read > 20, String(read));
});

test("of several mistakes the one is told that is told of a file read whole", async () => {
  const rows = (change: (i: number) => string): string => Array.from({ length: 20_000 }, (_, i) => change(i)).join("\n");
  const at = folder({ columns: `a,b\n${rows((i) => `${i === 15_000 ? "x" : i},${i === 3 ? "y" : i}`)}\n`, nulls: `a,b\n${rows((i) => `${i === 15_000 ? "x" : i === 2 ? "" : i},${i}`)}\n`, header: `a,a\n${rows(String)}\n`, open: `a,b\n${rows((i) => `${i === 3 ? "y" : i},1`)}\n"\n` });
  for (const [name, types] of [["columns", { a: "int", b: "int" }], ["nulls", { a: "int" }], ["header", {}], ["open", { a: "int" }], ["open", { c: "int" }]] as const) assert.is(await said(scanCsv(join(at, name), { separator: ",", types })), await said(readCsv(join(at, name), { types })), name);
});

test("a signal stops scan and stream, and a scan tells how much of the file it has read", async () => {
  const path = join(folder({ t: `a\n${"12345678901\n".repeat(700_000)}` }), "t");
  const stop = new AbortController();
  const seen: number[] = [];
  const stopped = scanCsv(path, { separator: ",", types: {}, signal: stop.signal, onBytes: (bytes, total) => {
    seen.push(bytes / total);
    if (bytes * 2 > total) stop.abort(new Error("stop"));
  } });
  assert.match(await said(stopped), "stop");
  assert.ok(seen.length > 2 && seen.at(-1)! < 1);
  const scan = await scanCsv(path, { separator: ",", types: {} });
  const half = new AbortController();
  let rows = 0;
  const streaming = (async () => {
    for await (const piece of streamCsv(path, { separator: ",", signal: half.signal }, scan)) {
      rows += piece.rows;
      half.abort(new Error("stop"));
    }
  })();
  assert.match(await said(streaming), "stop");
  assert.ok(rows < 600_000);
});

test("mistakes of a file are told in the same words", async () => {
  const at = folder({ ragged: "a,b\n1,2\n3\n", open: 'a,b\n1,"2\n', twice: "a,a\n1,2\n", empty: "", nul: "a\n\0\n", broken: Buffer.from([97, 10, 0xff, 10]) });
  for (const name of ["ragged", "open", "twice", "empty", "nul", "broken", "missing"]) {
    const path = join(at, name);
    assert.is(await said(streamed(path)), await said(readCsv(path)), name);
  }
});

test("a hundred times as many rows are not held: pieces stay as small", async () => {
  const rows = (count: number): string => `a\n${Array.from({ length: count }, (_, i) => i).join("\n")}\n`;
  const at = folder({ small: rows(9_000), large: rows(900_000) });
  const small = await streamed(join(at, "small"));
  let most = 0;
  let all = 0;
  const path = join(at, "large");
  for await (const piece of streamCsv(path, { separator: "," }, await scanCsv(path, { separator: ",", types: {} }))) {
    most = Math.max(most, piece.rows);
    all += piece.rows;
  }
  assert.is(all, 900_000);
  assert.is(most, small.most);
});

test("a file that changes between check and run is an error, and one row more is enough", async () => {
  const at = folder({ t: "a\n1\n2\n" });
  const path = join(at, "t");
  const scan = await scanCsv(path, { separator: ",", types: {} });
  writeFileSync(path, "a\n1\n2\n3\n");
  try {
    for await (const _ of streamCsv(path, { separator: "," }, scan));
    assert.unreachable();
  } catch (error) {
    assert.is(error instanceof DataError ? error.code : error, "input-changed");
  }
});

test("queries give the same rows whether the file is held or streamed", async () => {
  const held = await open();
  const flowing = await open({ streamBytes: 1 });
  for (const query of [
    "memorization | where perfect_match",
    "memorization | where matching_tokens > mean(matching_tokens)",
    "memorization | where row() % 3 == 0",
    "memorization | derive x = matching_tokens / (matching_tokens - 50) | skip 5 | take 20",
    "memorization | where len(input_text) > 200 | derive y = rank(matching_tokens) | take 5",
    "memorization | sample 17",
    "memorization | skip 300 | sample 50",
    "memorization | sample 3000 | select reference",
    "memorization | where matching_tokens == 3 | sample 4 draw 2 | select reference",
    "memorization | count",
    "memorization | where not perfect_match | count by matching_tokens",
    "memorization | agg n = count(), m = mean(matching_tokens), s = sum(matching_positions), q = quantile(matching_tokens, 0.9)",
    "memorization | where matching_tokens > 1000",
    "memorization | where matching_tokens > 1000 | count",
    "memorization | sort matching_tokens desc | take 3",
    "memorization | sort matching_tokens desc, len(input_text) | take 40",
    "memorization | where matching_tokens > 1000 | sort matching_tokens | take 2",
    "memorization | sort rank(matching_tokens) | take 2",
    "memorization | sort matching_tokens | take 4 | tee (take 2) | count",
    "memorization | where matching_tokens > mean(matching_tokens) and matching_tokens < max(matching_tokens) | count",
    "memorization | derive z = matching_tokens - mean(matching_tokens), share = matching_tokens / sum(matching_tokens) | where z > 0 | take 5",
    "memorization | where matching_tokens > 1 | derive d = matching_tokens / (min(matching_tokens) - 2) | sample 5",
    "memorization | where 1 / (matching_tokens - 50) > mean(1 / (matching_tokens - 50)) | count",
    "memorization | where matching_tokens > 1000 | derive m = mean(matching_tokens) | count",
    "memorization | where matching_tokens > median(matching_tokens) | count",
    "memorization | distinct matching_tokens",
    "memorization | distinct | count",
    "memorization | count by matching_tokens, perfect_match",
    "memorization | group perfect_match | agg n = count(), m = mean(matching_tokens), f = frac(matching_tokens > 3) - 1, lo = min(matching_tokens), hi = max(matching_tokens / 7)",
    "memorization | group perfect_match, matching_tokens | agg n = count(len(reference)), x = sum(1 / (matching_tokens - 50))",
    "memorization | group perfect_match | count",
    "memorization | group perfect_match, matching_tokens | count",
    "memorization | group matching_tokens | count by perfect_match, repeated",
    "memorization | where matching_tokens > 1000 | group perfect_match | count",
    "memorization | where matching_tokens > 1000 | group perfect_match | count by matching_tokens",
    "memorization | group perfect_match | agg q = median(matching_tokens), n = count()",
    "memorization | where matching_tokens > 1000 | group perfect_match | agg n = count()",
    "memorization | where matching_tokens > 1000 | agg n = count(), m = mean(matching_tokens), s = sum(matching_tokens)",
    "memorization | group input_text | where len(input_text) > 3 | agg n = count()",
    "memorization | agg x = mean(row()), y = sum(matching_tokens) / count()",
    "memorization | take 3 | agg s = sum(3002399751580331 + 0 * matching_tokens), f = sum(3002399751580331.0 + 0 * matching_tokens)",
    "memorization | take 3 | derive g = 1 | group g | agg s = sum(3002399751580331 + 0 * matching_tokens), m = mean(g)",
    "memorization | agg s = std(matching_tokens + 1e12), v = var(matching_tokens), c = corr(matching_tokens, matching_positions), d = mad(matching_tokens)",
    "memorization | group perfect_match | agg s = std(matching_tokens + 1e12), c = cosine(matching_tokens, matching_positions)",
    "memorization | split a = perfect_match, b = matching_tokens == 0 | count",
    "groups a = (sample perfect 3), b = (sample non_perfect 3) | acts layer 7 last 5 | top 5 | union",
    "memorization | acts layer 7 last 3 | stats",
    "memorization | skip 20 | take 30 | acts layer 7 last 3 | tee (hist activation) | top 5",
    "memorization | where matching_tokens > 1000 | acts layer 7 | stats",
    "memorization | take 3 | acts layer 7 last 2",
  ]) {
    const [a, b] = [await run(held, query), await run(flowing, query)];
    assert.equal([b.outcome.exitCode, b.outcome.diagnostics], [0, a.outcome.diagnostics], query);
    assert.equal(b.notices, a.notices, query);
    const rows = (values: readonly unknown[]): string[] => values.map((value) => [...formatRows(value as Table, "csv")].join(""));
    assert.equal(rows(b.values), rows(a.values), query);
  }
  await held.close();
  await flowing.close();
});

test("too many groups are told at the same stage", async () => {
  const at = folder({ "t.csv": `id\n${Array.from({ length: 70_000 }, (_, i) => i).join("\n")}\n` });
  const [held, flowing] = [await open({ readFrom: at }), await open({ readFrom: at, streamBytes: 1 })];
  for (const figure of ["agg n = count()", "count"]) {
    const [a, b] = [await run(held, `csv "t.csv" | group id | ${figure}`), await run(flowing, `csv "t.csv" | group id | ${figure}`)];
    assert.match(a.outcome.diagnostics[0]!.message, "70000 different values");
    assert.equal(b.outcome.diagnostics, a.outcome.diagnostics);
  }
  await held.close();
  await flowing.close();
});

test("queries of a file read with leniency give the same rows and notices", async () => {
  const at = folder({ "t.csv": Buffer.from(uneven(3000, 4), "latin1") });
  const [held, flowing] = [await open({ readFrom: at }), await open({ readFrom: at, streamBytes: 1 })];
  for (const query of ["count", "where flag | sample 5", "where any == \"ümlaut\" | take 3", "count by flag"]) {
    const [a, b] = [await run(held, `csv "t.csv" encoding latin1 ragged skip nul drop | ${query}`), await run(flowing, `csv "t.csv" encoding latin1 ragged skip nul drop | ${query}`)];
    assert.ok(a.notices.some((text) => /another number of cells than the header left out/.test(text)));
    assert.equal([b.outcome.exitCode, b.notices, bits(b.values)], [0, a.notices, bits(a.values)], query);
  }
  await held.close();
  await flowing.close();
});

test("the file of a stream that ends early is closed", async () => {
  if (process.platform !== "linux") return;
  const path = join(folder(FILES), "long");
  const scan = await scanCsv(path, { separator: ",", types: {} });
  for await (const piece of streamCsv(path, { separator: "," }, scan)) {
    assert.ok(text(piece).length > 0);
    break;
  }
  const held = (): boolean => readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
  for (let turns = 0; turns < 200 && held(); turns++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.not.ok(held());
});

test.run();
