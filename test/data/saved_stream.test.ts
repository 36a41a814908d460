/** Without this file what is written row by row could differ from what is written at once, or be left half. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { generator } from "../kernels/seeded.ts";
import { folder, open, run } from "../session/open.ts";

const next = generator(7);
const pick = <T>(...of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
const ROWS = Array.from({ length: 9000 }, (_, i) => `${i},${pick("", "=1+1", '"a, ""b"""', "ümlaut", '"two\nlines"', "\\t")},${pick("", "1.5", "-0.5", "1e300", "0.1")},${pick("true", "false", "")}`);
const CSV = `n,any,x,flag\n${ROWS.join("\n")}\n`;

/** A script in a folder of its own, with rows that are streamed and not held, or held. */
async function ran(script: string, streams: boolean, more: object = {}): Promise<{ readonly at: string; readonly codes: readonly string[]; readonly said: readonly string[]; readonly rows: number | null }> {
  const at = folder({ "in.csv": CSV });
  const session = await open({ readFrom: at, writeTo: at, savedUnseen: streams, streamBytes: 1000, ...more });
  const { codes, events, values } = await run(session, script);
  await session.close();
  const last = values.at(-1);
  const said = events.flatMap((event) => (event.kind === "notice" ? [event.text] : event.kind === "saved" ? [`${event.path.slice(at.length)} ${event.detail}`] : []));
  return { at, codes, said, rows: last?.kind === "table" ? last.rows : null };
}

const files = (at: string): Record<string, string> => Object.fromEntries(readdirSync(at).map((name) => [name, readFileSync(join(at, name), "utf8")]));

const STAGES = ["", "| where n > 100", "| where x > 1e299", "| derive k = sqrt(x - 1)", "| select any, n | take 3000 | skip 7", "| distinct any, x", "| sample 500 draw 3", "| sort any, n desc | take 70"];

for (const format of ["csv", "tsv", "jsonl", "json"]) {
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
  for (const script of ['csv "in.csv" | save "out.csv" | count', 'csv "in.csv" | group flag | save "out.csv"', 'csv "in.csv" | tee (save "out.csv") | take 5', 'let t = csv "in.csv" | where n > 5\nt | save "out.csv"\nt | count', 'csv "in.csv" | save "out.parquet"', 'csv "in.csv" | save "one.csv" | save "out.csv"']) {
    const [pieces, whole] = [await ran(script, true), await ran(script, false)];
    assert.equal(pieces.codes, [], script);
    assert.equal(pieces.said, whole.said, script);
    assert.equal(files(pieces.at), files(whole.at), script);
  }
  const script = 'csv "in.csv" | save "out.csv"';
  assert.is((await ran(script, true, { observe: () => {} })).rows, 9000);
  assert.is((await ran(script, true, { interactive: true })).rows, 9000);
});

test("a mistake on the way leaves the old file, no other, and is told where it stands; a file may be saved over itself", async () => {
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
  assert.is((await run(session, 'csv "in.csv" | where n < 3 | save "in.csv"')).outcome.exitCode, 0);
  assert.is(readFileSync(join(at, "in.csv"), "utf8").split("\n").filter((line) => /^\d/.test(line)).length, 3);
  await session.close();
});

test.run();
