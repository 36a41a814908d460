/** Without these tests a selection that leaves nothing would be shown as if nothing fired. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { open, run } from "./open.ts";

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['prompts "In the beginning" | acts layer 7 of continuation | top 3', ["acts layer 7 of continuation: no tokens are left: the texts have no continuation; leave `of continuation` out to read all of their tokens"]],
  ["perfect | take 2 | acts layer 7 first 1 | top 3", ["acts layer 7 first 1: no tokens are left but 2 special tokens, such as the one that begins a text, and those count in no figure; `first 2` reads one more of each text"]],
  ["perfect | take 2 | resid layer 7 first 1", ["resid layer 7 first 1: no tokens are left but 2 special tokens, such as the one that begins a text, and those count in no figure; `first 2` reads one more of each text"]],
  ["groups a = (perfect | take 1), b = (perfect | take 2) | acts layer 7 first 1 | stats", ["a", "b"].map((name, at) => `acts layer 7 first 1: no tokens are left in ${name} but ${at + 1} special token${at === 0 ? "" : "s"}, such as the one that begins a text, and those count in no figure; \`first 2\` reads one more of each text`)],
  ["perfect | take 2 | acts layer 7 first 2 | top 3", []],
  ["perfect | take 0 | acts layer 7 | top 3", []],
];

for (const [query, told] of CASES) {
  test(`${query}: why no token counts`, async () => {
    const session = await open({ settings: {} });
    const { notices, outcome } = await run(session, query);
    await session.close();
    assert.is(outcome.exitCode, 0);
    assert.equal(notices, told);
  });
}

test.run();
