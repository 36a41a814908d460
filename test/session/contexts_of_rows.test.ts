/** Without these tests contexts could be shown that a later stage has left out, under a header that does not say where they were read. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { renderValue } from "../../repl/render/value.ts";
import { open, run } from "./open.ts";

const CONTEXTS = "sample perfect 4 | acts layer 7 | top 2 | contexts k 2";

test("the header above contexts says what other headers say: layer, SAE, model, text and masked tokens", async () => {
  const session = await open();
  const headers: string[] = [];
  await run(session, `sample perfect 4 | acts layer 7 | top 2\n${CONTEXTS}\ngroups a = (sample perfect 2), b = (sample non_perfect 2) | acts layer 7 | top 2 | contexts k 1`, undefined, (event) => void (event.kind === "result" && headers.push(event.header)));
  const facts = headers.map((header) => header.split(" · ").slice(1).join(" · "));
  assert.match(facts[0]!, /^layer 7 resid_post \(model\.layers\.7 output\) · SAE kjv \(saelens\) · model kjv, float32 on CPU · text: input_text \+ generated_continuation_text · 4 special tokens masked$/);
  assert.is(facts[1], facts[0]);
  assert.match(headers[1]!, /^contexts k 2 {2}table 4 × 9 · layer 7/);
  assert.match(headers[2]!, /^contexts k 1 {2}table\[2\] a 2 × 9 · b 2 × 9 · layer 7 resid_post .* · 4 special tokens masked$/);
  await session.close();
});

test("stages behind contexts leave out what they leave out, and what they change or put in another order is shown as a table", async () => {
  const session = await open();
  const shown = async (stage: string): Promise<string> => {
    const { values } = await run(session, `${CONTEXTS} | ${stage}`);
    return renderValue(values.at(-1)!, "", { width: 100, color: false, ascii: false, rows: 20 });
  };
  const places = (text: string): number => text.split("\n").filter((line) => line.includes("«")).length;
  const whole = await shown("tee (count)");
  assert.is(places(whole), 4);
  for (const [stage, count] of [["take 1", 1], ["skip 1", 3], ["where rank == 1", 2], ["distinct feature", 2], ["sample 3", 3]] as const) {
    const some = await shown(stage);
    assert.is(places(some), count, some);
    assert.ok(some.split("\n").filter((line) => line.includes("«")).every((line) => whole.includes(line.trim().replace(/\s+/, " ").slice(-20))), some);
  }
  for (const stage of ["sort rank desc, feature", "select feature, token", "derive strong = activation > 5", "rename f = feature"]) {
    const table = await shown(stage);
    assert.is(places(table), 0, table);
    assert.match(table.split("\n")[0]!, /token/);
    assert.is(table.split("\n").length, 6, table);
  }
  assert.not.match(await shown("where false"), /no token fires/);
  await session.close();
});

test.run();
