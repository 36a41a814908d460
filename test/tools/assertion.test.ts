/** Without these tests a failed `assert` could show values of something else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { open, run } from "../session/open.ts";

const session = await open();
const notes = async (text: string): Promise<readonly string[]> => {
  const { outcome } = await run(session, text);
  assert.equal([outcome.exitCode, outcome.diagnostics[0]?.code], [7, "assertion-failed"], text);
  return outcome.diagnostics[0]?.notes ?? [];
};

test("aggregates are told once, as typed, with the condition where there is a message of its own", async () => {
  assert.equal(await notes("perfect | take 3 | assert count() == 4"), ["count() is 3"]);
  assert.equal(await notes('let a = perfect | take 3\nassert count(a) > 5 and count(a) < 9, "too few"'), ["count(a) > 5 and count(a) < 9", "count(a) is 3"]);
  assert.equal(await notes("perfect | take 3 | assert not (min(matching_tokens) == 50)"), ["min(matching_tokens) is 50"]);
});

test("rows are told with their number: the first for which it does not hold", async () => {
  assert.equal(await notes('prompts "a", "b" | derive n = len(text) + row() | assert n in 1..1'), ["row 2: n is 2"]);
  assert.equal(await notes('prompts "a", "b" | assert text == "a"'), ['row 2: text is "b"']);
  assert.equal(await notes('prompts "a" | derive c = text == "b" | assert c'), ["row 1: c is false"]);
});

test("a condition of empty tables has no values", async () => {
  const { outcome } = await run(session, "perfect | take 0 | assert matching_tokens == 1");
  assert.is(outcome.exitCode, 0);
});

test.after(() => session.close());
test.run();
