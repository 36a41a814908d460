/** Without this file what the model says next could depend on what was computed beside it, before it or elsewhere in a script. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Table } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { draw, drawable } from "../../runtime/kernels/drawing.ts";
import { source } from "../../src/ops/key.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import { modelFolder } from "./checkpoints.ts";
import { bits, folder, open, run } from "./open.ts";

async function table(session: Session, query: string): Promise<Table> {
  const { values, outcome } = await run(session, query);
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const value = values.at(-1);
  if (value?.kind !== "table") throw new Error(`no table but ${value?.kind}`);
  return value;
}

const column = (from: Table, name: string): unknown[] => Array.from({ length: from.rows }, (_, row) => cellAt(columnNamed(from, name), row));

async function alone(query: string, options: Parameters<typeof open>[0] = {}): Promise<Table> {
  const session = await open(options);
  try {
    return await table(session, query);
  } finally {
    await session.close();
  }
}

const PROMPTS = 'prompts "In the beginning God", "And", "The LORD is my shepherd; I shall not", "And it came to pass in those days, that"';
const DRAWN = `${PROMPTS} | generate max 6 temperature 1.1 top_k 200 top_p 0.95 n 3`;

test("the same bits for any batch, lanes and threads", async () => {
  const queries = ["sample non_perfect 6 | logits at all", "sample non_perfect 5 | logits top 4", "sample perfect 3 | logits at continuation of \" the\", \" of\"", `${PROMPTS} | generate max 9`, DRAWN, `${PROMPTS} | generate max 24 temperature 1.1 n 5 stop ",", "."`];
  for (const query of queries) {
    const reference = bits(await alone(query, { engine: { lanes: 1, threads: 1, batch: 3 } }));
    for (const engine of [{ lanes: 1, threads: 2, batch: 1 }, { lanes: 2, threads: 3, batch: 32 }]) assert.equal(bits(await alone(query, { engine })), reference, `${query}, ${JSON.stringify(engine)}`);
  }
});

test("what was drawn does not depend on what is kept, on other lines or on how many are drawn", async () => {
  const cacheFolder = folder();
  const reference = bits(await alone(DRAWN));
  const texts = column(await alone(DRAWN), "generated_continuation_text");
  for (const text of [`set cache disk\n${DRAWN}`, `set cache disk\n${DRAWN}`, `sample perfect 3 | take 1\nlet renamed = ${PROMPTS}\nrenamed | generate max 6 temperature 1.1 top_k 200 top_p 0.95 n 3`]) assert.equal(bits(await alone(text, { cache: { folder: cacheFolder, limit: 2 ** 30 } })), reference, text);
  const more = await alone(DRAWN.replace("n 3", "n 5"));
  assert.equal(column(more, "generated_continuation_text").filter((_, at) => at % 5 < 3), texts, "three of five are those of three");
  assert.equal(column(more, "sample").slice(0, 6), [1, 2, 3, 4, 5, 1]);
  const others = [`${DRAWN} draw 2`, `set seed 43\n${DRAWN}`].map((query) => alone(query));
  for (const other of await Promise.all(others)) assert.is.not(bits(other), reference);
});

test("a token is drawn where the number of its row, copy and step falls among what the model predicts", async () => {
  const session = await open();
  const query = 'prompts "And the king said", "Blessed" | generate max 1 temperature 0.9 top_p 0.97 n 4';
  const written = (await session.check({ name: "t", text: query })).compiled!.pipelines[0]!.written;
  const { op } = source(written);
  if (op.op !== "generate" || op.drawn === null) throw new Error("a stage that draws is one op");
  const drawn = await table(session, query);
  const all = await table(session, 'prompts "And the king said", "Blessed" | logits top 4096 | sort row asc, token_id asc');
  const logits = column(all, "logit") as number[];
  const tokens = column(all, "token") as string[];
  for (let row = 0; row < 2; row++) {
    const from = Float32Array.from(logits.slice(row * 4096, (row + 1) * 4096));
    for (let copy = 0; copy < 4; copy++) {
      const number = seedrandom(JSON.stringify([op.drawn.stream, null, row, copy])).double();
      assert.is(column(drawn, "generated_continuation_text")[row * 4 + copy], tokens[draw(drawable(from, op.drawn), number)]);
    }
  }
  await session.close();
});

test("what is drawn often enough is as frequent as it is likely", async () => {
  const session = await open();
  const drawn = await table(session, 'prompts "And God said, Let there be" | generate max 1 temperature 1 n 2000 | count by generated_continuation_text');
  const likely = await table(session, 'prompts "And God said, Let there be" | logits top 12');
  const counts = new Map(column(drawn, "generated_continuation_text").map((text, at) => [text, column(drawn, "count")[at] as number]));
  column(likely, "token").forEach((token, at) => {
    const probability = column(likely, "probability")[at] as number;
    const deviation = Math.sqrt(2000 * probability * (1 - probability));
    assert.ok(Math.abs((counts.get(token) ?? 0) - 2000 * probability) < 4 * deviation, `${String(token)}: ${counts.get(token)} of 2000 with probability ${probability}`);
  });
  await session.close();
});

test("what is generated greedily is the likeliest token each time, and its surprisal says so", async () => {
  const session = await open();
  const greedy = await table(session, `${PROMPTS} | generate max 1`);
  const likely = await table(session, `${PROMPTS} | logits top 1`);
  assert.equal(column(greedy, "generated_continuation_text"), column(likely, "token"));
  const read = await table(session, `${PROMPTS} | generate max 7 | logits at continuation`);
  assert.is(read.rows, 28);
  assert.equal(column(read, "rank"), new Array(28).fill(1));
  await session.close();
});

test("a text ends at its end, at a text to stop at or where nothing more is asked for, and `ended` says which", async () => {
  const session = await open();
  const stopped = await table(session, `${PROMPTS} | generate max 30 stop ",", " God"`);
  column(stopped, "generated_continuation_text").forEach((text, at) => {
    const found = /,| God/.exec(String(text));
    assert.is(column(stopped, "ended")[at], found === null ? "max" : "stop", String(text));
    if (found !== null) assert.ok(found.index + found[0].length >= String(text).length - 8, `nothing comes behind the token that completes it: ${String(text)}`);
    else assert.is(column(stopped, "generated_tokens")[at], 30);
  });
  await session.close();
});

test("tokens that are generated are those that `acts` reads, and other columns come along for each copy", async () => {
  const session = await open();
  const query = 'prompts "In the beg", "And the LORDx" | derive n = len(text), prompt = "x" | generate max 5 temperature 1.5 n 2';
  const made = await table(session, query);
  assert.equal(made.columns.map(({ name }) => name), ["n", "prompt", "input_text", "generated_continuation_text", "sample", "generated_tokens", "ended"]);
  assert.equal(column(made, "n"), [10, 10, 13, 13]);
  const { values } = await run(session, `${query} | tokenize`);
  const [tokens] = values;
  if (tokens?.kind !== "tokens") throw new Error("tokens are made");
  tokens.ids.forEach((ids, row) => assert.is(ids.length - tokens.boundary![row]!, 5));
  await session.close();
});

const { ends, texts } = JSON.parse(readFileSync(new URL("../parity/fixtures/predictions.json", import.meta.url), "utf8")) as { readonly ends: readonly number[]; readonly texts: readonly { readonly text: string; readonly next: readonly number[] }[] };

test("texts end at the tokens that generation_config.json names, where transformers ends them, and those are no part of what was written", async () => {
  const model = modelFolder({});
  const session = await open();
  const query = `set model "${model}"\nprompts ${texts.map(({ text }) => JSON.stringify(text)).join(", ")} | generate max 24`;
  const before = column(await table(session, query), "generated_tokens");
  await session.close();
  writeFileSync(join(model, "generation_config.json"), JSON.stringify({ eos_token_id: ends }));
  const made = await alone(query);
  const ended = texts.map(({ next }) => ends.includes(next.at(-1)!));
  assert.equal(column(made, "ended"), ended.map((end) => (end ? "end" : "max")));
  assert.equal(column(made, "generated_tokens"), texts.map(({ next }, at) => next.length - Number(ended[at])));
  assert.is.not(String(before), String(column(made, "generated_tokens")), "the config names another one");
  for (const text of column(made, "generated_continuation_text")) assert.not.match(String(text), /[.:]/);
});

test("groups stay groups, a text of one token predicts none that came, and an empty one is predicted from its beginning", async () => {
  const session = await open();
  const grouped = await run(session, 'groups a = (prompts "And"), b = (prompts "Go") | logits top 2 | ungroup');
  const [value] = grouped.values;
  assert.equal(value?.kind === "table" ? column(value, "group") : null, ["a", "a", "b", "b"]);
  const drawn = await table(session, 'groups a = (prompts "And", "And"), b = (prompts "And", "And") | generate max 8 temperature 1.5 | ungroup');
  assert.is(new Set(column(drawn, "generated_continuation_text")).size, 4, "rows and groups draw numbers of their own");
  assert.is((await table(session, 'set bos false\nprompts "\u0001" | logits at all')).rows <= 3, true);
  assert.is((await table(session, 'set bos true\nprompts "" | logits at all')).rows, 0);
  assert.is((await table(session, 'set bos true\nprompts "" | logits top 3')).rows, 3);
  assert.equal((await run(session, 'set bos false\nprompts "" | generate max 2')).codes, ["missing-text"]);
  await session.close();
});

test("what cannot be asked is told", async () => {
  const session = await open();
  const codes: readonly (readonly [string, string])[] = [
    ['prompts "And" | logits of " Nebuchadnezzar and"', "not-one-token"],
    ['prompts "And" | logits ids 4096', "not-one-token"],
    ['prompts "And" | logits top 3 of " the"', "wrong-argument"],
    ['prompts "And" | logits special', "wrong-argument"],
    ['prompts "And" | generate max 5 temperature -0.5', "out-of-range"],
    ['prompts "And" | generate max 5 temperature 1 top_p 1.5', "out-of-range"],
    ['prompts "And" | generate max 5 top_k 3', "missing-argument"],
    ['prompts "And" | generate max 511', "text-too-long"],
    ['prompts "And" | generate max 512', "text-too-long"],
    ["sample perfect 2 | generate max 5", "missing-argument"],
    ["sample perfect 2 | generate max 5 of matching_tokens", "wrong-type"],
    ["sample perfect 2 | generate max 5 of nothing", "unknown-column"],
    ["sample perfect 2 | select matching_tokens | generate max 5", "no-text"],
  ];
  for (const [query, code] of codes) assert.equal((await run(session, query)).codes, [code], query);
  await session.close();
});

test.run();
