/** Without these tests a rule could find nothing, find too much, or offer a fix that mends nothing. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CODES } from "../../grammar/codes.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { CODE_PAGES } from "../../src/check/codes.ts";
import { lint } from "../../src/lint/lint.ts";
import { subjectOf } from "../../src/lint/rule.ts";
import { LINT_RULES } from "../../src/lint/rules/mod.ts";
import { applyFix } from "../../repl/talk.ts";
import { ROOT } from "../house/files.ts";
import { open } from "../session/open.ts";

async function found(text: string): Promise<readonly Diagnostic[]> {
  const session = await open();
  const { diagnostics, compiled } = await session.check({ name: "case.saeq", text });
  await session.close();
  assert.equal(diagnostics.map((each) => each.message), [], text);
  return lint(subjectOf(text, compiled ?? null));
}
const codes = async (text: string): Promise<string[]> => (await found(text)).map((each) => each.code);

for (const rule of LINT_RULES) {
  test(`${rule.code}: found in its trigger alone, gone after its fix, silent where told so`, async () => {
    const told = await found(rule.trigger);
    assert.equal(told.map((each) => each.code), [rule.code]);
    const { fix, span, message } = told[0]!;
    assert.match(message, /^[a-z`]/);
    assert.is(fix === undefined ? null : applyFix(rule.trigger, fix), rule.fixed);
    if (rule.fixed !== null) assert.equal(await codes(rule.fixed), []);
    let line = rule.trigger.lastIndexOf("\n", span.start - 1) + 1;
    // Above a description, so that it stays the description of what is below it.
    if (rule.trigger.slice(0, line).includes("##")) line = rule.trigger.indexOf("##");
    assert.equal(await codes(`${rule.trigger.slice(0, line)}# lint-ignore ${rule.code}\n${rule.trigger.slice(line)}`), []);
  });
}

test("rules are listed once, in order, one file each, with codes of their own", () => {
  const names = LINT_RULES.map((rule) => rule.code);
  assert.equal(names, [...new Set(names)].sort());
  assert.equal(readdirSync(join(ROOT, "src/lint/rules")).map((file) => file.replace(".ts", "").replaceAll("_", "-")).filter((name) => name !== "mod").sort(), names);
  for (const name of names) assert.not.ok(name in CODES || name in CODE_PAGES, name);
  for (const { doc, why, mend } of LINT_RULES) for (const line of [doc, why, mend]) assert.ok(line !== "" && !/[.\n]$/.test(line), line);
});

test("a silenced line silences only its code", async () => {
  assert.equal(await codes("saeq 1\n# lint-ignore unused-param\nlet few = perfect\nperfect | count\n"), ["unused-let"]);
  assert.equal(await codes("saeq 1\n# lint-ignore unused-let, shadowed-name\nlet few = perfect\nperfect | count\n"), []);
  assert.equal(await codes("saeq 1\nperfect | count # lint-ignore unused-let\nlet few = perfect\n"), ["unused-let"]);
});

test("tokens that are drawn want a seed as rows do, and the likeliest ones want none", async () => {
  const of = (stage: string): string => `saeq 1\nprompts "And" | ${stage}\n`;
  for (const stage of ["generate max 3 temperature 0.8", "generate temperature 1 max 3 n 2"]) assert.equal(await codes(of(stage)), ["unseeded-sample"], stage);
  for (const stage of ["generate max 3", "generate max 3 temperature 0", "logits top 3"]) assert.equal(await codes(of(stage)), [], stage);
  assert.equal(await codes('saeq 1\nset seed 3\nprompts "And" | generate max 3 temperature 0.8\n'), []);
});

test("what is meant is left alone", async () => {
  const fine = [
    "saeq 1\nmemorization | where matching_tokens == 50\n",
    "saeq 1\nmemorization | derive share = matching_tokens / 50 | where share == 0 | count\n",
    "saeq 1\nmemorization | derive matching_tokens = matching_tokens + 1 | take 3\n",
    "saeq 1\nmemorization | sort matching_tokens desc | take 5 | sort input_text\n",
    "saeq 1\nset seed 1\nsample perfect 2 | acts layer 7 | top 10 | sort feature\n",
    "saeq 1\nset threshold 0.5 seed 3\nsample perfect 2 | count\n",
    "saeq 1\nlet n = 3\nlet few = perfect | take $n\nassert count(few) == 3\n",
    "saeq 1\nlet a = perfect\ngroups x = a, y = non_perfect | count\n",
    "saeq 1\ndef few(x: table) = x | take 3\n",
    "saeq 1\nlet n = 3\nmemorization | where $n == 3 and (matching_tokens in [1, 2]) and 1 + row() < 5\n",
    'saeq 1\nperfect | take 1 | save "C:\\\\temp\\\\new.csv"\n',
  ];
  for (const text of fine) assert.equal(await codes(text), [], text);
});

test("a column in quotes is told by its name, other comparisons without one are told", async () => {
  const [told] = await found('saeq 1\nmemorization | where repeated or (3 in [1, 2]) or not ("x" != "perfect_match")\n');
  assert.is(told!.message, "this comparison is the same for every row");
  assert.is(told!.fix, undefined);
  assert.equal(await codes('saeq 1\nmemorization | where repeated or (3 in [1, 2]) or not ("x" != "reference")\n'), ["constant-condition", "constant-condition"]);
});

test("float columns are known through the pipeline", async () => {
  assert.equal(await codes("saeq 1\nmemorization | derive share = matching_tokens / 50 | where share == 0.5 | count\n"), ["float-equality"]);
  assert.equal(await codes("saeq 1\nmemorization | derive share = matching_tokens / 50 | where share != 0.5 | count\n"), ["float-equality"]);
});

test("30,000 lines are read a few times, and not once for each name of them", () => {
  const text = `saeq 1\n${Array.from({ length: 30_000 }, (_, i) => `# lint-ignore unused-def\nlet a${i} = perfect | take ${i + 1}\n`).join("")}perfect | count\n`;
  assert.is(lint(subjectOf(text, null)).length, 30_000);
});

test("rules do not throw on any prefix of the examples", () => {
  const text = readFileSync(join(ROOT, "examples/memorization.saeq"), "utf8");
  for (let end = 0; end <= text.length; end++) lint(subjectOf(text.slice(0, end), null));
});

test.run();
