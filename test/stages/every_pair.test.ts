/** Without this test a stage could refuse what flows into it and leave people without a line that leads on. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { STAGES } from "../../src/stages/mod.ts";
import type { StageDefinition } from "../../src/stages/stage.ts";
import { saeFolder } from "../session/checkpoints.ts";
import { open } from "../session/open.ts";

const GROUPS = "groups a = (sample perfect 2), b = (sample non_perfect 2)";
/** Every kind of value that may stand before a pipe, as one and as groups, and tables that came from activations. */
const INPUTS: Readonly<Record<string, string>> = {
  table: "sample perfect 2",
  "groups<table>": GROUPS,
  counts: "memorization | count by perfect_match",
  tokens: "sample perfect 2 | tokenize",
  dense: "sample perfect 2 | resid layer 7",
  acts: "sample perfect 2 | acts layer 7",
  "groups<acts>": `${GROUPS} | acts layer 7`,
  features: "sample perfect 2 | acts layer 7 | top 3",
  "groups<features>": `${GROUPS} | acts layer 7 | top 3`,
  comparison: `${GROUPS} | acts layer 7 | compare`,
  figures: "sample perfect 2 | acts layer 7 | stats",
  overlaps: `${GROUPS} | acts layer 7 | top 3 | overlap`,
  plot: "sample perfect 2 | acts layer 7 | top 3 | plot bars x feature y count",
  text: "sample perfect 2 | explain",
};
/** Mistakes of what flows, whatever a stage's arguments are. */
const OF_FLOW = ["wrong-input", "needs-groups", "refuses-groups", "source-after-pipe", "no-text", "no-activations"];
/** `stage of input`: why there is nothing to offer. */
const EXCEPTIONS: Readonly<Record<string, string>> = {};

/** A stage as its first example writes it. */
function callOf({ name, examples }: StageDefinition): string {
  for (const { query } of examples) {
    for (const statement of parse(query).script.statements) {
      const stages = statement.kind === "pipelineStatement" ? statement.pipeline.stages : [];
      const found = stages.map(({ span }) => query.slice(span.start, span.end)).find((text) => text.split(/\s/)[0] === name);
      if (found !== undefined) return found;
    }
  }
  return name;
}

test("whatever flows into whatever stage, a mistake of it has a fix that mends it, or a line that can be pasted", async () => {
  const session = await open();
  const check = async (text: string) => (await session.check({ name: "pair", text })).diagnostics.filter(({ severity }) => severity === "error");
  const wanting: string[] = [];
  let told = 0;
  for (const stage of STAGES) {
    for (const [kind, input] of Object.entries(INPUTS)) {
      const text = `${input} | ${callOf(stage)}`;
      const mistake = (await check(text)).find(({ code }) => OF_FLOW.includes(code));
      if (mistake === undefined) continue;
      told++;
      const pair = `${stage.name} of ${kind}`;
      const { fix, help } = mistake;
      const after = fix !== undefined ? text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end) : (help ?? "").replace(/^… \| /, `${input} | `);
      const left = after === "" ? ["nothing is offered"] : (await check(after)).filter(({ code }) => fix === undefined || OF_FLOW.includes(code)).map(({ message }) => `${after}: ${message}`);
      if (left.length > 0 && EXCEPTIONS[pair] === undefined) wanting.push(`${pair}: ${left.join("; ")}`);
      if (left.length === 0) assert.is(EXCEPTIONS[pair], undefined, `${pair} is no exception any more`);
    }
  }
  assert.ok(told > 300, `${told} pairs do not fit`);
  assert.equal(wanting, []);
  await session.close();
});

test("what is offered is what is meant most likely", async () => {
  const session = await open();
  const cases: readonly (readonly [string, string])[] = [
    [`${INPUTS["comparison"]} | top 5`, `${INPUTS["comparison"]} | take 5`],
    [`${INPUTS["comparison"]} | where q < 0.5 | top 5 by delta`, `${INPUTS["comparison"]} | where q < 0.5 | sort delta desc | take 5`],
    ["memorization | count by perfect_match | top 5", "memorization | count by perfect_match | sort count desc | take 5"],
    ["sample perfect 2 | top 5", "sample perfect 2 | acts layer 7 | top 5"],
    ["sample perfect 2 | resid layer 7 | top 5", "sample perfect 2 | resid layer 7 | encode | top 5"],
    ["sample perfect 2 | acts layer 7 | encode | top 5", "sample perfect 2 | acts layer 7 | top 5"],
    ["sample perfect 2 | acts layer 7 | take 1", "sample perfect 2 | take 1 | acts layer 7"],
    ["sample perfect 2 | acts layer 7 | sort count desc", "sample perfect 2 | acts layer 7 | top 10 | sort count desc"],
    ["sample perfect 2 | acts layer 7 | top 3 | decode", "sample perfect 2 | acts layer 7 | tee (top 3) | decode"],
    ["sample perfect 2 | acts layer 7 | explain analyze | top 3", "sample perfect 2 | acts layer 7 | top 3 | explain analyze"],
    ["sample perfect 2 | explain | explain", "sample perfect 2 | explain"],
    [`${GROUPS} | split c = perfect_match`, `${GROUPS} | ungroup | split c = perfect_match`],
    ["memorization | count by perfect_match | ungroup", "memorization | count by perfect_match"],
    // What is wrong wherever it stands stays so; what only the place it would move to lacks is no way.
    ["sample perfect 2 | acts layer 7 | take lots", "sample perfect 2 | take lots | acts layer 7"],
    ["sample perfect 2 | acts layer 7 | drop special", "no fix"],
    ["sample perfect 2 | acts layer 7 | group nope", "no fix"],
  ];
  for (const [text, wanted] of cases) {
    const fix = (await session.check({ name: "meant", text })).diagnostics[0]?.fix;
    assert.is(fix === undefined ? "no fix" : text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end), wanted);
  }
  await session.close();
});

test("the layer that is offered is the one that the SAE reads", async () => {
  const session = await open();
  const text = `set sae "${saeFolder({ hook: "blocks.3.hook_resid_post" })}"\nsample perfect 2 | top 5`;
  const [mistake] = (await session.check({ name: "layer", text })).diagnostics;
  assert.is(mistake?.code, "wrong-input", JSON.stringify(mistake));
  assert.is(mistake?.fix?.text, "acts layer 3 | top 5");
  await session.close();
});

test.run();
