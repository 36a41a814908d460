/** Without this file edits could be lost on the way to the model, or reach one that they were not meant for. */
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { Table, Value } from "../../runtime/data/frame.ts";
import { usedBy } from "../../runtime/record/used.ts";
import { headerOf } from "../../runtime/session/header.ts";
import { RULES } from "../../src/optimize/rules.ts";
import { plansOf } from "../../src/lint/plans.ts";
import type { Schema } from "../../src/ops/schema.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { wrongSae } from "../guard/wrong_sae.ts";
import { saeFolder } from "./checkpoints.ts";
import { bits, folder, open, run } from "./open.ts";

const P = "sample perfect 4";
const ABLATED = `${P} | ablate feature 769`;

async function schemaOf(text: string): Promise<Schema> {
  const session = await open();
  const { compiled, diagnostics } = await session.check({ name: "edits", text });
  await session.close();
  assert.equal(diagnostics.filter(({ severity }) => severity === "error"), [], text);
  return compiled!.pipelines.at(-1)!.written.schema;
}

/** The last value of a query. */
async function value(text: string, options: Parameters<typeof open>[0] = {}): Promise<Value> {
  const session = await open(options);
  const { values, outcome } = await run(session, text);
  await session.close();
  assert.is(outcome.exitCode, 0, `${text}: ${JSON.stringify(outcome.diagnostics)}`);
  return values.at(-1)!;
}

const column = (table: Value, name: string): readonly unknown[] => Array.from((table as Table).columns.find((each) => each.name === name)!.values as ArrayLike<unknown>);

/** What is made of rows and is no texts any more, and what the model says of them: their edits end there. */
const SUMS = ["agg", "count", "describe", "stats", "compare", "overlap", "union", "diff", "logits", "similar", "promotes"];

test("every stage that makes a table of a table passes the edits on, or sums it up", async () => {
  const session = await open();
  const carried: string[] = [];
  for (const { name, input, examples } of STAGES) {
    if (!input.includes("table")) continue;
    const calls = examples.flatMap(({ query }) => parse(query).script.statements.flatMap((statement) => (statement.kind === "pipelineStatement" ? statement.pipeline.stages.map(({ span }) => query.slice(span.start, span.end)) : [])));
    // Examples may name their input first.
    const call = name === "sample" ? "sample 2" : calls.find((text) => text.split(/\s/)[0] === name);
    if (call === undefined || name === "unedited") continue;
    for (const start of [ABLATED, `groups a = (${ABLATED}), b = (${ABLATED})`]) {
      const { compiled, diagnostics } = await session.check({ name, text: `${start} | ${call}` });
      const made = compiled?.pipelines.at(-1)?.written.schema;
      if (made === undefined || made.kind !== "table" || diagnostics.some(({ severity }) => severity === "error")) continue;
      if (SUMS.includes(name)) {
        assert.is(made.edits, undefined, name);
        continue;
      }
      carried.push(name);
      const count = name === "ablate" || name === "steer" ? 2 : 1;
      assert.is(made.edits?.length, count, `${start} | ${call}`);
      assert.equal(made.edits![0]!.features, [769]);
    }
  }
  await session.close();
  for (const name of ["where", "select", "derive", "sort", "take", "skip", "distinct", "rename", "drop", "sample", "join", "group", "split", "ungroup", "tee", "save", "cache", "show", "ablate", "steer"]) assert.ok(carried.includes(name), `${name} was tried`);
});

test("what was read has no edits any more, and what an edited model wrote is read by it too, until that is taken back", async () => {
  assert.is((await schemaOf(`${ABLATED} | acts layer 7`)).edits, undefined);
  assert.is((await schemaOf(`${ABLATED} | resid layer 7`)).edits, undefined);
  assert.is((await schemaOf(`${ABLATED} | acts layer 7 | top 3`)).edits, undefined);
  assert.is((await schemaOf(`${ABLATED} | tokenize`)).edits?.length, 1);
  const written = `csv "kjv/passages.csv" | take 2 | ablate feature 769 | memorize prefix 20 continue 4`;
  assert.is((await schemaOf(written)).edits?.length, 1);
  assert.is((await schemaOf(`${written} | unedited`)).edits, undefined);
  const [edited, plain] = [await value(`${written} | acts layer 7 | stats`), await value(`${written} | unedited | acts layer 7 | stats`)];
  assert.not.equal(column(edited, "mean_active"), column(plain, "mean_active"));
});

test("edits stand in the order in which the model comes by them, and at one place in that of the pipeline", async () => {
  const order = async (text: string): Promise<unknown> => (await schemaOf(text)).edits!.map(({ features, how, value: amount }) => [features[0], how, amount]);
  assert.equal(await order(`${P} | steer feature 3 scale 2 | ablate feature 9 | steer feature 5 to 1.5`), [[3, "add", 2], [9, "set", 0], [5, "set", 1.5]]);
});

test("groups whose models differ are each read by their own", async () => {
  const table = await value(`groups plain = (${P}), ablated = (${ABLATED}), steered = (${P} | steer feature 769 scale 5) | acts layer 7 last 20 | stats`);
  assert.equal(column(table, "group"), ["plain", "ablated", "steered"]);
  for (const [row, query] of [P, ABLATED, `${P} | steer feature 769 scale 5`].entries()) {
    const alone = await value(`${query} | acts layer 7 last 20 | stats`);
    for (const name of ["l0_mean", "mean_active", "max"]) assert.is(column(alone, name)[0], column(table, name)[row], `${query}: ${name}`);
  }
  const [plain, ablated] = column(table, "mean_active");
  assert.is.not(plain, ablated);
});

test("before and after in one line: compare, diff, union, overlap, contexts, decode, rows and files take such groups", async () => {
  const groups = `groups plain = (${P}), ablated = (${ABLATED})`;
  const diff = await value(`${groups} | where matching_tokens >= 0 | sample 3 each | derive n = row() | acts layer 7 last 20 | top 5 | diff`);
  const at = column(diff, "feature").indexOf(769);
  assert.ok((column(diff, "plain")[at] as number) > 4 * (column(diff, "ablated")[at] as number));
  for (const rest of ["compare", "top 3 | union", "top 3 | overlap", "contexts 769 k 1", "decode", "rows 769 | count", "hist l0", 'save "both.csv"', "count"]) await value(`${groups} | acts layer 7 last 20 | ${rest}`);
  for (const rest of ["resid layer 7 | encode | stats", "tokenize | acts layer 7 | stats", "tee (count) | acts layer 7 | stats", "memorize prefix 10 continue 4 of input_text | select matching_tokens | count"]) await value(`${groups} | ${rest}`);
  assert.equal(bits(await value(`${groups} | resid layer 7 last 9 | encode | top 4`)), bits(await value(`${groups} | acts layer 7 last 9 | top 4`)));
});

test("rows of models that are edited otherwise are not put into one table", async () => {
  const session = await open();
  const codes = async (text: string): Promise<readonly string[]> => (await session.check({ name: "edits", text })).diagnostics.map(({ code }) => code);
  assert.equal(await codes(`groups a = (${P}), b = (${ABLATED}) | ungroup | acts layer 7 | count`), ["unlike-edits"]);
  assert.equal(await codes(`concat (${P}), (${ABLATED}) | acts layer 7 | count`), ["unlike-edits"]);
  assert.equal(await codes(`concat (${ABLATED}), (${ABLATED}) | acts layer 7 | count`), []);
  assert.equal(await codes(`${P} | join (${ABLATED} | select input_text) on input_text | acts layer 7 | count`), ["unlike-edits"]);
  // What stands beside the rows of an edited model may come from anywhere.
  assert.equal(await codes(`${ABLATED} | join (memorization | count by matching_tokens) on matching_tokens | acts layer 7 | count`), []);
  await session.close();
});

test("a plan and its like without edits never stand for one another, in one session and from the disk", async () => {
  const place = folder();
  const text = `let p = ${P}\nlet e = p | ablate feature 769\np | acts layer 7 last 9 | top 5\ne | acts layer 7 last 9 | top 5\ne | resid layer 8 last 2\np | resid layer 8 last 2\np | acts layer 7 last 9 | top 5`;
  const once = async (cache: boolean): Promise<readonly string[]> => {
    const session = await open(cache ? { cache: { folder: place, limit: 1e9 } } : {});
    const { values, outcome } = await run(session, cache ? text : `set cache off\n${text}`);
    await session.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    return values.map(bits);
  };
  const [first, again, bare] = [await once(true), await once(true), await once(false)];
  assert.equal(again, first);
  assert.equal(bare, first);
  assert.is(first[4], first[0]);
  assert.is.not(first[1], first[0]);
  assert.is.not(first[2], first[3]);
});

test("the same bits for any batch, lanes, threads and rules, and a sample is the same with edits and without", async () => {
  for (const query of [`${ABLATED} | steer feature 559 to 3 | acts layer 7 last 20`, `${P} | steer feature 559, 821 scale 4 special | resid layer 9`, `${ABLATED} | memorize prefix 10 continue 6 of input_text`]) {
    const reference = bits(await value(query, { engine: { lanes: 1, threads: 1, batch: 1 } }));
    for (const engine of [{ lanes: 1, threads: 2, batch: 7 }, { lanes: 2, threads: 3 }]) assert.is(bits(await value(query, { engine })), reference, `${query}, ${JSON.stringify(engine)}`);
    for (let taken = 0; taken <= RULES.length; taken += 3) assert.is(bits(await value(query, { rules: RULES.slice(0, taken) })), reference, `${query}, ${taken} rules`);
    assert.is(bits(await value(`set cache residuals\nset encode screened\n${query}`)), reference, query);
  }
  const rows = async (text: string): Promise<readonly unknown[]> => column(await value(text), "input_text");
  assert.equal(await rows("perfect | ablate feature 769 | sample 3"), await rows("perfect | sample 3"));
});

test("an edit that nothing reads is told, and the rest runs", async () => {
  const session = await open();
  const told = async (text: string): Promise<readonly string[]> => (await run(session, text)).outcome.diagnostics.map(({ code, severity }) => `${severity} ${code}`);
  assert.equal(await told(`${ABLATED} | count`), ["warning unread-edit"]);
  assert.equal(await told(`${ABLATED} | resid layer 3 | describe`), ["warning unread-edit"]);
  assert.equal(await told(`${ABLATED} | resid layer 7 hook mlp_out | describe`), ["warning unread-edit"]);
  assert.equal(await told(`${ABLATED} | resid layer 3, 8 | describe`), []);
  const many = Array.from({ length: 12 }, () => `${ABLATED} | count`).join("\n");
  assert.ok((await told(`${many}\nperfect | tak 2`)).includes("error unknown-stage"), "warnings hide no mistake");
  assert.equal(await told(`let e = ${ABLATED}\ne | acts layer 7 | count`), []);
  assert.equal(await told(`let e = ${ABLATED}\ne | unedited | acts layer 7 | count`), [], "what is taken back is not forgotten");
  assert.equal(await told(`${ABLATED} | unedited | ablate feature 3 | count`), ["warning unread-edit"]);
  await session.close();
  // Before the edited place the model is as it is, to the bit.
  assert.is(bits((await value(`${ABLATED} | resid layer 3 last 2`) as unknown as { readonly taps: unknown }).taps), bits((await value(`${P} | resid layer 3 last 2`) as unknown as { readonly taps: unknown }).taps));
});

test("headers, plans and records say what was done to the model", async () => {
  const [one, groups] = [await value(`${ABLATED} | acts layer 7 last 5 | top 3`), await value(`groups a = (${P}), b = (${P} | steer feature 3 scale 2 | steer feature 9 to 1 special) | acts layer 7 last 5 | stats`)];
  assert.match(headerOf(one, "float32 on CPU"), "model kjv edited (ablate feature 769 layer 7), float32 on CPU");
  assert.match(headerOf(groups, "float32 on CPU"), "model kjv edited by group (unedited; steer feature 3 layer 7 scale 2, then steer feature 9 layer 7 to 1 special), float32 on CPU");
  const session = await open();
  const explained = (await run(session, `${ABLATED} | resid layer 8 last 5 | explain`)).values[0] as Value & { readonly kind: "text" };
  assert.match(explained.text, /edited: ablate feature 769 layer 7/);
  const { compiled } = await session.check({ name: "edits", text: `${ABLATED} | resid layer 8` });
  assert.equal([...usedBy(plansOf(compiled!)).saes.keys()], ["kjv"], "an SAE that only edits is an input");
  await session.close();
});

test("numbers may be params, and arguments are checked like any others", async () => {
  assert.equal((await schemaOf(`param f: int = 12\nparam s: float = 2.5\nparam l: int = 7\n${P} | steer feature $f, 3 layer $l scale $s`)).edits, (await schemaOf(`${P} | steer feature 3, 12 layer 7 scale 2.5`)).edits);
  assert.is((await schemaOf(`${P} | steer feature 3 scale -1e1`)).edits![0]!.value, -10);
  const session = await open();
  const codes = async (text: string): Promise<readonly string[]> => (await session.check({ name: "edits", text: `${P} | ${text} | acts layer 7 | count` })).diagnostics.map(({ code }) => code);
  for (const [text, code] of [
    ["ablate feature 1536", "out-of-range"],
    ["ablate feature 3, 3", "wrong-argument"],
    ["ablate feature 3 layer 6", "hook-mismatch"],
    ["ablate feature 3 layer 70", "layer-beyond-model"],
    ["ablate feature 3 hook mlp_out", "hook-mismatch"],
    ["ablate feature 3 hook ln1_normalized", "wrong-argument"],
    ["steer feature 3", "missing-argument"],
    ["steer feature 3 scale 1 to 2", "wrong-argument"],
    ["steer feature 3 scale much", "wrong-argument"],
    ["ablate layer 7", "missing-argument"],
    ["unedited", "wrong-argument"],
  ] as const) assert.equal(await codes(text), [code], text);
  await session.close();
});

test("a line of the REPL goes on from the last result with what was done to its model, and does nothing again", async () => {
  const writeTo = folder();
  const session = await open({ interactive: true, writeTo });
  const first = await run(session, `${P} | ablate feature 769 | save "rows.csv"`);
  assert.equal(first.codes, ["unread-edit"]);
  rmSync(join(writeTo, "rows.csv"));
  const { values } = await run(session, "| steer feature 559 to 2 | acts layer 7 last 9 | top 3");
  assert.match(headerOf(values.at(-1)!, ""), "edited (ablate feature 769 layer 7, then steer feature 559 layer 7 to 2)");
  assert.not.ok(existsSync(join(writeTo, "rows.csv")));
  await session.close();
});

test("an SAE of another layer or hook edits there, and of several SAEs the layer says which", async () => {
  const [early, late, mlp] = [saeFolder({ hook: "blocks.0.hook_resid_pre" }), saeFolder({ hook: "blocks.9.hook_resid_post" }), saeFolder({ hook: "blocks.3.hook_mlp_out" })];
  const set = `set guard off\nset sae "kjv", "${early}", "${late}", "${mlp}"\n`;
  const session = await open();
  const unsaid = await session.check({ name: "edits", text: `${set}${P} | ablate feature 3 | acts layer 7 | count` });
  assert.equal(unsaid.diagnostics.map(({ code }) => code), ["missing-argument"]);
  const far = await session.check({ name: "edits", text: `${set}${P} | ablate feature 100 layer 0 | acts layer 7 | count` });
  assert.equal(far.diagnostics.map(({ code }) => code), ["out-of-range"], "of the SAE of this layer, not of the widest");
  await session.close();
  const last = `resid layer 9 last 1`;
  const all = new Set<string>();
  for (const edit of ["", "| steer feature 3 layer 0 scale 9", "| steer feature 3 layer 9 scale 9", "| steer feature 3 layer 3 scale 9", "| steer feature 3 layer 3 to 9 | ablate feature 3 layer 0 | ablate feature 769 layer 7"]) all.add(bits((await value(`${set}${P} ${edit} | ${last}`) as unknown as { readonly taps: unknown }).taps));
  assert.is(all.size, 5);
  await value(`${set}csv "kjv/passages.csv" | take 1 | steer feature 3 layer 9 scale 9 | memorize prefix 10 continue 4`);
});

test("an SAE that cannot write where it reads is refused, and so are weights that are no numbers", async () => {
  const transcoder = saeFolder({ hook: "blocks.7.mlp.hook_in", change: (_, config) => Object.assign(config, { architecture: "jumprelu_transcoder", d_out: 192, metadata: { ...(config["metadata"] as object), hook_name_out: "blocks.7.hook_mlp_out" } }) });
  const norm = saeFolder({ hook: "blocks.7.ln2.hook_normalized" });
  const broken = saeFolder({ change: ({ W_dec }) => void ((W_dec!.values as Float32Array)[5] = Number.NaN) });
  const codes = async (sae: string, rest: string): Promise<readonly string[]> => {
    const session = await open();
    const ran = await run(session, `set guard off\nset sae "${sae}"\n${P} | ${rest}`);
    await session.close();
    return ran.codes;
  };
  assert.equal(await codes(transcoder, "ablate feature 3 | resid layer 8 | count"), ["unsupported-sae"]);
  assert.equal(await codes(norm, "ablate feature 3 | resid layer 8 | count"), ["wrong-argument"]);
  assert.equal(await codes(broken, "acts layer 7 | count"), [], "nobody decodes");
  assert.equal(await codes(broken, "ablate feature 3 | resid layer 8 | describe"), ["nonfinite-weights"]);
  for (const rest of ["memorize prefix 10 continue 2 of input_text", "logits", "generate max 2 of input_text"]) assert.equal(await codes(broken, `ablate feature 3 | ${rest}`), ["nonfinite-weights"], rest);
});

test("SAEs of an edited pass are held against the model as it is: a wrong one is told, and a stream that is far off on purpose is not", async () => {
  const wrong = wrongSae();
  const texts = "memorization | take 24";
  for (const rest of ["ablate feature 3 | acts layer 7 | top 3", "ablate feature 3 | resid layer 8 last 1", "ablate feature 3 | memorize prefix 49 continue 1 of input_text", "ablate feature 3 | logits", "ablate feature 3 | generate max 1 of input_text"]) {
    const session = await open();
    assert.equal((await run(session, `set sae "${wrong}"\n${texts} | ${rest}`)).codes, ["guard-failed"], rest);
    await session.close();
  }
  await value(`${texts} | steer feature 769 to 2000 special | acts layer 7 | stats`);
});

test("texts of a large file are read by an edited model as they come", async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i},In the beginning God created the heaven and the earth ${i}`);
  const text = `csv "t.csv" | ablate feature 769 | where id >= 5 | acts layer 7 last 9 | stats`;
  const readFrom = folder({ "t.csv": `id,text\n${rows.join("\n")}\n` });
  cpSync(join(EXAMPLES, "kjv"), join(readFrom, "kjv"), { recursive: true });
  const held = await value(text, { readFrom });
  assert.is(bits(await value(text, { readFrom, streamBytes: 100 })), bits(held));
});

test.run();
