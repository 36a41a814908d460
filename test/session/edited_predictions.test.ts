/** Without this file an edited model could read as it should, and predict and write as if nothing had been done to it. */
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Groups, Table, TextValue, Value } from "../../runtime/data/frame.ts";
import { cellAt, columnNamed } from "../../runtime/data/table.ts";
import { draw, drawable } from "../../runtime/kernels/drawing.ts";
import type { Explanation, PlanNode } from "../../runtime/planner/explanation.ts";
import { headerOf } from "../../runtime/session/header.ts";
import type { Session } from "../../runtime/session/session_port.ts";
import { key, source, textKey } from "../../src/ops/key.ts";
import type { Plan } from "../../src/ops/op.ts";
import { bits, folder, open, run } from "./open.ts";

const P = 'prompts "In the beginning God", "And the king said", "Blessed"';
const STEERED = `${P} | steer feature 559 scale 9`;
/** So little that no token is another one. */
const HARDLY = `${P} | steer feature 559 scale 0.000001`;
const DRAWN = "generate max 5 temperature 1.2 top_p 0.98 n 2";

async function valuesOf(text: string, options: Parameters<typeof open>[0] = {}): Promise<readonly Value[]> {
  const session = await open(options);
  const { values, outcome } = await run(session, text);
  await session.close();
  assert.is(outcome.exitCode, 0, `${text}: ${JSON.stringify(outcome.diagnostics)}`);
  return values;
}

/** One engine for all; nothing is kept, so that what is equal was computed twice. */
let session: Session;
test.before(async () => void (session = await open({ measured: false })));
test.after(() => session.close());

async function fresh(text: string): Promise<Value | undefined> {
  const { values, outcome } = await run(session, `set cache off\n${text}`);
  assert.is(outcome.exitCode, 0, `${text}: ${JSON.stringify(outcome.diagnostics)}`);
  return values.at(-1);
}

async function tableOf(text: string): Promise<Table> {
  const value = await fresh(text);
  if (value?.kind !== "table") throw new Error(`no table but ${value?.kind}`);
  return value;
}

async function groupsOf(text: string): Promise<readonly Table[]> {
  const value = await fresh(text);
  if (value?.kind !== "groups") throw new Error(`no groups but ${value?.kind}`);
  return (value as Groups<Table>).members.map((member) => member.value);
}

const column = (table: Table, name: string): readonly unknown[] => Array.from({ length: table.rows }, (_, row) => cellAt(columnNamed(table, name), row));
const cells = (table: Table): readonly unknown[] => table.columns.map(({ name }) => [name, column(table, name)]);
const written = (table: Table): readonly unknown[] => column(table, "generated_continuation_text");

test("what an edited model writes is the likeliest for it, and for the model as it is it is not", async () => {
  const ranks = async (rest: string): Promise<readonly unknown[]> => column(await tableOf(`${STEERED} | generate max 7 | ${rest}logits at continuation`), "rank");
  assert.equal(await ranks(""), new Array(21).fill(1));
  assert.ok((await ranks("unedited | ")).some((rank) => rank !== 1));
  const likely = await tableOf(`${STEERED} | logits top 1`);
  assert.equal(written(await tableOf(`${STEERED} | generate max 1`)), column(likely, "token"));
  assert.not.equal(column(await tableOf(`${P} | logits top 1`), "logit"), column(likely, "logit"));
});

test("a token of an edited model is drawn among what that model predicts", async () => {
  const query = `${STEERED} | generate max 1 temperature 0.9 top_p 0.97 n 3`;
  const { op } = source((await session.check({ name: "t", text: query })).compiled!.pipelines[0]!.written);
  if (op.op !== "generate" || op.drawn === null) throw new Error("a stage that draws is one op");
  const drawn = await tableOf(query);
  const all = await tableOf(`${STEERED} | logits top 4096 | sort row asc, token_id asc`);
  const [logits, tokens] = [column(all, "logit") as number[], column(all, "token") as string[]];
  for (let at = 0; at < drawn.rows; at++) {
    const row = Math.floor(at / 3);
    const number = seedrandom(JSON.stringify([op.drawn.stream, null, row, at % 3])).double();
    assert.is(written(drawn)[at], tokens[draw(drawable(Float32Array.from(logits.slice(row * 4096, (row + 1) * 4096)), op.drawn), number)]);
  }
});

test("groups whose models differ predict and write as each does alone, and each is named", async () => {
  for (const stage of ["logits top 3", "logits at all", "generate max 6", DRAWN, "memorize prefix 1 continue 1 of text"]) {
    const groups = await groupsOf(`groups plain = (${P}), steered = (${STEERED}), held = (${P} | steer feature 769 to 4) | ${stage}`);
    for (const [at, query] of [P, STEERED, `${P} | steer feature 769 to 4`].entries()) assert.equal(cells(groups[at]!), cells(await tableOf(`${query} | ${stage}`)), `${query} | ${stage}`);
    if (!stage.startsWith("memorize")) assert.not.equal(cells(groups[0]!), cells(groups[1]!), stage);
    const header = headerOf({ kind: "groups", members: groups.map((value, at) => ({ name: String(at), value })) }, "float32 on CPU");
    assert.match(header, "model kjv edited by group (unedited; steer feature 559 layer 7 scale 9; steer feature 769 layer 7 to 4)");
    assert.match(headerOf(groups[1]!, "float32 on CPU"), "model kjv edited (steer feature 559 layer 7 scale 9), float32 on CPU");
  }
});

test("the same rows are drawn behind by the same numbers, whatever is done to the model and whatever stands between", async () => {
  for (const between of ["", "where len(text) > 8 | ", "derive n = row() | sort n desc | ", "select text | take 2 | ", `join (${P} | derive kept = true) on text | `]) {
    const [plain, hardly] = await groupsOf(`groups plain = (${P}), hardly = (${HARDLY}) | ${between}${DRAWN}`);
    assert.equal(written(hardly!), written(plain!), between);
    assert.equal(written(await tableOf(`${HARDLY} | ${between}${DRAWN}`)), written(plain!), `${between}alone`);
    assert.equal(written(await tableOf(`${P} | ${between}${DRAWN}`)), written(plain!), `${between}as it is`);
  }
  const [first, second] = await groupsOf(`groups a = (${P}), b = (${P} | skip 0), c = (${STEERED}) | where len(text) > 8 | ${DRAWN}`);
  assert.not.equal(written(first!), written(second!), "rows that are said otherwise draw numbers of their own");
});

test("predictions and continuations of edited models have the same bits for any batch, lanes and threads", async () => {
  for (const query of [`${STEERED} | logits at all`, `${STEERED} | ablate feature 769 | logits of " the", " is"`, `${STEERED} | generate max 6`, `${STEERED} | ${DRAWN}`]) {
    const reference = bits((await valuesOf(query, { engine: { lanes: 1, threads: 1, batch: 3 } })).at(-1));
    for (const engine of [{ lanes: 1, threads: 2, batch: 1 }, { lanes: 2, threads: 3, batch: 32 }]) assert.is(bits((await valuesOf(query, { engine })).at(-1)), reference, `${query}, ${JSON.stringify(engine)}`);
  }
});

test("what one model wrote is never taken for what another one writes, in one session and from the disk", async () => {
  const cache = { folder: folder(), limit: 2 ** 30 };
  const starts = [P, STEERED, `${P} | steer feature 559 scale 9.5`, `${P} | steer feature 559 scale 9 special`, `${P} | steer feature 559 to 9`, `${P} | ablate feature 559`, `${STEERED} | unedited`];
  const stages = ["generate max 6", DRAWN, "memorize prefix 1 continue 1 of text"];
  const text = starts.flatMap((start) => stages.map((stage) => `${start} | ${stage}`)).join("\n");
  const bare = await valuesOf(`set cache off\n${text}`);
  const [first, again] = [await valuesOf(text, { cache }), await valuesOf(text, { cache })];
  assert.equal(first.map(bits), bare.map(bits));
  assert.equal(again.map(bits), bare.map(bits));
  const greedy = starts.map((_, at) => JSON.stringify(written(first[at * stages.length] as Table)));
  assert.is(greedy[6], greedy[0]);
  assert.is.not(greedy[1], greedy[0]);
});

test("an edit that predictions or continuations depend on is read, and one that stands behind what is asked is told", async () => {
  const told = async (text: string): Promise<readonly string[]> => (await session.check({ name: "t", text })).diagnostics.map(({ code }) => code);
  for (const stage of ["logits top 2", "logits at all | count", "generate max 2", "memorize prefix 1 continue 1 of text"]) assert.equal(await told(`${STEERED} | ${stage}`), [], stage);
  assert.equal(await told(`groups a = (${P}), b = (${STEERED}) | logits top 2 | count`), []);
  assert.equal(await told(`${STEERED} | count`), ["unread-edit"]);
  // What was predicted is figures: they are read by no model.
  assert.equal(await told(`${P} | logits top 2 | ablate feature 3 | count`), ["unread-edit"]);
});

test("explain tells the pass behind predictions of an edited model, and which group is read", async () => {
  const explained = async (text: string): Promise<{ readonly text: string; readonly data: Explanation }> => {
    const { values, outcome } = await run(session, `${text} | explain`);
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    const value = values[0] as TextValue;
    return { text: value.text, data: value.data as Explanation };
  };
  const [plain, edited] = [await explained(`${P} | logits top 2`), await explained(`${STEERED} | logits top 2`)];
  assert.match(edited.text, /logits of kjv: .*; edited: steer feature 559 layer 7 scale 9/);
  const [before, after] = [plain.data.passes[0]!, edited.data.passes[0]!];
  assert.ok(after.mappedBytes > before.mappedBytes && after.operators > before.operators, "the SAE's columns are read too");
  assert.equal(after.work, before.work);
  const groups = await explained(`groups plain = (${P}), with_more = (${STEERED}) | where len(text) > 3 | logits top 2`);
  assert.match(groups.text, /member plain .*\n[^]*member with_more /);
  const ops = ({ op, inputs }: PlanNode): readonly string[] => [op, ...inputs.flatMap(ops)];
  assert.equal(ops(groups.data.plan).filter((op) => op.startsWith("member")), ["member plain", "member with_more"]);
});

test("a sample of what an edited model wrote follows the script, and not the bytes of its SAE", async () => {
  for (const stage of ["generate max 3", "memorize prefix 1 continue 1 of text", "logits top 2", "acts layer 7 | rows 3"]) {
    const plan = (await session.check({ name: "t", text: `${STEERED} | ${stage}` })).compiled!.pipelines[0]!.written;
    const other = JSON.parse(JSON.stringify(plan), (name, value: unknown) => (name === "edits" && Array.isArray(value) ? value.map((edit: { readonly sae: object }) => ({ ...edit, sae: { ...edit.sae, digest: "of other bytes" } })) : value)) as Plan;
    assert.is(textKey(other), textKey(plan), stage);
    assert.is.not(key(other), key(plan), stage);
  }
});

test.run();
