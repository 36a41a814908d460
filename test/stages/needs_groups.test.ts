/** Without this file the line that a message offers to paste could be a mistake of its own. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STAGES } from "../../src/stages/mod.ts";
import { open } from "../session/open.ts";

const stages = Object.values(STAGES).filter(({ groups, args }) => groups === "required" && Object.values(args).every(({ required }) => !required));

test("what is offered where groups are missing is right for every stage that needs them", async () => {
  const session = await open();
  assert.ok(stages.length >= 4);
  for (const { name, input } of stages) {
    const text = `sample perfect 2${input.includes("table") ? "" : " | acts layer 7"}${input.includes("acts") || input.includes("table") ? "" : " | top 2"} | ${name}`;
    const [mistake] = (await session.check({ name: "groups", text })).diagnostics;
    assert.is(mistake?.code, "needs-groups", text);
    const offered = mistake!.fix === undefined ? mistake!.help! : text.slice(0, mistake!.fix.span.start) + mistake!.fix.text + text.slice(mistake!.fix.span.end);
    const { diagnostics } = await session.check({ name: "offered", text: offered });
    assert.equal(diagnostics.map(({ code, message }) => `${code}: ${message}`), [], offered);
  }
  await session.close();
});

test("two groups are made of what is there: the value beside it, a column of its own, or rows that somebody puts others in place of", async () => {
  const session = await open();
  const offered = async (text: string): Promise<string | undefined> => {
    const [mistake] = (await session.check({ name: "own", text })).diagnostics;
    assert.is(mistake?.code, "needs-groups", text);
    return mistake!.fix === undefined ? mistake!.help : text.slice(0, mistake!.fix.span.start) + mistake!.fix.text + text.slice(mistake!.fix.span.end);
  };
  const lines: readonly (readonly [string, string])[] = [
    ["sample perfect 4 | acts layer 7 | compare by fires", "groups perfect = (sample perfect 4), non_perfect = (sample non_perfect 4) | acts layer 7 | compare by fires"],
    ["memorization | where repeated | acts layer 7 | compare", "memorization | where repeated | split perfect_match = perfect_match, not_perfect_match = not perfect_match | acts layer 7 | compare"],
    ["memorization | compare matching_token", "memorization | split repeated = repeated, not_repeated = not repeated | compare matching_tokens"],
    ['let warm = prompts "a"\nlet cold = prompts "b"\nlet odd = warm | derive n = 1\nwarm | acts layer 7 | top 3 | diff', 'let warm = prompts "a"\nlet cold = prompts "b"\nlet odd = warm | derive n = 1\ngroups warm, cold | acts layer 7 | top 3 | diff'],
    ['prompts "a", "b" | acts layer 7 | compare', 'groups these = (prompts "a", "b" | acts layer 7), others = (sample non_perfect 10 | acts layer 7) | compare'],
  ];
  for (const [text, line] of lines) assert.is(await offered(text), line);
  await session.close();
});

test.run();
