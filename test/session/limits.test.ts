/** Without this file a script of any size might take the process with it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { open, run } from "./open.ts";

test("a pipeline of 100,000 stages is one error", async () => {
  const session = await open();
  const { codes, outcome } = await run(session, `perfect${" | take 5".repeat(100_000)}`);
  await session.close();
  assert.equal(codes, ["too-many-stages"]);
  assert.is(outcome.exitCode, 3);
});

test("a chain of 5,000 lets is one error, not a stack overflow", async () => {
  const session = await open();
  const text = Array.from({ length: 5000 }, (_, i) => `let r${i} = ${i === 0 ? "perfect" : `r${i - 1}`} | take 5`).join("\n");
  const { codes } = await run(session, `${text}\nr4999 | count`);
  await session.close();
  assert.equal(codes, ["too-many-stages"]);
});

test("a long chain that is allowed runs", async () => {
  const session = await open();
  const { outcome } = await run(session, `perfect${" | take 5".repeat(1500)} | count`);
  await session.close();
  assert.is(outcome.exitCode, 0);
});

test("17 million characters are refused at once", async () => {
  const session = await open();
  const { codes } = await run(session, "# ".padEnd(17_000_000, "x"));
  await session.close();
  assert.equal(codes, ["too-large"]);
});

test("10,000 mistakes beside 10,000 names are told without comparing each with all", async () => {
  const session = await open();
  const lines = (line: (i: number) => string): string => Array.from({ length: 10_000 }, (_, i) => line(i)).join("\n");
  for (const wrong of [(i: number) => `abd${i}x | count`, (i: number) => `perfect | take $abd${i}`, (i: number) => `take abd${i}x 3`]) {
    const { outcome } = await run(session, `${lines((i) => `let abc${i} = ${i % 2 === 0 ? i : "perfect"}`)}\n${lines(wrong)}`);
    assert.is(outcome.diagnostics.length, 10);
    assert.ok(outcome.diagnostics.every(({ message }) => message.startsWith("no ")));
  }
  await session.close();
});

test("20,000 pipelines stop at the next one when they are cancelled, while they are compiled or run, and those left are counted", async () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `perfect | take ${(i % 50) + 1} | count`).join("\n");
  const session = await open({ interactive: true });
  for (const running of [false, true]) {
    const stop = new AbortController();
    const notices: string[] = [];
    let results = 0;
    if (!running) setTimeout(() => stop.abort(), 1);
    const outcome = await session.run({ name: "x.saeq", text }, {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === "notice") notices.push(event.text);
        if (event.kind === "result" && ++results === 100) setTimeout(() => stop.abort(), 1);
      },
    });
    assert.is(outcome.exitCode, 130);
    assert.is(outcome.cancelled, true);
    assert.equal(notices, running ? [`${20_000 - results} more pipelines of these were not run`] : []);
  }
  await session.close();
});

test("texts of many millions of characters are read, or refused in words", async () => {
  const session = await open();
  const codes = async (text: string): Promise<readonly string[]> => (await run(session, text)).codes;
  assert.equal(await codes(`perfect | where reference == "${"x".repeat(15 * 2 ** 20)}" | count`), []);
  assert.equal(await codes(`perfect | where reference == "${"\\n".repeat(7 * 2 ** 20)}" | count`), ["too-large"]);
  assert.equal(await codes("perfect | take 3 | count\n".repeat(450_000)), ["too-large"]);
  for (const mash of ["|".repeat(200_000), "a a || ".repeat(50_000), "a -> b ".repeat(50_000)]) assert.ok((await codes(mash)).length > 0);
  await session.close();
});

test("an empty script does nothing", async () => {
  const session = await open();
  for (const text of ["", "\n\n", "# only a comment"]) assert.is((await run(session, text)).outcome.exitCode, 0);
  await session.close();
});

test.run();
