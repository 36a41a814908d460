/** Without these tests a selection that leaves nothing, or a feature that never fires, would be passed over. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { open, run } from "./open.ts";

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['prompts "In the beginning" | acts layer 7 of continuation | top 3', ["acts layer 7 of continuation: no tokens are left: the texts have no continuation; leave `of continuation` out to read all of their tokens"]],
  ["perfect | take 2 | acts layer 7 first 1 | top 3", ["acts layer 7 first 1: no tokens are left but 2 special tokens, such as the one that begins a text, and those count in no figure; `first 2` reads one more of each text"]],
  ["perfect | take 2 | resid layer 7 first 1", ["resid layer 7 first 1: no tokens are left but 2 special tokens, such as the one that begins a text, and those count in no figure; `first 2` reads one more of each text"]],
  ["groups a = (perfect | take 1), b = (perfect | take 2) | acts layer 7 first 1 | stats", ["a", "b"].map((name, at) => `acts layer 7 first 1: no tokens are left in ${name} but ${at + 1} special token${at === 0 ? "" : "s"}, such as the one that begins a text, and those count in no figure; \`first 2\` reads one more of each text`)],
  ["perfect | take 2 | acts layer 7 first 2 | top 3", []],
  ["perfect | take 2 | acts layer 7 | contexts 769, 5, 18 k 1", ["contexts 769, 5, 18 k 1: feature 5, feature 18 fire nowhere above 0 in these texts"]],
  ["groups a = (perfect | take 2), b = (perfect | take 1) | acts layer 7 | contexts 5 k 1", ["contexts 5 k 1: feature 5 fires nowhere above 0 in a", "contexts 5 k 1: feature 5 fires nowhere above 0 in b"]],
  ["perfect | take 2 | acts layer 7 | contexts 769 k 1", []],
  ["perfect | take 0 | acts layer 7 | top 3", []],
  ['prompts "In the beginning" | logits at continuation', ["logits at continuation: no tokens are left: the texts have no continuation; `at all` reads all of their tokens"]],
  ['prompts "" | logits at all', ["logits at all: no tokens are left: nothing predicts the first token of a text, and special ones count in no figure"]],
  ['prompts "" | logits at all special', ["logits at all special: no tokens are left: nothing predicts the first token of a text"]],
  ['prompts "", "In" | logits at all', []],
  ['prompts "In the beginning" | logits at continuation top 1', []],
  ["perfect | take 0 | logits at all", []],
  ['prompts "In the beginning" | generate max 2 temperature 0 n 3', ["generate max 2 temperature 0 n 3: the likeliest token is taken each time, so the 3 continuations of each text are the same; a temperature above 0 draws"]],
  ['prompts "In the beginning" | generate max 2 temperature 0', []],
];

for (const [query, told] of CASES) {
  test(`${query}: what is left out is told`, async () => {
    const session = await open({ settings: {} });
    const { notices, outcome } = await run(session, query);
    await session.close();
    assert.is(outcome.exitCode, 0);
    assert.equal(notices, told);
  });
}

test("characters that several tokens spell are read as they stand, also where one of these fires or a window begins", async () => {
  const session = await open({ settings: {} });
  const text = "na\u00efve \u2014 \u65e5\u672c\u8a9e 😀 end";
  for (const window of [40, 3, 1, 0]) {
    const { values } = await run(session, `prompts "${text}" | acts layer 7 | top 200 | contexts k 1 window ${window}`);
    const [value] = values;
    if (value?.kind !== "table" || value.windows === undefined) return assert.unreachable();
    assert.ok(value.windows.some(({ pieces, firing }) => /[^\0-\x7f]/.test(pieces[firing]!)));
    for (const { pieces } of value.windows) assert.ok(text.includes(pieces.join("").replace("<|begin_of_text|>", "")), pieces.join(""));
  }
  await session.close();
});

test.run();
