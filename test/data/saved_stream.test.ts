/** Without this file what is written row by row could differ from what is written at once, or be left half. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { foretoldSize } from "../../runtime/data/foretold_size.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { streamedRows } from "../../runtime/execute/streamed_rows.ts";
import type { Plan } from "../../src/ops/op.ts";
import { generator } from "../kernels/seeded.ts";
import { folder, open, run } from "../session/open.ts";

const next = generator(7);
const pick = <T>(...of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
const ROWS = Array.from({ length: 9000 }, (_, i) => `${i},${pick("", "=1+1", '"a, ""b"""', "ümlaut", '"two\nlines"', "\\t")},${pick("", "1.5", "-0.5", "1e300", "0.1")},${pick("true", "false", "")}`);
const CSV = `n,any,x,flag\n${ROWS.join("\n")}\n`;

/** A script in a folder of its own, with rows that are streamed and not held, or held. */
async function ran(script: string, streams: boolean, more: object = {}, csv = CSV): Promise<{ readonly at: string; readonly codes: readonly string[]; readonly said: readonly string[]; readonly rows: number | null }> {
  const at = folder({ "in.csv": csv });
  const session = await open({ readFrom: at, writeTo: at, savedUnseen: streams, streamBytes: 1000, ...more });
  const { codes, events, values } = await run(session, script);
  await session.close();
  const last = values.at(-1);
  const said = events.flatMap((event) => (event.kind === "notice" ? [event.text] : event.kind === "saved" ? [`${event.path.slice(at.length)} ${event.detail}`] : []));
  return { at, codes, said, rows: last?.kind === "table" ? last.rows : null };
}

test("Parquet: the row groups of rows that are held, where they are several", async () => {
  const at = folder({ "in.csv": `n,s\n${Array.from({ length: 140_000 }, (_, i) => `${i},${i % 7}x\n`).join("")}` });
  const written = await Promise.all([true, false].map(async (savedUnseen) => {
    const session = await open({ readFrom: at, writeTo: folder(), savedUnseen, streamBytes: 1000 });
    const { codes, values, events } = await run(session, 'csv "in.csv" | save "out.parquet"');
    await session.close();
    assert.equal([codes, values[0]?.kind === "table" ? values[0].rows : null], [[], savedUnseen ? 0 : 140_000]);
    return readFileSync(events.flatMap((event) => (event.kind === "saved" ? [event.path] : []))[0]!);
  }));
  assert.ok(written[0]!.equals(written[1]!));
  assert.is(parquetMetadata(Uint8Array.from(written[0]!).buffer).row_groups.length, 3);
});

const files = (at: string): Record<string, string> => Object.fromEntries(readdirSync(at).map((name) => [name, readFileSync(join(at, name), "latin1")]));

const STAGES = ["", "| where n > 100", "| where x > 1e299", "| derive k = sqrt(x - 1)", "| select any, n | take 3000 | skip 7", "| distinct any, x", "| sample 500 draw 3", "| sort any, n desc | take 70"];

for (const format of ["csv", "tsv", "jsonl", "json", "parquet"]) {
  test(`${format}: the same bytes, notices and words row by row as at once`, async () => {
    for (const stages of STAGES) {
      const script = `csv "in.csv" ${stages} | save "out.${format}"`;
      const [pieces, whole] = [await ran(script, true), await ran(script, false)];
      assert.equal(pieces.codes, []);
      assert.equal(files(pieces.at), files(whole.at), script);
      assert.equal(pieces.said, whole.said, script);
      assert.is(pieces.rows, 0, "nothing was held");
    }
  });
}

test("what is asked for besides is held as ever: a value that goes on, groups, another pipeline, a record, the REPL", async () => {
  for (const script of ['csv "in.csv" | save "out.csv" | count', 'csv "in.csv" | group flag | save "out.csv"', 'csv "in.csv" | tee (save "out.csv") | take 5', 'let t = csv "in.csv" | where n > 5\nt | save "out.csv"\nt | count', 'csv "in.csv" | save "one.csv" | save "out.csv"']) {
    const [pieces, whole] = [await ran(script, true), await ran(script, false)];
    assert.equal(pieces.codes, [], script);
    assert.equal(pieces.said, whole.said, script);
    assert.equal(files(pieces.at), files(whole.at), script);
  }
  const script = 'csv "in.csv" | save "out.csv"';
  assert.is((await ran(script, true, { observe: () => {} })).rows, 9000);
  assert.is((await ran(script, true, { interactive: true })).rows, 9000);
});

test("how much will be written is said before, as of rows that are held", async () => {
  const many = Array.from({ length: 1_000_100 }, (_, i) => i);
  const { said } = await ran('csv "in.csv" | skip 50 | save "out.csv"', true, {}, `n\n${many.join("\n")}\n`);
  const held = foretoldSize(createTable("held", [createColumn("n", "int", many.slice(50))]), "csv")!;
  assert.match(held, /^1,000,050 rows of csv, about /);
  assert.equal([said.length, said[0]], [2, `save "out.csv": ${held}`]);
});

test("rows of a stream are known before as far as they do not depend on what stands in them", () => {
  const read = { op: "read", path: "in.csv" };
  const context = { catalog: { stream: () => ({ rows: 9000 }) }, signal: new AbortController().signal } as unknown as Parameters<typeof streamedRows>[1];
  const rowsOf = (...ops: readonly object[]): number | null => streamedRows(ops.reduce((input: unknown, op) => ({ op, inputs: [input] }), { op: read, inputs: [] }) as Plan, context);
  assert.equal([rowsOf(), rowsOf({ op: "project" }), rowsOf({ op: "sort" }, { op: "limit", count: 70 })], [9000, 9000, 70]);
  assert.equal([rowsOf({ op: "limit", count: 10_000 }), rowsOf({ op: "skip", count: 7 }), rowsOf({ op: "skip", count: 9001 }), rowsOf({ op: "sample", count: 50 })], [9000, 8993, 0, 50]);
  assert.equal([rowsOf({ op: "filter" }), rowsOf({ op: "distinct" }), rowsOf({ op: "filter" }, { op: "limit", count: 5 })], [null, null, null]);
});

test("a mistake on the way leaves the old file, no other, and is told where it stands; a file is not saved over itself", async () => {
  const at = folder({ "in.csv": CSV.replace("\n8000,", "\n8000,7,7,7,7,7,"), "out.csv": "old" });
  const session = await open({ readFrom: at, writeTo: at, savedUnseen: true, streamBytes: 1000 });
  const { outcome } = await run(session, 'csv "in.csv" | where n > 5 | save "out.csv"');
  assert.equal(outcome.diagnostics.map(({ code, span }) => [code, span.start]), [["ragged-row", 4]]);
  assert.equal(readdirSync(at).sort(), ["in.csv", "out.csv"]);
  assert.is(readFileSync(join(at, "out.csv"), "utf8"), "old");
  writeFileSync(join(at, "in.csv"), CSV);
  const abort = new AbortController();
  const stopped = await run(session, 'csv "in.csv" | save "other.csv"', abort.signal, (event) => event.kind === "progress" && abort.abort());
  assert.is(stopped.outcome.cancelled, true);
  assert.ok(!existsSync(join(at, "other.csv")));
  assert.equal(readdirSync(at).sort(), ["in.csv", "out.csv"]);
  assert.equal((await run(session, 'csv "in.csv" | where n < 3 | save "in.csv"')).codes, ["overwrites-input"]);
  assert.is(readFileSync(join(at, "in.csv"), "utf8"), CSV);
  await session.close();
});

test.run();
