/** Without this file "repeatable bit for bit" would be a hope. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Rule } from "../../src/optimize/rule.ts";
import { RULES } from "../../src/optimize/rules.ts";
import type { Value } from "../../runtime/data/frame.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { bits, open, run } from "./open.ts";
import { spareEngine } from "./spare_engines.ts";

const QUERY = "groups perfect = (sample perfect 12), non_perfect = (sample non_perfect 12) | acts layer 7 last 50";

async function last(query: string, options: Parameters<typeof open>[0]): Promise<Value> {
  // What an engine has computed before is not kept in it.
  const session = await open({ ...options, ...(options?.engine === undefined ? {} : { engines: spareEngine(options.engine) }) });
  const { values, outcome } = await run(session, query);
  await session.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  return values.at(-1)!;
}

async function value(query: string, options: Parameters<typeof open>[0]): Promise<string> {
  return bits(await last(query, options));
}

test("the same bits for batch 1, 7 and 32, and for 1, 2 and 4 lanes", async () => {
  const reference = await value(QUERY, { engine: { lanes: 1, threads: 1, batch: 1 } });
  for (const engine of [{ lanes: 1, threads: 1, batch: 7 }, { lanes: 2, threads: 1, batch: 32 }, { lanes: 4, threads: 1, batch: 7 }])
    assert.equal(await value(QUERY, { engine }), reference, JSON.stringify(engine));
});

test("the same bits for any number of threads and batch, on every way through the engine", async () => {
  const queries = [
    QUERY,
    "set guard off\nset encode screened\nsample non_perfect 6 | acts layer 7 last 30",
    "sample perfect 6 | resid layer 3 hook ln2_normalized",
    "sample perfect 4 | resid layer 7 last 30 | encode",
    "sample non_perfect 4 | acts layer 7 | decode",
    "sample perfect 6 | acts layer 7 | contexts 769, 559 k 4 window 5",
    "sample non_perfect 5 | memorize prefix 8 continue 8 of input_text",
  ];
  for (const query of queries) {
    const reference = await value(query, { engine: { lanes: 1, threads: 1, batch: 3 } });
    for (const engine of [{ lanes: 1, threads: 2, batch: 1 }, { lanes: 2, threads: 3, batch: 32 }, { lanes: 1, threads: 8, batch: 5 }])
      assert.equal(await value(query, { engine }), reference, `${query}, ${JSON.stringify(engine)}`);
  }
});

test("the same bits whether features are screened in eight bits or all computed, fused or by stages", async () => {
  const queries = [QUERY, "sample non_perfect 6 | resid layer 7 last 30 | encode", "sample perfect 5 | acts layer 7 | top 10 by mean"];
  for (const query of queries) {
    const dense = await value(`set encode dense\n${query}`, {});
    for (const engine of [{ lanes: 1, threads: 1, batch: 3 }, { lanes: 2, threads: 1 }]) assert.equal(await value(`set guard off\nset encode screened\n${query}`, { engine }), dense, query);
  }
});

test("a process that ran before is asked to screen features", async () => {
  const session = await open();
  const dense = await run(session, "set guard off\nset encode dense\nsample perfect 2 | acts layer 7 | top 3");
  const screened = await run(session, "set guard off\nset encode screened\nsample perfect 3 | acts layer 7 | top 3");
  await session.close();
  assert.equal([dense.outcome.exitCode, screened.outcome.exitCode], [0, 0]);
});

test("explain says how features are encoded, and what screening did", async () => {
  const explained = async (lines: string): Promise<string> => JSON.stringify(await last(`${lines}\nsample perfect 2 | acts layer 7 | stats | explain`, {}));
  assert.match(await explained("set encode auto"), /encoder of kjv: dense: 0\.3 million weights are few/);
  assert.match(await explained("set encode dense"), /encoder of kjv: dense, as set/);
  const screened = await explained("set guard off\nset encode screened\nsample perfect 2 | acts layer 7 | count");
  assert.match(screened, /encoder of kjv: screened in eight bits, as set/);
  const [, rows, candidates, computed] = /so far (\d+) rows screened: ([\d.]+) % of the features were candidates, ([\d.]+) % computed/.exec(screened)!.map(Number);
  assert.ok(rows! > 100 && candidates! > 0.5 && candidates! < 20 && computed! >= candidates!, screened);
});

test("the same bits with and without each rule", async () => {
  const queries = [
    QUERY,
    "sample perfect 4 | acts layer 7 | top 10 by mean",
    "sample perfect 3 | resid layer 2, 5 last 3",
    "sample perfect 3 | resid layer 7 hook resid_pre first 4",
    "sample non_perfect 3 | acts layer 7 of continuation | stats",
    'prompts "a" | acts layer 7',
  ];
  const all = async (rules: readonly Rule[]): Promise<string[]> => {
    const session = await open({ rules });
    const found: string[] = [];
    for (const query of queries) found.push(bits((await run(session, query)).values));
    await session.close();
    return found;
  };
  const reference = await all([]);
  for (const rules of [RULES, ...RULES.map((rule) => [rule])]) assert.equal(await all(rules), reference, rules.map((rule) => rule.name).join(", "));
});

test("one token alone gives the bits it has in company", async () => {
  const first = (of: Value): string => bits(of.kind === "dense" ? of.taps[0]!.values.slice(0, of.taps[0]!.width) : of);
  const whole = await last("sample perfect 1 | resid layer 7", {});
  assert.is(first(await last("sample perfect 1 | resid layer 7 first 1", {})), first(whole));
  assert.is(first(await last('set bos true\nprompts "a" | resid layer 7 first 1', {})), first(whole), "the first position sees no other");
});

test("a run that was stopped and resumed gives the bits of one that was not", async () => {
  const query = "memorization | acts layer 7 last 20 | top 20";
  const reference = await value(query, {});
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 4 } });
  const stop = new AbortController();
  const stopped = await run(session, query, stop.signal, (event) => {
    if (event.kind === "progress" && event.unit === undefined && event.documents > 8) stop.abort();
  });
  assert.is(stopped.outcome.exitCode, 130);
  assert.ok(stopped.outcome.cancelled);
  let first = Number.POSITIVE_INFINITY;
  const resumed = await run(session, query, undefined, (event) => {
    if (event.kind === "progress" && event.unit === undefined) first = Math.min(first, event.totalDocuments);
  });
  await session.close();
  assert.ok(first < 320, "finished texts are not run again");
  assert.equal(bits(resumed.values.at(-1)), reference);
});

test("a `memorize` that was stopped goes on where it was", async () => {
  const query = 'csv "kjv/passages.csv" | take 24 | memorize prefix 50 continue 10';
  const reference = await value(query, {});
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 4 } });
  const stop = new AbortController();
  const stopped = await run(session, query, stop.signal, (event) => {
    if (event.kind === "progress" && event.unit === undefined && event.documents >= 4) stop.abort();
  });
  assert.is(stopped.outcome.exitCode, 130);
  let asked = Number.POSITIVE_INFINITY;
  const resumed = await run(session, query, undefined, (event) => {
    if (event.kind === "progress" && event.unit === undefined) asked = Math.min(asked, event.totalDocuments);
  });
  await session.close();
  assert.ok(asked < 24, "finished texts are not generated again");
  assert.is(bits(resumed.values.at(-1)), reference);
});

test("no result and no explanation depends on where the files lie", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saeq-"));
  const told: string[] = [];
  for (const place of ["a", "a/rather/longer/path/to/the/same/files/than/the/other/one"]) {
    const readFrom = join(folder, place);
    for (const part of ["model", "sae"]) cpSync(join(EXAMPLES, "kjv", part), join(readFrom, part), { recursive: true });
    const session = await open({ readFrom, measured: false });
    const { values, events } = await run(session, 'set model "model"\nset sae "sae"\nsample perfect 3 | acts layer 7 | top 5\nsample perfect 3 | acts layer 7 | top 5 | explain');
    await session.close();
    told.push(JSON.stringify([bits(values), events.flatMap((event) => (event.kind === "result" ? event.header : []))]));
    assert.is(values.length, 2);
  }
  rmSync(folder, { recursive: true });
  assert.is(told[1], told[0]);
});

test.run();
