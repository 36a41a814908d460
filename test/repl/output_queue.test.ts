/** Without this file one drawing that fails could end the program in the middle of a run, or hide what comes after it. */
import { setTimeout as later } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createOutputQueue } from "../../repl/output_queue.ts";

test("pieces come in their order, however long each takes", async () => {
  const shown: string[] = [];
  const output = createOutputQueue(new AbortController().signal);
  output.add(async () => void (await later(20), shown.push("slow")));
  output.add(() => void shown.push("quick"));
  await output.done();
  assert.equal(shown, ["slow", "quick"]);
});

test("one that fails while others are still to come ends nothing: they are shown, and it is told at the end", async () => {
  const shown: string[] = [];
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    const output = createOutputQueue(new AbortController().signal);
    output.add(async () => Promise.reject(new Error("first")));
    // Long enough for Node to call a promise that nobody holds unhandled.
    await later(30);
    output.add(() => {
      throw new Error("second");
    });
    output.add(() => void shown.push("after"));
    assert.is(await output.done().then(() => null, (error: Error) => error.message), "first");
    await later(30);
  } finally {
    process.off("unhandledRejection", note);
  }
  assert.equal(shown, ["after"]);
  assert.equal(unhandled, []);
});

test("when a run is stopped the results that wait are left out and counted, but for the last few; what is said is said", async () => {
  const stop = new AbortController();
  const shown: string[] = [];
  const output = createOutputQueue(stop.signal);
  for (let i = 0; i < 1000; i++) output.addResult(() => void shown.push(`${i}`));
  output.add(() => void shown.push("said"));
  stop.abort();
  assert.is(await output.done(), 980);
  assert.is(shown.length, 21);
  assert.is(shown.at(-1), "said");
});

test("work that takes long leaves a turn to signals and keys", async () => {
  const stop = new AbortController();
  const output = createOutputQueue(stop.signal);
  for (let i = 0; i < 1000; i++)
    output.addResult(() => {
      for (const began = performance.now(); performance.now() - began < 1; );
    });
  setTimeout(() => stop.abort(), 50);
  assert.ok((await output.done()) > 0);
});

test.run();
