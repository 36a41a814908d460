/** Without this file the shipped results might differ from what transformers generates with the same model. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../runtime/data/csv.ts";
import { key } from "../../src/ops/key.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { bits, open, run } from "../session/open.ts";

const RESULTS = "memorization_results_L50_O50.csv";
const expected = JSON.parse(readFileSync(new URL("fixtures/memorization.json", import.meta.url), "utf8")) as { rows: number; fields: string[]; sha256: string };

test("all rows of the shipped results are what transformers generates", async () => {
  const { table } = await readCsv(join(EXAMPLES, RESULTS));
  const columns = expected.fields.map((name) => columnNamed(table, name));
  const hash = createHash("sha256");
  for (let row = 0; row < table.rows; row++) hash.update(`${columns.map((column) => String(cellAt(column, row))).join("\x1f")}\n`);
  assert.is(table.rows, expected.rows);
  assert.is(hash.digest("hex"), expected.sha256);
});

test("enough passages are known by heart, and enough not at all", async () => {
  const session = await open();
  const { outcome } = await run(session, "assert count(perfect) >= 26 and count(non_perfect) >= 83");
  assert.is(outcome.exitCode, 0);
  await session.close();
});

test("`memorize` writes these rows anew", async () => {
  const session = await open();
  const made = await run(session, 'csv "kjv/passages.csv" | take 40 | memorize prefix 50 continue 50');
  const kept = await run(session, `csv "${RESULTS}" | take 40`);
  await session.close();
  const columns = (ran: typeof made): string => bits(ran.values[0]?.kind === "table" ? ran.values[0].columns : null);
  assert.is(columns(made), columns(kept));
});

interface Continued {
  readonly text: string;
  readonly matching: number;
}
const begun = JSON.parse(readFileSync(new URL("fixtures/memorization_bos.json", import.meta.url), "utf8")) as { readonly rows: number; readonly prefix: number; readonly continue: number } & Readonly<Record<"true" | "false", readonly Continued[]>>;

for (const bos of ["true", "false"] as const) {
  test(`\`memorize\` after \`set bos ${bos}\` continues as transformers does (make_memorization_bos.py)`, async () => {
    const session = await open();
    const { values } = await run(session, `set bos ${bos}\ncsv "kjv/passages.csv" | take ${begun.rows} | memorize prefix ${begun.prefix} continue ${begun.continue}`);
    await session.close();
    const table = values[0]?.kind === "table" ? values[0] : null;
    const column = (name: string): unknown[] => Array.from({ length: begun.rows }, (_, row) => cellAt(columnNamed(table!, name), row));
    assert.equal(column("generated_continuation_text"), begun[bos].map(({ text }) => text));
    assert.equal(column("matching_tokens"), begun[bos].map(({ matching }) => matching));
  });
}

test("the beginning-of-text token is part of what a plan is, and no part of which rows a sample draws", async () => {
  const session = await open();
  for (const stages of ["memorize prefix 20 continue 5", "acts layer 7"]) {
    const plans = await Promise.all([true, false].map(async (bos) => (await session.check({ name: "t", text: `set bos ${bos}\ncsv "kjv/passages.csv" | take 4 | ${stages}` })).compiled!.pipelines[0]!.written));
    assert.is.not(key(plans[0]!), key(plans[1]!), stages);
  }
  const drawn = (bos: boolean): Promise<string> => run(session, `set seed 3\nset bos ${bos}\ncsv "kjv/passages.csv" | take 12 | memorize prefix 20 continue 5 | sample 3 | select reference`).then(({ values }) => bits(values.at(-1)!.kind === "table" ? (values.at(-1) as { readonly columns: unknown }).columns : null));
  assert.is(await drawn(true), await drawn(false));
  await session.close();
});

test("a context that is just long enough without a beginning-of-text token", async () => {
  const session = await open();
  const query = 'csv "kjv/passages.csv" | take 1 | memorize prefix 1 continue';
  const context = 512;
  assert.equal((await run(session, `set bos true\n${query} ${context - 1}`)).codes, ["text-too-long"]);
  assert.equal((await run(session, `set bos false\n${query} ${context}`)).codes, ["text-too-long"]);
  assert.equal((await run(session, `set bos false\n${query} ${context - 1}`)).codes, ["text-too-short"], "the context would do; the passage is shorter");
  await session.close();
});

test.run();
