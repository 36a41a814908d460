/** Without this file what comes from the cache might differ from what the model gives, or the model be run for nothing. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { segmentsOf } from "../../runtime/cache/inventory.ts";
import { toTable } from "../../runtime/data/to_table.ts";
import type { EngineOptions } from "../../runtime/engine/port.ts";
import { bits, folder, open, run, type Ran } from "../session/open.ts";
import { spareEngine } from "../session/spare_engines.ts";
import { saeq } from "../tools/saeq.ts";

const QUERY = "groups perfect = (sample perfect 12), non_perfect = (sample non_perfect 12) | acts layer 7 last 50";

interface Once extends Ran {
  readonly bits: string;
  /** Texts that the model ran. */
  readonly texts: number;
}

/** A query in a session of its own. */
async function once(query: string, at: string | null, engine: Partial<EngineOptions> = {}): Promise<Once> {
  const session = await open({ engines: spareEngine({ lanes: 1, threads: 1, ...engine }), cache: at === null ? null : { folder: at, limit: 2 ** 30 } });
  let texts = 0;
  const ran = await run(session, query, undefined, (event) => {
    if (event.kind === "progress" && event.unit === undefined) texts = Math.max(texts, event.documents);
  });
  await session.close();
  assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
  return { ...ran, bits: bits(ran.values), texts };
}

test("the same bits cold, warm, half evicted and damaged, whatever batch and lanes", async () => {
  const at = folder();
  const reference = await once(QUERY, null);
  assert.is((await once(QUERY, at, { batch: 5 })).bits, reference.bits, "cold");
  const warm = await once(QUERY, at, { lanes: 2 });
  assert.is(warm.bits, reference.bits, "warm");
  assert.is(warm.texts, 0, "no text is run");
  for (const { path } of segmentsOf(at)) unlinkSync(path);
  await once(QUERY.replaceAll("12", "5"), at);
  const half = await once(QUERY, at, { lanes: 2, batch: 3 });
  assert.is(half.bits, reference.bits, "half evicted");
  assert.is(half.texts, 14, "only what is missing is run");
  const path = segmentsOf(at)[0]!.path;
  const bytes = readFileSync(path);
  bytes[bytes.length - 9] = bytes[bytes.length - 9]! ^ 1;
  writeFileSync(path, bytes);
  const damaged = await once(QUERY, at);
  assert.is(damaged.bits, reference.bits, "damaged");
  assert.is(damaged.notices.filter((text) => /damaged file was set aside/.test(text)).length, 1);
});

test("files of two layers, or of two kept values, that changed places are set aside, and the same is computed", async () => {
  const at = folder();
  const queries = [6, 7].map((layer) => `set cache residuals; sample perfect 3 | resid layer ${layer} last 3`);
  const right = [];
  for (const query of queries) right.push((await once(query, null)).bits);
  for (const query of queries) await once(query, at);
  const [six, seven] = ["layer 6", "layer 7"].map((name) => segmentsOf(at).find(({ path }) => readFileSync(path).includes(name))!.path);
  swap(six!, seven!);
  for (const [i, query] of queries.entries()) {
    const again = await once(query, at);
    assert.is(again.bits, right[i]);
    assert.ok(again.notices.some((text) => /damaged file was set aside \(it lies where another one should\)/.test(text)), again.notices.join("\n"));
  }
  const kept = ["sample perfect 3 | cache name \"a\"", "sample perfect 4 | cache name \"b\""];
  for (const query of kept) await once(query, at);
  const values = segmentsOf(at).filter(({ path }) => path.includes("/values/") && /"name":"[ab]"/.test(readFileSync(path, "latin1"))).map(({ path }) => path);
  assert.is(values.length, 2);
  swap(values[0]!, values[1]!);
  for (const query of kept) assert.is((await once(query, at)).bits, (await once(query, null)).bits);
  // A segment of a space under the name of a value.
  const space = segmentsOf(at).find(({ path }) => path.includes("/spaces/"))!.path;
  for (const query of kept) await once(query, at);
  for (const path of values) copyFileSync(space, path);
  for (const query of kept) assert.is((await once(query, at)).bits, (await once(query, null)).bits);
});

function swap(a: string, b: string): void {
  const bytes = readFileSync(a);
  copyFileSync(b, a);
  writeFileSync(b, bytes);
}

test("another question about the same texts runs nothing, in another process of the same cache", async () => {
  const at = folder();
  await once(`${QUERY} | top 10`, at);
  for (const next of ["stats", "top 5 by max", "hist l0", "count", "top 10 | union"]) {
    const again = await once(`${QUERY} | ${next}`, at);
    assert.is(again.texts, 0, next);
    assert.is(again.bits, (await once(`${QUERY} | ${next}`, null)).bits, next);
  }
});

test("one layer of several is found when it is asked alone", async () => {
  const at = folder();
  await once("set cache residuals; sample perfect 4 | resid layer 2, 7 last 3", at);
  const alone = await once("set cache residuals; sample perfect 4 | resid layer 7 last 3", at);
  assert.is(alone.texts, 0);
  assert.is(alone.bits, (await once("sample perfect 4 | resid layer 7 last 3", null)).bits);
});

test("with residuals kept, another SAE needs no model", async () => {
  const at = folder();
  const query = (threshold: number): string => `set cache residuals; set threshold ${threshold}; sample perfect 6 | acts layer 7 last 20 | top 5`;
  const cold = await once(query(0), at);
  assert.is(cold.bits, (await once(query(0).replace("residuals", "memory"), null)).bits);
  // Without its own space an SAE is a new one.
  for (const { path } of segmentsOf(at).filter(({ path }) => readFileSync(path).includes("SAE"))) unlinkSync(path);
  const again = await once(query(0), at);
  assert.is(again.texts, 0, "the residuals were enough");
  assert.is(again.bits, cold.bits);
});

test("`set cache off` finds nothing and keeps nothing; `memory` keeps it for the session", async () => {
  const at = folder();
  for (const [mode, second] of [["off", 3], ["memory", 0]] as const) {
    const session = await open({ cache: { folder: at, limit: 2 ** 30 } });
    const texts = async (query: string): Promise<number> => {
      let most = 0;
      await run(session, query, undefined, (event) => {
        if (event.kind === "progress" && event.unit === undefined) most = Math.max(most, event.documents);
      });
      return most;
    };
    assert.is(await texts(`set cache ${mode}; perfect | take 3 | acts layer 7 last 2`), 3);
    assert.is(await texts(`set cache ${mode}; perfect | take 4 | take 3 | acts layer 7 last 2`), second, mode);
    await session.close();
  }
  assert.equal(segmentsOf(at), []);
});

test("a stopped and a killed run are resumed by another process", async () => {
  const at = folder();
  const query = "memorization | acts layer 7 last 20 | top 20";
  const reference = await once(query, null);
  const session = await open({ engine: { lanes: 1, threads: 1, batch: 4 }, cache: { folder: at, limit: 2 ** 30 } });
  const stop = new AbortController();
  await run(session, query, stop.signal, (event) => {
    if (event.kind === "progress" && event.unit === undefined && event.documents > 60) stop.abort();
  });
  await session.close();
  // The first 50 texts are looked at by the guard, and kept after that.
  const kept = 320 - (await once(query, at)).texts;
  assert.ok(kept > 50 && kept < 320, `${kept} texts were kept`);

  const other = folder();
  const child = spawn(process.execPath, ["--input-type=module", "-e", `
    const { open, run } = await import(${JSON.stringify(new URL("../session/open.ts", import.meta.url).href)});
    const session = await open({ engine: { lanes: 1, threads: 1, batch: 2 }, cache: { folder: ${JSON.stringify(other)}, limit: 1e9 } });
    for (let i = 1; ; i++) { await run(session, "memorization | take " + i * 8 + " | acts layer 7 last 20 | top 20"); console.log(i); }`], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TMPDIR: folder() } });
  let lines = 0;
  await new Promise<void>((resolve) => child.stdout.on("data", (text: Buffer) => {
    lines += text.toString().split("\n").length - 1;
    if (lines >= 3) resolve();
  }));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.on("close", resolve));
  const resumed = await once(query, other);
  assert.ok(resumed.texts <= 320 - 24, `${resumed.texts} texts were run again`);
  assert.is(resumed.bits, reference.bits);
});

test("what `memorize` continued is kept on disk", async () => {
  const at = folder();
  const query = 'csv "kjv/passages.csv" | take 6 | memorize prefix 20 continue 5';
  const first = await once(query, at);
  const second = await once(query, at);
  assert.is(second.texts, 0);
  assert.is(second.bits, first.bits);
});

test("continuations of another length are others, in one session too", async () => {
  const at = folder();
  const query = (continued: number): string => `csv "kjv/passages.csv" | take 4 | memorize prefix 20 continue ${continued}`;
  const session = await open({ cache: { folder: at, limit: 2 ** 30 } });
  await run(session, query(5));
  assert.is(bits((await run(session, query(3))).values), (await once(query(3), null)).bits);
  await session.close();
});

test("the stage `cache` keeps values of every kind over sessions, and token texts with them", async () => {
  for (const query of ["memorization | take 5", QUERY.replaceAll("12", "3"), "sample perfect 3 | acts layer 7 last 4 | top 5", "sample perfect 2 | tokenize", "sample perfect 2 | resid layer 7 last 2"]) {
    const at = folder();
    const first = await once(`${query} | cache name "mine"`, at);
    assert.match(first.notices.join("\n"), /kept on disk \(\d+ bytes\)/);
    for (const { path } of segmentsOf(at).filter(({ path }) => path.includes("spaces"))) unlinkSync(path);
    const second = await once(`${query} | cache name "mine"`, at);
    assert.is(second.bits, first.bits, query);
    assert.is(second.texts, 0, query);
    assert.is(bits(toTable(second.values.at(-1)!)), bits(toTable(first.values.at(-1)!)), query);
  }
});

test("features kept on disk still know the true counts behind them", async () => {
  const at = folder();
  const query = (keep: string): string => `${QUERY.replaceAll("12", "4")} | top 4${keep} | union`;
  const reference = await once(query(""), null);
  assert.is((await once(query(" | cache"), at)).bits, reference.bits);
  const again = await once(query(" | cache"), at);
  assert.is(again.bits, reference.bits);
  assert.is(again.texts, 0);
});

test("a value whose time is over is computed again", async () => {
  const at = folder();
  await once('sample perfect 2 | acts layer 7 last 2 | cache ttl 0.001', at);
  for (const { path } of segmentsOf(at).filter(({ path }) => path.includes("spaces"))) unlinkSync(path);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is((await once('sample perfect 2 | acts layer 7 last 2 | cache ttl 0.001', at)).texts, 2);
});

test("a cache that cannot be used is one note, and the answer is the same", async () => {
  const at = folder({ file: "" });
  const ran = await once(`${QUERY} | stats`, `${at}/file`);
  assert.is(ran.bits, (await once(`${QUERY} | stats`, null)).bits);
  assert.is(ran.notices.filter((text) => /is not a folder; results are not kept on disk/.test(text)).length, 1);
});

test("saeq cache ls, gc, clear; --no-cache", () => {
  const at = folder();
  const env = { SAEQ_CACHE: at };
  const told = (...args: string[]) => saeq(args, { cwd: folder(), env });
  const query = "perfect | take 2 | acts layer 7 last 40 | count";
  assert.is(told("eval", "--no-cache", query).status, 0);
  assert.equal(segmentsOf(at), []);
  assert.is(told("cache", "ls").stdout, "");
  assert.is(told("eval", query).status, 0);
  const held = (JSON.parse(told("cache", "ls", "--format", "json").stdout) as Record<string, unknown>[]).map(({ kind, name, records, files }) => [kind, name, records, files]);
  const texts = "kjv, texts with BOS"; // Each text, and the prompt that it begins with.
  assert.equal(held.sort(([a, b], [c, d]) => (`${a}${b}` < `${c}${d}` ? -1 : 1)), [["activations", "kjv layer 7 resid_post, SAE kjv (saelens)", 2, 1], ["tokens", "facts of a tokenizer", 1, 1], ["tokens", texts, 4, 1]]);
  assert.match(told("cache", "ls").stdout, /activations/);
  assert.match(told("cache", "gc").stderr, /removed 0 files/);
  assert.is(told("cache", "gc", "--limit", "much").status, 2);
  assert.equal(JSON.parse(told("cache", "gc", "--limit", "0", "--format", "json").stdout)[0].left, 0);
  assert.is(told("eval", query).status, 0);
  // What may not be removed, also by root, is no success.
  const { path } = segmentsOf(at)[0]!;
  unlinkSync(path);
  mkdirSync(path);
  const hindered = told("cache", "clear");
  assert.is(hindered.status, 1);
  assert.match(hindered.stderr, /removed 2 files,[^]*1 file of the cache could not be removed \((EISDIR|EPERM)\)/);
  assert.is(told("cache", "gc", "--limit", "0").status, 1);
  rmdirSync(path);
  assert.is(told("eval", query).status, 0);
  assert.match(told("cache", "clear").stderr, /removed 3 files,/);
  assert.equal(segmentsOf(at), []);
  assert.is(saeq(["cache", "ls"], { cwd: at, env: { SAEQ_CACHE: "off" } }).status, 1);
  assert.is(told("cache", "shrink").status, 2);
});

test.run();
