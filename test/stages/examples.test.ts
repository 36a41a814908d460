/** Without this file the examples in help and reference might not run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { IMPLEMENTATIONS } from "../../runtime/data/functions.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { OPS } from "../../src/ops/op.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { usage } from "../../src/stages/stage.ts";
import { open, run } from "../session/open.ts";

const RESERVED = ["let", "and", "or", "not", "true", "false", "null", "in", "asc", "desc"];

const session = await open();

for (const stage of STAGES) {
  test(`${stage.name}: every example runs and shows something`, async () => {
    assert.ok(stage.examples.length > 0);
    for (const { query } of stage.examples) {
      const { outcome, events } = await run(session, query);
      assert.is(outcome.exitCode, 0, `${query}: ${JSON.stringify(outcome.diagnostics)}`);
      assert.ok(query.includes("assert") || events.some((event) => event.kind === "result" || event.kind === "saved"), query);
      assert.ok(query.split(/\W+/).includes(stage.name), `${query} shows ${stage.name}`);
    }
  });
}

test("a stage says that it passes on what it gets where its op does", async () => {
  const passing = new Map<string, boolean>();
  for (const stage of STAGES) {
    for (const { query } of stage.examples) {
      const { compiled } = await session.check({ name: stage.name, text: query });
      // The op that gives what the stage gives comes last.
      const own = compiled!.pipelines.flatMap(({ written }) => nodes(written).findLast(({ label }) => label.split(/\s/)[0] === stage.name) ?? []);
      // Rows behind an edit are as they were, and still it is part of the value: another model reads them.
      for (const { op } of own) passing.set(stage.name, OPS[op.op].passes && op.op !== "edit");
    }
  }
  assert.equal(STAGES.filter(({ passes }) => passes === true).map(({ name }) => name), [...passing].flatMap(([name, passes]) => (passes ? [name] : [])));
});

test("names and arguments of stages can be typed", () => {
  for (const stage of STAGES) {
    for (const name of [stage.name, ...Object.keys(stage.args)]) assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.not.ok(RESERVED.includes(stage.name));
    assert.not.ok(stage.doc.endsWith("."), `${stage.name}: a doc is a line, not a sentence with a full stop`);
    assert.ok(usage(stage).startsWith(stage.name));
  }
});

test("every function the checker knows is implemented, and no other", () => {
  assert.equal(Object.keys(IMPLEMENTATIONS).sort(), Object.keys(FUNCTIONS).sort());
});

for (const name of readdirSync(EXAMPLES).filter((each) => each.endsWith(".saeq"))) {
  test(`examples/${name} runs, and opens with what it shows`, async () => {
    const text = readFileSync(join(EXAMPLES, name), "utf8");
    assert.match(text, /^saeq 1\n## \S/);
    const fresh = await open({ settings: {} });
    const { outcome, values } = await run(fresh, text);
    await fresh.close();
    assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
    assert.ok(values.length > 0);
  });
}

test.after(() => session.close());
test.run();
