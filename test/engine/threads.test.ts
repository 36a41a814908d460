/** Without this file threads whose sums differ could go unnoticed, or cores could stand idle. */
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { createEngine, threadsFor, threadsOfJob, workingLanes } from "../../runtime/engine/engine.ts";
import { failureOf, THREADS_DIFFER } from "../../runtime/engine/faults.ts";
import { threadsAgree } from "../../runtime/engine/lane_threads.ts";
import type { EngineOptions } from "../../runtime/engine/port.ts";
import { graphOf } from "../../runtime/passes/pass_part.ts";
import { createSessionEngine } from "../../runtime/session/session_engine.ts";
import { settingsFrom } from "../../runtime/session/start_settings.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Plan } from "../../src/ops/op.ts";
import { jobTargetOf } from "../../runtime/passes/graph_targets.ts";
import { partsOfProduct } from "../../runtime/processor.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { CPU, type Target } from "../../src/emit/target.ts";
import { openBytes } from "../emit/run_graph.ts";
import { hollowModel } from "./hollow_model.ts";
import { bitsOf, collect } from "./small_model.ts";

const NO_MODEL = { op: { op: "literal", columns: [], rows: [] }, inputs: [] } as unknown as Plan;

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

test("a job that leaves processes idle has their threads, if nobody said how many threads there are", () => {
  const options = { lanes: 4, threads: 2, batch: null, threadsByJob: true };
  const threads = (texts: number, tokens: number, allowed?: number): number => threadsOfJob(options, { texts, tokens }, allowed);
  assert.equal([threads(20, 2000), threads(1, 2000), threads(3, 2000), threads(20, 500), threads(20, 100)], [2, 8, 2, 4, 8]);
  assert.equal([threads(20, 2000, 1), threads(20, 2000, 2)], [8, 4], "memory leaves room for one process, or two");
  assert.is(threadsOfJob({ ...options, threadsByJob: false }, { texts: 1, tokens: 2000 }), 2);
  assert.equal([workingLanes({ texts: 1, tokens: 9 }, 4), workingLanes({ texts: 9, tokens: 600 }, 4)], [1, 2]);
});

test("only work that is worth to open its graph once more is given more threads", () => {
  const shape = { hidden: 1024, mlp: 4096, heads: 16, kvHeads: 4, headDim: 64, layers: 2, dtype: "bf16", features: 1024, active: 0.002 } as const;
  const [dense, mixed] = [hollowModel(shape), hollowModel({ ...shape, experts: { count: 4, perToken: 2 } })];
  for (const { remove } of [dense, mixed]) remove();
  const taps = [{ layer: 1, hook: "resid_post", sae: null }] as const;
  const op = { op: "forward", model: { name: "hollow", digest: "" }, taps, window: { first: null, last: null, of: "all" }, blocks: 2, slice: "after" } as const;
  const target = (tokens: number, options: Partial<EngineOptions> = {}, { spec } = dense): Target =>
    jobTargetOf(op, [{ ids: new Int32Array(tokens), wanted: new Uint32Array(1) }], { catalog: { spec: () => spec }, engine: { options: { lanes: 2, threads: 1, batch: null, threadsByJob: true, ...options } } });
  assert.is(target(100), CPU);
  assert.equal(target(4000), { ...CPU, threads: 2, parts: partsOfProduct(2) });
  assert.is(target(4000, {}, mixed), CPU, "products of experts have few rows");
  assert.is(target(4000, { threadsByJob: false }), CPU);
  assert.equal(target(4000, { target: { provider: "webgpu", dtype: "f16" } }), { provider: "webgpu", dtype: "f16" });
});

test("the graph that a job is run through is one for its threads, and not that of another job", async () => {
  const { spec, remove } = hollowModel({ hidden: 1024, mlp: 4096, heads: 16, kvHeads: 4, headDim: 64, layers: 2, dtype: "bf16", features: 1024, active: 0.002 });
  remove();
  const op = { op: "forward", model: { name: "hollow", digest: "" }, taps: [{ layer: 1, hook: "resid_post", sae: null }], window: { first: null, last: null, of: "all" }, blocks: 2, slice: "after" } as const;
  const context = { catalog: { spec: () => spec }, engine: { options: { lanes: 2, threads: 1, batch: null, threadsByJob: true } }, graphs: new Map(), guard: { on: false, passed: new Set() }, encodeKernel: "auto", residuals: false } as unknown as Parameters<typeof graphOf>[3];
  const graph = (lengths: readonly number[], lanes?: number): Promise<EmittedGraph> => graphOf(op, { guarded: false, throughResiduals: false }, lengths.map((length) => ({ ids: new Int32Array(length), wanted: new Uint32Array(1) })), context, lanes);
  const [alone, several, oneProcess] = [await graph([1000]), await graph([1000, 1000]), await graph([1000, 1000], 1)];
  assert.equal([alone, several, oneProcess].map(({ target }) => target?.threads ?? 1), [2, 1, 2]);
  assert.is.not(alone.key, several.key);
  assert.is(oneProcess.key, alone.key);
});

test("more threads than there are cores are not started", async () => {
  const engines = createSessionEngine({ lanes: 1 });
  const cores = availableParallelism();
  for (const [asked, threads] of [[256, cores], [1, 1], [null, threadsFor(1)]] as const) {
    const { engine } = await engines.forPlan(NO_MODEL, { ...settingsFrom({ ep: "cpu" }), threads: asked });
    assert.is(engine.options.threads, threads, String(asked));
    await engines.close();
  }
  assert.throws(() => settingsFrom({ threads: "999" }), (error: unknown) => error instanceof RangeError && error.message === "threads takes <int>|auto, 1 to 256");
});

test("a process runs a graph with the threads that it was emitted for, and gives the same bits", async () => {
  const { spec } = await readModel(join(EXAMPLES, "kjv/model"));
  const documents = [97, 12, 3].map((length) => ({ ids: Int32Array.from({ length }, (_, at) => (at * 7919) % 1000), wanted: Uint32Array.from({ length }, (_, at) => at) }));
  const engine = createEngine({ lanes: 1, threads: 1, batch: null });
  const run = async (target?: Target): Promise<unknown> => {
    const graph = emitForward(spec, [{ layer: 2, hook: "resid_post", sae: null }], { blocks: 3, slice: true, ...(target === undefined ? {} : { target }) });
    return bitsOf((await collect(engine, { ...graph, key: `${graph.key} ${target?.threads ?? 1}` }, 1, documents)).taps);
  };
  const tasks = (): number => (process.platform === "linux" ? readdirSync(`/proc/${engine.pids[0]}/task`).length : 0);
  const alone = await run();
  const before = tasks();
  assert.equal(await run({ ...CPU, threads: 4, parts: partsOfProduct(4) }), alone);
  if (process.platform === "linux") assert.ok(tasks() >= before + 3, `${before} threads became ${tasks()}`);
  await engine.close();
});

test.run();
