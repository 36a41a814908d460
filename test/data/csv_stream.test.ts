/** Without this file a large file might be read otherwise than a small one. */
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../runtime/data/csv.ts";
import { scanCsv, streamCsv } from "../../runtime/data/csv_stream.ts";
import { DataError } from "../../runtime/data/error.ts";
import { concatTables } from "../../runtime/data/table.ts";
import type { Table } from "../../runtime/data/frame.ts";
import { formatRows } from "../../runtime/data/write.ts";
import { EXAMPLES } from "../../runtime/shipped.ts";
import { bits, folder, open, run } from "../session/open.ts";

const text = (table: Table): string => [...formatRows(table, "csv")].join("");

async function streamed(path: string, types: Readonly<Record<string, string>> = {}): Promise<{ table: Table; notes: readonly string[]; digest: string; most: number; pieces: number }> {
  const scan = await scanCsv(path, { separator: ",", types });
  const parts: Table[] = [];
  for await (const piece of streamCsv(path, { separator: "," }, scan)) parts.push(piece);
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

test("mistakes of a file are told in the same words", async () => {
  const at = folder({ ragged: "a,b\n1,2\n3\n", open: 'a,b\n1,"2\n', twice: "a,a\n1,2\n", empty: "", nul: "a\n\0\n", broken: Buffer.from([97, 10, 0xff, 10]) });
  for (const name of ["ragged", "open", "twice", "empty", "nul", "broken", "missing"]) {
    const path = join(at, name);
    const said = async (work: Promise<unknown>): Promise<string> => work.then(() => "nothing", (error: unknown) => (error instanceof DataError ? `${error.code}|${error.message}|${error.help}|${error.row}` : String(error)));
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
    "memorization | where matching_tokens == 3 | sample 4 draw 2 | select reference",
    "memorization | count",
    "memorization | where not perfect_match | count by matching_tokens",
    "memorization | agg n = count(), m = mean(matching_tokens), s = sum(matching_positions), q = quantile(matching_tokens, 0.9)",
    "memorization | where matching_tokens > 1000",
    "memorization | where matching_tokens > 1000 | count",
    "memorization | sort matching_tokens desc | take 3",
    "memorization | split a = perfect_match, b = matching_tokens == 0 | count",
    "groups a = (sample perfect 3), b = (sample non_perfect 3) | acts layer 7 last 5 | top 5 | union",
    "memorization | acts layer 7 last 3 | stats",
    "memorization | skip 20 | take 30 | acts layer 7 last 3 | tee (hist activation) | top 5",
    "memorization | where matching_tokens > 1000 | acts layer 7 | stats",
    "memorization | take 3 | acts layer 7 last 2",
  ]) {
    const [a, b] = [await run(held, query), await run(flowing, query)];
    assert.is(a.outcome.exitCode, b.outcome.exitCode, query);
    assert.equal(b.notices, a.notices, query);
    const rows = (values: readonly unknown[]): string[] => values.map((value) => [...formatRows(value as Table, "csv")].join(""));
    assert.equal(rows(b.values), rows(a.values), query);
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
