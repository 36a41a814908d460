/** Without this file nobody would know that the user's own line runs as typed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Value } from "../../runtime/data/frame.ts";
import { cellAt } from "../../runtime/data/table.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder, open, run } from "./open.ts";

test("sample perfect 10 | acts layer 7 | top 10: as typed, in a fresh session", async () => {
  const session = await open({ settings: {}, interactive: true });
  const { outcome, values, notices } = await run(session, "sample perfect 10 | acts layer 7 | top 10");
  await session.close();
  assert.is(outcome.exitCode, 0);
  const [value] = values;
  assert.is(value?.kind, "features");
  if (value?.kind !== "features") return;
  assert.equal(value.table.columns.map((column) => column.name), ["feature", "count", "mean", "max"]);
  assert.is(value.table.rows, 10);
  assert.ok(notices.some((text) => /^seed \d+/.test(text)), "the seed that was chosen is said");
});

test("a seed that was chosen is said, though another is set later, and once", async () => {
  const session = await open({ settings: {} });
  const late = await run(session, "let few = sample perfect 2\nset seed 3\nsample perfect 2\nfew | count\nfew");
  await session.close();
  assert.is(late.notices.filter((text) => /^seed \d+, chosen by saeq/.test(text)).length, 1);
  const other = await open({ settings: {} });
  const set = await run(other, "set seed 3\nsample perfect 2");
  await other.close();
  assert.equal(set.notices.filter((text) => text.startsWith("seed")), []);
});

test("what a flag says and the script sets otherwise is told", async () => {
  const session = await open({ settings: { seed: "7", lanes: "1" } });
  const { notices } = await run(session, 'saeq 1\nset lanes 2 seed "x"\nsample perfect 1');
  assert.equal(notices.filter((text) => text.startsWith("`--")), ['`--seed 7` has no effect: the script sets seed "x" in line 2', "`--lanes 1` has no effect: the script sets lanes 2 in line 2"]);
  const late = await run(session, "sample perfect 1\nset seed 8\nset lanes 1");
  assert.equal(late.notices.filter((text) => text.startsWith("`--")), ["`--seed 7` holds only at the start: the script sets seed 8 in line 2"]);
  assert.equal((await run(session, 'set seed "7"\nsample perfect 1')).notices.filter((text) => text.startsWith("`--")), []);
  await session.close();
});

test("a result is headed by its stage, with the values of params", async () => {
  const session = await open({ params: { k: "3" } });
  const { events } = await run(session, `param k: int = 2
let word = "a"
let few = [1, 2]
def some(x: table, n: int = 2) = x | take $n
perfect | some n $k
perfect | take $k
perfect | where input_text == $word or not (3 in $few)
perfect | derive price = "$k" | select price | take $k`);
  await session.close();
  assert.equal(events.flatMap((event) => (event.kind === "result" ? [event.header.split("  ")[0]] : [])), ["take 3", "take 3", 'where input_text == "a" or not (3 in [1, 2])', "take 3"]);
});

test("each result has the digits that are set where it stands", async () => {
  const session = await open();
  const { events } = await run(session, "set precision 8\nperfect | count\nset precision 2\nlet few = perfect | take 1\nfew");
  await session.close();
  assert.equal(events.flatMap((event) => (event.kind === "result" ? [event.display.precision] : [])), [8, 2]);
});

test("the notebook: every step of examples/memorization.saeq gives its result, in order", async () => {
  const out = folder();
  const session = await open({ writeTo: out, settings: {} });
  const text = readFileSync(join(EXAMPLES, "memorization.saeq"), "utf8");
  assert.ok(text.split("\n").length < 30);
  const { outcome, events, values } = await run(session, text);
  await session.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  assert.equal(values.map((value) => value.kind), ["table", "plot", "plot", "groups", "table", "table"]);
  assert.equal(events.filter((event) => event.kind === "saved").length, 2);
  const statistics = values[0];
  if (statistics?.kind !== "table") return;
  assert.equal(statistics.columns.map((column) => column.name), ["group", "documents", "tokens", "l0_mean", "mean_active", "max", "never_active", "l0_sd", "l0_median", "live", "masked"]);
  for (const name of ["l0.svg", "activation.svg"]) assert.match(readFileSync(join(out, name), "utf8"), /^<svg/);
});

test("counts in the union are the true counts of both groups", async () => {
  const session = await open();
  const groups = "groups perfect = (sample perfect 6), non_perfect = (sample non_perfect 6) | acts layer 7 last 50";
  const { values } = await run(session, `${groups} | top 5 | union`);
  const all = await run(session, `${groups} | top 1536`);
  await session.close();
  const table = values[0];
  const lists = all.values[0];
  if (table?.kind !== "table" || lists?.kind !== "groups") return assert.unreachable();
  for (const { name, value } of lists.members) {
    if (value.kind !== "features") return assert.unreachable();
    const [ids, counts] = ["feature", "count"].map((column) => value.table.columns.find((each) => each.name === column)!.values as Float64Array);
    const truth = new Map([...ids!].map((id, i) => [id, counts![i]!]));
    const listed = table.columns.find((column) => column.name === "feature")!.values as Float64Array;
    const shown = table.columns.find((column) => column.name === name)!.values as Float64Array;
    listed.forEach((id, i) => assert.is(shown[i], truth.get(id) ?? 0));
  }
});

test("a sample does not move when other lines are edited or a `let` is renamed", async () => {
  const session = await open();
  const of = async (text: string): Promise<unknown> => (await run(session, text)).values.at(-1);
  const plain = await of("sample perfect 5");
  assert.equal(await of("memorization | count\nsample perfect 5"), plain);
  assert.equal(await of("let p = memorization | where perfect_match\nsample p 5"), plain);
  assert.not.equal(await of("sample perfect 5 draw 2"), plain);
  const ten = await of("sample perfect 10 | select input_text");
  const five = await of("sample perfect 5 | select input_text");
  await session.close();
  const texts = (value: unknown): string[] => (value as { columns: { values: string[] }[] }).columns[0]!.values;
  for (const text of texts(five)) assert.ok(texts(ten).includes(text));
});

test("`_` goes on from the last result, `_1` from an earlier one", async () => {
  const session = await open({ interactive: true });
  await run(session, "memorization | take 4");
  await run(session, "| count");
  const again = await run(session, "_1 | take 2 | count");
  await session.close();
  const table = again.values[0];
  assert.is(table?.kind === "table" ? table.columns[0]!.values[0] : null, 2);
});

test("a sample larger than its input takes all rows and says so", async () => {
  const session = await open();
  const { outcome, notices, values } = await run(session, "perfect | take 3 | sample 100");
  await session.close();
  assert.is(outcome.exitCode, 0);
  assert.is(values[0]?.kind === "table" ? values[0].rows : null, 3);
  assert.ok(notices.some((text) => text.includes("only 3 rows")));
});

test("assert stops with exit code 7", async () => {
  const session = await open();
  assert.is((await run(session, "assert count(perfect) >= 1000")).outcome.exitCode, 7);
  assert.is((await run(session, "assert count(perfect) >= 10 and count(non_perfect) >= 10")).outcome.exitCode, 0);
  await session.close();
});

/** The cells of a table, row by row. */
function rowsOf(value: Value | undefined): unknown[][] {
  if (value?.kind !== "table") throw new Error("no table");
  return Array.from({ length: value.rows }, (_, row) => value.columns.map((column) => cellAt(column, row)));
}

test("what the model has read before is said to be cached, at a prompt", async () => {
  const prompt = await open({ interactive: true });
  const finished = async (text: string): Promise<string[]> => (await run(prompt, text)).events.flatMap((event) => (event.kind === "finished" ? [`${event.stage}: ${event.detail}`] : []));
  await finished("sample perfect 3 | acts layer 7 last 2 | count");
  // Another value, the same texts.
  assert.equal(await finished("sample perfect 3 | where true | acts layer 7 last 2 | count"), ["acts layer 7 last 2: 3 texts, cached"]);
  await prompt.close();
});

test("what is described of activations tells of the special tokens that other figures leave out", async () => {
  const session = await open();
  const told = async (text: string): Promise<readonly string[]> => (await run(session, text)).notices.filter((notice) => notice.includes("special"));
  assert.equal(await told("sample perfect 2 | acts layer 7 | describe"), ["describe: rows of 2 special tokens are among these, as `save` writes them; `stats`, `count` and `top` leave them out"]);
  assert.equal(await told("sample perfect 2 | acts layer 7 last 3 | describe"), []);
  await session.close();
});

test("`_error` is the last mistake as rows, found before or while it ran", async () => {
  const prompt = await open({ interactive: true });
  await run(prompt, "perfect | tak 3\n| topp 5");
  const [value] = (await run(prompt, "_error")).values;
  assert.equal(rowsOf(value), [["unknown-stage", "no stage named `tak`", "test", 1, 11, "tak", "perfect | take 3\n| topp 5", null], ["unknown-stage", "no stage named `topp`", "test", 2, 3, "topp", "perfect | tak 3\n| top 5", null]]);
  await run(prompt, 'perfect | take 2 | assert matching_tokens < 0, "none below zero"');
  assert.equal(rowsOf((await run(prompt, "_error | select code, message")).values[0]), [["assertion-failed", "none below zero"]]);
  await prompt.close();
});

test.run();
