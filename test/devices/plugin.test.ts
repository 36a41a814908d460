/**
 * Without this file the C API would be called by nobody before a plugin is there. It is the library of onnxruntime-node: what it computes
 * with its own CPU provider must have the bits that the binding gives.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openApi } from "../../runtime/engine/plugin/c_api.ts";
import { choose } from "../../runtime/engine/plugin/plugin_head.ts";
import { openSession } from "../../runtime/engine/lane_session.ts";
import * as ort from "onnxruntime-node";
import { inOrder } from "../../runtime/engine/lane_requests.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { Engine, TapOutput } from "../../runtime/engine/port.ts";
import { expertsIn } from "../../src/emit/block.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { openDevices, openPluginSession, type PluginDevice, type PluginTensor } from "../../runtime/engine/plugin/plugin_session.ts";
import { runtimeFolder } from "../../runtime/engine/providers.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { constant, createGraph, finish, input, node, output } from "../../src/emit/graph.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { randomModel, randomSae } from "../emit/random_weights.ts";
import { floats, forwardFeeds, generate, openGraph, triples } from "../emit/run_graph.ts";
import { ARCHITECTURES, keptPositions } from "../parity/kept_positions.ts";
import { readTensors, relativeErrors } from "../parity/tensors.ts";
import { folder } from "../session/open.ts";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const unavailable = process.platform === "win32" ? "SKIPPED: plugin providers are not called on Windows yet" : await import("koffi").then(() => null, () => "SKIPPED: the optional package koffi is not installed");
if (unavailable !== null) console.log(`\n${unavailable}`);
const check = unavailable === null ? test : test.skip;
const place = folder();
const model = randomModel(join(place, "model.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 12, mlpSize: 80, layers: 2, dtype: "bf16" });
const sae = randomSae(join(place, "sae.bin"), { kind: "jumprelu", dIn: 48, dSae: 300, layout: "in_out", dtype: "bf16" });
const api = unavailable === null ? await openApi(runtimeFolder()!, "1.30.0") : null;
const opened = api === null ? null : openDevices(api, null);
const cpu = opened?.devices.find(({ provider }) => provider === "CPUExecutionProvider");

check("a session over the C API has the bits of the binding's, and tells which provider took how many nodes", async () => {
  const graph = emitForward(model, [{ layer: 1, hook: "resid_post", sae }, { layer: 1, hook: "resid_post", sae: null }], { blocks: null, slice: true });
  const documents = [[1, 2, 3, 4, 5], [9, 8, 7]];
  const feeds = forwardFeeds(documents);
  const binding = await openGraph(graph);
  const theirs = await binding.run(feeds);
  const session = openPluginSession(api!, opened!.env, cpu!, graph.bytes, {}, 1);
  const own = Object.fromEntries(Object.entries(feeds).map(([name, { type, data, dims }]) => [name, { type, data, dims } as PluginTensor]));
  for (let round = 0; round < 3; round++) {
    const ours = await session.run(own);
    assert.equal(ours["tap1_dense"]!.data, floats(theirs, "tap1_dense"));
    assert.equal(ours["tap0_value"]!.data, floats(theirs, "tap0_value"));
    assert.equal(Array.from(ours["tap0_feature"]!.data, Number), triples(theirs).map(([, feature]) => feature));
    assert.equal(ours["tap1_dense"]!.dims, theirs["tap1_dense"]!.dims);
  }
  assert.equal(Object.keys(session.assignment), ["CPUExecutionProvider"]);
  assert.ok(session.assignment["CPUExecutionProvider"]!.length > 50);
  session.release();
});

/** A chain of products that takes seconds. */
function longWork(): { readonly bytes: Uint8Array; readonly x: PluginTensor } {
  const graph = createGraph("long");
  let x = input(graph, "x", "f32", [700, 700]);
  const matrix = constant(graph, "f32", [700, 700], new Float32Array(490_000).fill(1e-3));
  for (let i = 0; i < 150; i++) x = node(graph, `/product${i}`, "MatMul", [x, matrix]);
  output(graph, "y", x, "f32", [700, 700]);
  return { bytes: finish(graph, 0).bytes, x: { type: "float32", data: new Float32Array(490_000).fill(1), dims: [700, 700] } };
}

check("a running call is ended by terminate while the event loop goes on, and the session stays usable", async () => {
  const { bytes, x } = longWork();
  const session = openPluginSession(api!, opened!.env, cpu!, bytes, {}, 1);
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 1);
  setTimeout(() => session.terminate(), 30);
  await session.run({ x }).then(() => assert.unreachable("it should be ended"), (error: Error) => assert.match(error.message, /terminate/i));
  clearInterval(ticking);
  assert.ok(ticks > 2, `${ticks} ticks`);
  session.terminate();
  const { y } = await session.run({ x });
  assert.is(y!.dims.join(), "700,700");
  session.release();
});

check("a stop that reaches an engine process in the middle of a call ends it, and what waits is not begun", async () => {
  const { bytes, x } = longWork();
  const session = openPluginSession(api!, opened!.env, cpu!, bytes, {}, 1);
  const started = performance.now();
  await session.run({ x });
  const whole = performance.now() - started;
  let begun = 0;
  const replies: string[] = [];
  await new Promise<void>((resolve) => {
    const take = inOrder({
      reply: async ({ id }) => {
        begun++;
        return session.run({ x }).then(() => ({ kind: "done", id, outputs: {}, ms: 0 }), (error: Error) => ({ kind: "failed", id, opening: false, message: error.message }));
      },
      endRunning: session.terminate,
      send: ({ id, kind }) => {
        replies.push(`${id} ${kind}`);
        if (replies.length === 3) resolve();
      },
    });
    for (const id of [1, 2]) take({ kind: "run", id, graph: { key: "g", content: null }, feeds: {} });
    setTimeout(() => take({ kind: "stop", id: 3 }), whole / 10);
  });
  assert.equal(replies, ["3 done", "1 failed", "2 failed"]);
  assert.is(begun, 1);
  session.release();
});

check("a graph of an engine process on a plugin is ended in the middle, and runs again", async () => {
  const { bytes, x } = longWork();
  const content = { bytes, caches: [], screenings: [], target: { provider: "openvino", dtype: "bf16" } } as const;
  const session = await openSession(content, 1, "", async (asked, _, threads) => openPluginSession(api!, opened!.env, cpu!, asked, {}, threads));
  const feeds = { x: new ort.Tensor("float32", x.data as Float32Array, [...x.dims]) };
  session.end();
  const started = performance.now();
  const { y } = await session.run(feeds);
  const whole = performance.now() - started;
  assert.equal(y!.dims, [700, 700]);
  setTimeout(session.end, whole / 10);
  await session.run(feeds).then(() => assert.unreachable("it should be ended"), (error: Error) => assert.match(error.message, /terminate/i));
  assert.equal((await session.run(feeds))["y"]!.data, y!.data);
  await session.release();
});

check("a bad graph, a bad shape and a library that is none are errors, never a crash", async () => {
  assert.throws(() => openPluginSession(api!, opened!.env, cpu!, new Uint8Array([1, 2, 3]), {}, 1), /./);
  const { bytes } = longWork();
  const session = openPluginSession(api!, opened!.env, cpu!, bytes, {}, 1);
  await session.run({ x: { type: "float32", data: new Float32Array(4), dims: [2, 2] } }).then(() => assert.unreachable(), (error: Error) => assert.match(error.message, /dimension|shape|expected/i));
  session.release();
  assert.throws(() => openDevices(api!, "/nowhere/libplugin.so"), /./);
  await openApi(runtimeFolder()!, "1.29.0").then(() => assert.unreachable(), (error: Error) => assert.match(error.message, /is ONNX Runtime 1\.30\.0, not 1\.29\.0/));
});

const device = (provider: string, capabilities?: string): PluginDevice => ({ pointer: null, provider, facts: capabilities === undefined ? {} : { OPTIMIZATION_CAPABILITIES: capabilities } });

test("a plugin is used only on a device that says it computes in bfloat16", () => {
  assert.is(choose([device("CPUExecutionProvider"), device("X", "FP32 INT8"), device("Y", "FP32 BF16 INT8")]).provider, "Y");
  assert.throws(() => choose([device("CPUExecutionProvider")]), /offers no device for this processor/);
  assert.throws(() => choose([device("X", "FP32 FP16")]), /no device of the plugin computes in bfloat16: X \(FP32 FP16\)/);
  assert.throws(() => choose([device("X")]), /says nothing/);
});

/** Path of OpenVINO's plugin, as SAEQ_EP_LIBRARY names it (CI installs it from PyPI). */
check("a continuation goes through a plugin's session: its cache has the shapes that the graph declares", async () => {
  const target = { provider: "openvino", dtype: "bf16" } as const;
  // The processor's own provider, which stands in for a plugin's here, multiplies nothing in bfloat16.
  const plain = randomModel(join(place, "plain.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 12, mlpSize: 80, layers: 2, dtype: "f32" });
  const { bytes, caches } = emitGenerate(plain, target);
  const session = await openSession({ bytes, caches, screenings: [], target }, 1, "", async (asked, _, threads) => openPluginSession(api!, opened!.env, cpu!, asked, {}, threads));
  assert.equal(session.caches.map(({ name }) => name), ["past_key_0", "past_value_0", "past_key_1", "past_value_1"]);
  const asBinding = { inputMetadata: session.caches.map(({ name, dims }) => ({ name, isTensor: true, type: "float32", shape: dims })), run: session.run };
  const prompts = [[1, 2, 3, 4, 5, 6], [9, 8, 7, 6, 5, 4]];
  assert.equal(await generate(asBinding as never, prompts, 5), await generate(await openGraph(emitGenerate(plain)), prompts, 5));
  await session.release();
});

const library = process.env["SAEQ_EP_LIBRARY"] ?? "";
const offered = api === null || library === "" ? [] : openDevices(api, library).devices.filter(({ provider }) => provider !== "CPUExecutionProvider");
const without = unavailable ?? (library === "" ? "SKIPPED: SAEQ_EP_LIBRARY names no plugin" : offered.length === 0 ? "SKIPPED: the plugin offers no device for this processor" : !offered.some(({ facts }) => facts["OPTIMIZATION_CAPABILITIES"]?.includes("BF16")) ? "SKIPPED: this processor has no bfloat16" : null);
if (without !== null) console.log(`\n${without}: OpenVINO's plugin is not tested`);

(without === null ? test : test.skip)("OpenVINO in bfloat16: one subgraph, the SAE in float32, close to float32", async () => {
  const target = { provider: "openvino", dtype: "bf16" } as const;
  const engine = createEngine({ lanes: 1, threads: 2, batch: null, target, library });
  const host = createEngine({ lanes: 1, threads: 1, batch: null });
  const documents = Array.from({ length: 6 }, (_, d) => ({ ids: Int32Array.from({ length: 20 + d }, (_, i) => (i * 7 + d * 13) % 100), wanted: Uint32Array.from({ length: 19 }, (_, i) => i + 1) }));
  const taps = [{ layer: 1, hook: "resid_post", sae }, { layer: 1, hook: "resid_post", sae: null }] as const;
  const run = async (on: Engine, graph: EmittedGraph): Promise<(readonly TapOutput[])[]> => {
    const made: (readonly TapOutput[])[] = [];
    await on.forward(graph, 2, documents, { signal: new AbortController().signal, onProgress: () => {}, onDocument: (index, outputs) => (made[index] = outputs) });
    return made;
  };
  const [ours, theirs] = [await run(engine, emitForward(model, taps, { blocks: null, slice: true, target })), await run(host, emitForward(model, taps, { blocks: null, slice: true }))];
  await Promise.all([engine.close(), host.close()]);
  const flat = (made: typeof ours): Float32Array => Float32Array.from(made.flatMap((each) => [...each[1]!.values]));
  const [a, b] = [flat(ours), flat(theirs)];
  const error = Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / b.reduce((sum, value) => sum + value ** 2, 0));
  const fired = (made: typeof ours): Set<string> => new Set(made.flatMap(([each], number) => (each?.kind === "sparse" ? Array.from(each.indptr.subarray(1)).flatMap((to, row) => Array.from(each.indices.subarray(each.indptr[row]!, to), (feature) => `${number}:${row}:${feature}`)) : [])));
  const [x, y] = [fired(ours), fired(theirs)];
  const both = [...x].filter((at) => y.has(at)).length;
  const jaccard = both / (x.size + y.size - both);
  console.log(`\nOpenVINO bf16 against float32: residual ${error.toExponential(1)}, Jaccard of active features ${jaccard.toFixed(4)}`);
  assert.ok(jaccard > 0.9, `${jaccard}`);
  assert.ok(error > 1e-4 && error < 3e-2, `${error}`);
});

(without === null ? test : test.skip)("OpenVINO takes every architecture that it is not refused for as one subgraph, close to transformers, and continues texts", async () => {
  const target = { provider: "openvino", dtype: "bf16" } as const;
  for (const name of readdirSync(ARCHITECTURES)) {
    const at = join(ARCHITECTURES, name);
    const { spec } = await readModel(at);
    if (spec.blocks.some((block) => expertsIn(block) !== null || block.attention.kind !== "softmax")) continue;
    const { documents } = JSON.parse(readFileSync(join(at, "expected.json"), "utf8")) as { readonly documents: readonly (readonly number[])[] };
    const theirs = await readTensors(join(at, "expected.safetensors"));
    const [layer, d] = [spec.blocks.length - 1, spec.hiddenSize];
    const engine = createEngine({ lanes: 1, threads: 2, batch: null, target, library });
    const job = { signal: new AbortController().signal, onProgress: () => {} };
    const rows: Float32Array[] = [];
    await engine.forward(emitForward(spec, [{ layer, hook: "resid_post", sae: null }], { blocks: null, slice: true, target }), 1, documents.map((ids) => ({ ids: Int32Array.from(ids), wanted: Uint32Array.from(ids.keys()) })), { ...job, onDocument: (index, outputs) => (rows[index] = outputs[0]!.values) });
    const errors = documents
      .flatMap((ids, index) => relativeErrors(Float32Array.from(keptPositions(ids.length).flatMap((position) => [...rows[index]!.subarray(position * d, (position + 1) * d)])), theirs.get(`${index}.${layer}.resid_post`) as Float32Array, d))
      .sort((a, b) => a - b);
    assert.ok(errors[errors.length >> 1]! < 3e-2 && errors.at(-1)! < 0.2, `${name}: median ${errors[errors.length >> 1]}, worst ${errors.at(-1)}`);
    const continued: Int32Array[] = [];
    await engine.generate(emitGenerate(spec, target), [Int32Array.of(1, 2, 3, 4), Int32Array.of(9, 8, 7)], 3, { ...job, onDocument: (index, ids) => (continued[index] = ids) });
    assert.equal(continued.map(({ length }) => length), [3, 3], name);
    await engine.close();
  }
});

test.run();
