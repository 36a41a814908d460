/** Without this file threads whose sums differ could go unnoticed, or cores could stand idle. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { threadsFor } from "../../runtime/engine/engine.ts";
import { failureOf, THREADS_DIFFER } from "../../runtime/engine/faults.ts";
import { threadsAgree } from "../../runtime/engine/lane_threads.ts";
import { CPU } from "../../src/emit/target.ts";
import { openBytes } from "../emit/run_graph.ts";

test("products that are wide enough for their threads have the bits of one, and it is noticed where they are not", async () => {
  for (const threads of [2, 3, 8]) assert.ok(await threadsAgree(openBytes, threads, threads), `${threads} threads`);
  assert.ok(await threadsAgree(openBytes, 2, 8), "wider than they need to be");
  assert.not(await threadsAgree(openBytes, 4, 1), "cut in four parts of twenty columns");
  const error = failureOf({ kind: "failed", id: 1, opening: true, message: THREADS_DIFFER }, CPU, []);
  assert.is(error.code, "engine-failed");
  assert.match(error.message, /^on this processor sums depend on the number of threads/);
  assert.is(error.help, "set threads 1");
});

test("cores that no process takes are threads of those there are", () => {
  const many = process.arch === "x64";
  assert.equal([1, 2, 4].map((lanes) => threadsFor(lanes, 2)), many ? [2, 1, 1] : [1, 1, 1]);
  assert.equal([1, 4].map((lanes) => threadsFor(lanes, 16)), many ? [8, 4] : [1, 1]);
});

test.run();
