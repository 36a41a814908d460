/** Without this file `explain` could promise one thing and the run do another. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatRows } from "../../runtime/data/write.ts";
import type { TextValue, Value } from "../../runtime/data/frame.ts";
import { MOST_CELLS } from "../../runtime/data/table_limits.ts";
import type { Explanation, Pass, PlanNode } from "../../runtime/planner/explanation.ts";
import { machineWriting, machineSpeed } from "../../runtime/planner/machine.ts";
import type { Engine } from "../../runtime/engine/port.ts";
import type { Work } from "../../runtime/execute/recording.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { bits, folder, open, run } from "../session/open.ts";
import { saeq } from "../tools/saeq.ts";
import { ownFolder } from "../house/own_folder.ts";
import { familyModel } from "../docs/outside_checkpoints.ts";

const QUERY = "sample perfect 6 | acts layer 7 last 50 | top 10";

async function explained(session: Awaited<ReturnType<typeof open>>, query: string): Promise<Explanation> {
  const { values, outcome } = await run(session, query);
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const value = values.at(-1)! as TextValue;
  assert.is(value.kind, "text");
  return value.data as Explanation;
}

function work({ work }: Pass): Work {
  if ("unknown" in work) throw new Error(work.unknown);
  return work;
}

test("texts, tokens and positions are those that are run, and cached ones are told before", async () => {
  const session = await open();
  const [before] = (await explained(session, `${QUERY} | explain`)).passes;
  const counts = (await run(session, "sample perfect 6 | acts layer 7 last 50 | count")).values[0]!;
  assert.equal([work(before!).texts, work(before!).rows, work(before!).known, work(before!).exact], [6, 300, 0, true]);
  assert.ok(counts.kind === "table");
  assert.is(before!.kept, false);
  const [more] = (await explained(session, "sample perfect 9 | acts layer 7 last 50 | top 10 | explain")).passes;
  assert.equal([work(more!).texts, work(more!).known, work(more!).run.texts], [9, 6, 3]);
  await run(session, "sample perfect 9 | acts layer 7 last 50 | top 10");
  const [after] = (await explained(session, "sample perfect 9 | acts layer 7 last 50 | top 10 | explain")).passes;
  assert.ok(after!.kept || work(after!).run.texts === 0);
  // Another question of the same texts.
  const [other] = (await explained(session, "sample perfect 9 | acts layer 7 last 50 | stats | explain")).passes;
  assert.equal([other!.kept, work(other!).known, work(other!).run], [false, 9, { texts: 0, tokens: 0, rows: 0 }]);
  assert.is(other!.predicted!.flops, 0);
  await session.close();
});

test("what texts are continued with is told: prompts, new tokens, and what is kept of them, of an edited model by itself", async () => {
  const session = await open({ measured: false });
  const passOf = async (query: string): Promise<Pass> => (await explained(session, `${query} | explain`)).passes[0]!;
  const drawn = 'prompts "In the beginning", "And" | generate max 6 temperature 1 n 3';
  const before = await passOf(drawn);
  const tokens = (await run(session, 'prompts "In the beginning", "And" | tokenize')).values[0]!;
  const lengths = tokens.kind === "tokens" ? tokens.ids.map(({ length }) => length) : [];
  assert.equal(work(before), { texts: 6, tokens: 3 * (lengths[0]! + lengths[1]!), rows: 36, run: { texts: 6, tokens: 3 * (lengths[0]! + lengths[1]!), rows: 36 }, known: 0, longest: lengths[0]! + 6, mostRows: 6, exact: true, prompts: { texts: 2, tokens: lengths[0]! + lengths[1]! } });
  const { flops, seconds, memory } = before.predicted!;
  assert.equal([before.writes, before.kept, flops, seconds, memory!.batchTexts], [true, false, (work(before).tokens + 36 - 6) * before.flopsPerToken, null, 6]);
  assert.ok(memory!.bytes > 3e8 && memory!.bytes < 1e9);
  assert.equal(before.together, { calls: "all", note: null });
  const hybrid = folder();
  familyModel(hybrid, "qwen3_5_shared", "qwen");
  const apart = (await run(session, `set model ${JSON.stringify(hybrid)}\nprompts "the word" | generate max 2 | explain`)).values[0] as TextValue;
  assert.match(apart.text, /\n {4}prompts are read by length, and then go on together: layer 0 carries a state/);
  assert.not.match(((await run(session, `${drawn} | explain`)).values[0] as TextValue).text, /go on together: /);
  await run(session, drawn);
  assert.is((await passOf(drawn)).kept, true);
  // Three of five are kept; of another model, another draw and greedily, none.
  const more = await passOf(drawn.replace("n 3", "n 5"));
  assert.equal([more.kept, work(more).known, work(more).run.texts, work(more).run.rows], [false, 6, 4, 24]);
  for (const other of [drawn.replace("| generate", "| steer feature 559 scale 2 | generate"), `${drawn} draw 2`, 'prompts "In the beginning", "And" | generate max 6']) assert.is(work(await passOf(other)).known, 0, other);
  const known = 'csv "kjv/passages.csv" | take 4 | memorize prefix 10 continue 3';
  assert.equal([work(await passOf(known)).tokens, work(await passOf(known)).rows], [44, 12]);
  await run(session, known);
  const text = ((await run(session, `${known.replace("take 4", "take 5")} | explain`)).values[0] as TextValue).text;
  assert.match(text, /5 continuations, 55 tokens of prompts, 15 new tokens at most; 4 cached\n +1 of them run: \d+ MFLOP at most in one process\n/);
  const analysed = (await run(session, `${known.replace("continue 3", "continue 4")} | explain analyze`)).values[0] as TextValue;
  assert.match(analysed.text, /4 continuations, 44 tokens of prompts, 16 new tokens at most\n[^]* took [\d.]+ m?s, 60 tokens, \d+ tokens\/s\n/);
  const [first, then] = (await explained(session, 'prompts "In" | generate max 2 of text | generate max 3 of generated_continuation_text | explain')).passes;
  assert.ok([first!, then!].some(({ work: each }) => "unknown" in each && /known once `generate max 2/.test(each.unknown)));
  assert.match(JSON.stringify((await passOf('prompts "In" | memorize prefix 10 continue 5 of text')).work), /the texts cannot be read: the text of row 1/);
  await session.close();
});

test("the same texts twice are read once, and that is said", async () => {
  const session = await open({ measured: false });
  const { values } = await run(session, 'prompts "In the beginning", "In the beginning", "And God said" | acts layer 7 | top 3 | explain');
  const { passes: [pass], gflops } = (values[0] as TextValue).data as Explanation;
  assert.equal([work(pass!).texts, work(pass!).run.texts], [3, 2]);
  assert.match((values[0] as TextValue).text, /3 texts, .*; 1 repeat others\n +2 of them run: \d+ MFLOP in one process\n/);
  assert.is(gflops, null);
  await session.close();
});

test("operations: two for each weight and token, attention over what is seen, all features of wanted positions", async () => {
  const session = await open({ measured: false });
  const { passes: [pass] } = await explained(session, `${QUERY} | explain`);
  const { run: { tokens, texts, rows } } = work(pass!);
  // By its config, not by the graph: 8 blocks up to the hook.
  const config = JSON.parse(readFileSync(join(import.meta.dirname, "../../examples/kjv/model/config.json"), "utf8")) as Record<string, number>;
  const width = config["hidden_size"]!;
  const sae = pass!.places[0]!.sae!;
  const [heads, kvHeads] = [config["num_attention_heads"]!, config["num_key_value_heads"]!];
  const head = config["head_dim"] ?? width / heads;
  assert.is(pass!.flopsPerToken, 2 * 8 * (2 * width * heads * head + 2 * width * kvHeads * head + 3 * width * config["intermediate_size"]!));
  const attention = 4 * (tokens / texts) * heads * head * 8;
  assert.is(Math.round(pass!.predicted!.flops), Math.round(tokens * (pass!.flopsPerToken + attention) + rows * 2 * width * sae.features));
  await session.close();
});

test("tables of tokens and active features are held besides: as many rows as there can be, or as many as are made", async () => {
  const session = await open({ measured: false });
  const of = async (query: string): Promise<Explanation["tables"]> => (await explained(session, `${query} | explain`)).tables;
  const named = "groups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7 last 20 | rows 769, 559";
  const [table] = await of(named);
  assert.equal(table, { stage: "rows 769, 559", columns: 6, rows: 4 * 20 * 2, bytes: 4 * 20 * 2 * 6 * 8 });
  const { values } = await run(session, named);
  const found = values[0]!;
  assert.ok(found.kind === "groups" && found.members.every(({ value }) => value.kind === "table" && value.columns.length === 6));
  assert.ok(found.members.reduce((sum, { value }) => sum + (value.kind === "table" ? value.rows : 0), 0) <= table!.rows!);
  // How many features are active nobody knows before.
  assert.equal(await of("sample perfect 2 | acts layer 7 | rows"), [{ stage: "rows", columns: 6, rows: null, bytes: 8 * MOST_CELLS }]);
  assert.equal(await of("sample perfect 2 | tokenize | rows | take 3"), [{ stage: "rows", columns: 4, rows: null, bytes: 8 * MOST_CELLS }]);
  assert.equal(await of(QUERY), []);
  const text = (await run(session, `${named} | explain`)).values[0] as TextValue;
  assert.match(text.text, /\ntables that are held besides\n {2}rows 769, 559: at most 160 rows of 6 columns, 8 kB of memory\ndevice/);
  await session.close();
});

test("more texts than are looked at are estimated, and said to be", async () => {
  const path = folder({ "many.csv": `text\n${Array.from({ length: 5000 }, (_, i) => `In the beginning ${i % 7 === 0 ? "God created the heaven and the earth" : "was the word"}`).join("\n")}\n` });
  for (const streamBytes of [undefined, 1000]) {
    const session = await open({ readFrom: path, measured: false, ...(streamBytes === undefined ? {} : { streamBytes }) });
    const { values } = await run(session, 'csv "many.csv" | text text | acts layer 7 | stats | explain');
    const { passes: [pass] } = (values[0] as TextValue).data as Explanation;
    const { texts, tokens, exact, run: left } = work(pass!);
    assert.equal([texts, exact], [5000, false], String(streamBytes));
    assert.match((values[0] as TextValue).text, /about 5000 texts/);
    assert.ok(left.texts < texts && left.tokens < tokens);
    await session.close();
  }
});

test("pieces of a large file are told from those of some of its texts", async () => {
  const path = folder({ "many.csv": `text\n${Array.from({ length: 40_000 }, () => "In the beginning was the word").join("\n")}\n` });
  const session = await open({ readFrom: path, measured: false, streamBytes: 1000 });
  const explain = async (stages: string): Promise<readonly [number, boolean]> => {
    const { passes: [pass] } = ((await run(session, `csv "many.csv" | ${stages} | acts layer 7 | stats | explain`)).values[0] as TextValue).data as Explanation;
    const { texts, exact } = work(pass!);
    return [texts, exact];
  };
  const { values } = await run(session, 'csv "many.csv" | take 1 | chunk 3 | count');
  const each = values[0]?.kind === "table" ? Number(values[0].columns[0]!.values[0]) : 0;
  assert.ok(each > 1);
  assert.equal(await explain("chunk 3"), [40_000 * each, false]);
  assert.equal(await explain("take 300 | chunk 3"), [300 * each, true]);
  assert.equal(await explain("chunk 3 | take 300"), [300, true]);
  await session.close();
});

test("what depends on a model that has not run is not guessed", async () => {
  const session = await open({ measured: false });
  const { values } = await run(session, "sample perfect 3 | memorize prefix 10 continue 5 of input_text | acts layer 7 | top 3 | explain");
  assert.match((values[0] as TextValue).text, /how many tokens are read is known once `memorize prefix 10 continue 5 of input_text` has run/);
  await session.close();
});

test("a text that cannot be read is a fact about the pass, not a failure", async () => {
  const path = folder({ "holes.csv": "text,n\nIn the beginning,1\n,2\n" });
  const session = await open({ readFrom: path, measured: false });
  const { values, outcome } = await run(session, 'csv "holes.csv" | text text | acts layer 7 | top 3 | explain');
  assert.is(outcome.exitCode, 0);
  assert.match((values[0] as TextValue).text, /the texts cannot be read: row 2 has no `text`/);
  await session.close();
});

test("explain analyze gives what the query gives to its steps, once, and says what they took", async () => {
  const path = folder();
  const session = await open({ writeTo: path });
  const { values, outcome, events } = await run(session, `${QUERY} | save "top.csv" | explain analyze`);
  assert.is(outcome.exitCode, 0);
  assert.is(events.filter(({ kind }) => kind === "saved").length, 1);
  assert.ok(existsSync(join(path, "top.csv")));
  const { text, data } = values.at(-1) as TextValue;
  const { plan, passes: [pass], actual, gflops } = data as Explanation;
  const steps: PlanNode[] = [];
  const visit = (node: PlanNode): void => void (steps.push(node), node.inputs.forEach(visit));
  visit(plan);
  assert.ok(steps.every((step) => step.actual !== undefined && step.actual.ms >= 0), "every step has its time");
  assert.is(steps.at(-1)!.actual!.rows, 320);
  assert.equal([pass!.actual!.tokens, pass!.actual!.knownTexts, pass!.actual!.rows], [work(pass!).run.tokens, 0, 300]);
  assert.ok(actual!.ms >= steps.reduce((sum, step) => sum + step.actual!.ms, 0) - 1, "no time is counted twice");
  assert.ok(gflops! > 0 && pass!.predicted!.seconds! > 0);
  assert.match(text, /\[\d.*, 320 rows\]/);
  assert.match(text, /took .*tokens\/s, .*GFLOP\/s of \d+ that a bare product reaches/);
  // Once more: nothing is run.
  const again = await explained(session, `${QUERY} | explain analyze`);
  assert.is(again.passes[0]!.kept, true);
  await session.close();
});

// This process holds all tests, so another one is asked; only Linux tells the memory that cannot be dropped.
if (existsSync("/proc/self/status")) {
  test("a query takes no more memory in all its processes than was said", () => {
    const { status, stdout, stderr } = saeq(["explain", "--analyze", "--json", "--seed", "1", "--lanes", "2", "--no-cache", "sample perfect 40 | acts layer 7 | top 5"], { cwd: EXAMPLES });
    assert.is(status, 0, stderr);
    const { passes: [pass], actual } = JSON.parse(stdout) as Explanation;
    const { bytes, processes } = pass!.predicted!.memory!;
    assert.is(processes, 2);
    assert.ok(actual!.peakBytes! > 100e6 && actual!.peakBytes! <= bytes, `${actual!.peakBytes} bytes taken, ${bytes} said`);
  });
}

test("explaining changes nothing of what comes after", async () => {
  const plain = await open();
  const expected = bits((await run(plain, QUERY)).values as readonly Value[]);
  await plain.close();
  for (const word of ["explain", "explain analyze"]) {
    const session = await open();
    await run(session, `${QUERY} | ${word}`);
    assert.is(bits((await run(session, QUERY)).values as readonly Value[]), expected, word);
    await session.close();
  }
});

test("what the stage `cache` kept is known to an explanation in another session", async () => {
  const cache = { folder: ownFolder("saeq-"), limit: 2 ** 30 };
  const texts = "perfect | take 2 | memorize prefix 10 continue 4 of input_text | cache";
  const first = await open({ cache });
  assert.is((await run(first, `${texts} | count`)).outcome.exitCode, 0);
  await first.close();
  const second = await open({ cache, measured: false });
  const { values } = await run(second, `${texts} | acts layer 7 last 2 | top 3 | explain`);
  const [pass] = ((values[0] as TextValue).data as Explanation).passes;
  assert.ok("texts" in pass!.work && pass!.work.texts === 2, JSON.stringify(pass!.work));
  await second.close();
});

test("as JSON it can be read by machines", async () => {
  const session = await open({ measured: false });
  const { values } = await run(session, `${QUERY} | explain`);
  const text = [...formatRows(values[0]!, "json")].join("");
  assert.equal(Object.keys(JSON.parse(text) as object), ["written", "rules", "plan", "passes", "tables", "device", "gflops", "writing"]);
  assert.is([...formatRows(values[0]!, "jsonl")].join("").trimEnd().split("\n").length, 1);
  await session.close();
});

test("a machine is measured once for each figure, and a record that is damaged or older is written anew", async () => {
  const path = ownFolder("saeq-");
  const measured = { speed: 0, writing: 0 };
  const [told, kept] = [{ single: 9.8765, half: 5, tiled: 2, copied: 3, drawn: 0.25 }, { single: 9.88, half: 5, tiled: 2, copied: 3, drawn: 0.25 }];
  const engine = { options: { lanes: 2, threads: 1, batch: null }, speed: async () => ((measured.speed += 1), 12.345), writing: async () => ((measured.writing += 1), told) } as unknown as Engine;
  const asked = async (of = engine, folder = path): Promise<void> => {
    assert.is(await machineSpeed(of, folder), 12.3);
    assert.equal(await machineWriting(of, folder), kept);
  };
  await asked();
  await asked();
  assert.equal(measured, { speed: 1, writing: 1 });
  const other = { ...engine, options: { ...engine.options, lanes: 1 } };
  await asked(other);
  assert.equal(measured, { speed: 2, writing: 2 }, "other processes, other figures");
  await asked();
  await asked(other);
  assert.equal(measured, { speed: 2, writing: 2 }, "both are kept");
  const file = join(path, "machine.json");
  const whole = JSON.parse(readFileSync(file, "utf8")) as { readonly machines: Readonly<Record<string, object>> };
  const name = Object.keys(whole.machines)[0]!;
  const texts = ["", "{", "[]", '{"format":3,"machines":{}}', '{"format":2,"machines":7}', `{"format":2,"machines":{${JSON.stringify(name)}:7}}`, `{"format":1,"gflops":{${JSON.stringify(name)}:99}}`, `{"format":1,"machines":${JSON.stringify(whole.machines)}}`, `{"format":2,"machines":{${JSON.stringify(name)}:{"gflops":"y","writing":{"single":1,"half":2,"tiled":0,"copied":4,"drawn":1}}}}`];
  for (const text of texts) {
    writeFileSync(file, text);
    await asked();
  }
  assert.equal(measured, { speed: 2 + texts.length, writing: 2 + texts.length });
  // One figure of two is there.
  writeFileSync(file, `{"format":2,"machines":{${JSON.stringify(name)}:{"gflops":12.3}}}`);
  await asked();
  assert.equal(measured, { speed: 2 + texts.length, writing: 3 + texts.length });
  await asked(engine, file);
  assert.is(measured.speed, 3 + texts.length, "a folder that is none");
});

test.run();
