/** Without this file graphs for devices that no test machine has would be seen first by whoever has one: their forms run on the CPU here. */
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { windowFeeds } from "../../runtime/engine/edited_places.ts";
import { placesOfEdits } from "../../runtime/passes/window.ts";
import { compacted, placesToAsk, tooFew } from "../../runtime/engine/compaction.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitForward, forwardGraph } from "../../src/emit/forward.ts";
import { emitGenerate, generateGraph } from "../../src/emit/generate.ts";
import { createGraph, finish, input, nodes, output, printGraph } from "../../src/emit/graph.ts";
import { withElement } from "../../src/emit/lowering/element.ts";
import { elementsOf } from "../../src/emit/lowering/facts.ts";
import { attentionFromPrimitives } from "../../src/emit/lowering/group_query.ts";
import { lowered } from "../../src/emit/lowering/lower.ts";
import { rewrite } from "../../src/emit/lowering/rewrite.ts";
import { siluFromPrimitives } from "../../src/emit/lowering/activation.ts";
import { DTYPES, targetClass, PROVIDERS, SUPPORTED, type Target } from "../../src/emit/target.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { Editing, EmittedGraph } from "../../src/emit/specs.ts";
import { randomModel, randomSae } from "../emit/random_weights.ts";
import { floats, forwardFeeds, generate, int64, openBytes, triples, type Outputs } from "../emit/run_graph.ts";
import { folder } from "../session/open.ts";

const place = folder();
const model = randomModel(join(place, "model.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 12, mlpSize: 80, layers: 2, dtype: "bf16" });
const sae = randomSae(join(place, "sae.bin"), { kind: "jumprelu", dIn: 48, dSae: 300, layout: "in_out", dtype: "bf16" });
const documents = [Array.from({ length: 37 }, (_, i) => (i * 7) % 100), Array.from({ length: 11 }, (_, i) => (i * 13 + 5) % 100)];
const taps = [{ layer: 1, hook: "resid_post", sae }, { layer: 1, hook: "resid_post", sae: null }] as const;
const options: ort.InferenceSession.SessionOptions = { graphOptimizationLevel: "basic", enableCpuMemArena: false, intraOpNumThreads: 1, logSeverityLevel: 3, extra: { session: { model_external_initializers_file_folder_path: "/" } } };

/** Both parts of a graph on the CPU, as the engine's process runs them. */
async function runParts(graph: EmittedGraph, feeds: Record<string, ort.Tensor>): Promise<Outputs> {
  const head = await ort.InferenceSession.create(graph.bytes, options);
  const compactions = graph.tail?.compactions ?? [];
  const asked = Object.fromEntries(Object.entries(placesToAsk(compactions, 300)).map(([name, value]) => [name, int64([value], [1])]));
  const all: Record<string, ort.Tensor> = { ...feeds, ...asked, start: new ort.Tensor("int32", Int32Array.of(0), [1]) };
  const outputs = await head.run(Object.fromEntries(head.inputNames.map((name) => [name, all[name]!])));
  if (graph.tail === undefined) return outputs;
  assert.is(tooFew(outputs, compactions, 300), null);
  const tail = await ort.InferenceSession.create(graph.tail.bytes, options);
  const made: Record<string, ort.Tensor> = { ...outputs };
  for (const [name, { type, data, dims }] of Object.entries(compacted(outputs, compactions))) made[name] = new ort.Tensor(type as "float32", data as Float32Array, dims);
  return { ...outputs, ...(await tail.run(Object.fromEntries(tail.inputNames.map((name) => [name, made[name]!])))) };
}

const forward = (target: Target): EmittedGraph => emitForward(model, taps, { blocks: null, slice: true, target });
const error = (a: Float32Array, b: Float32Array): number => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / b.reduce((sum, value) => sum + value ** 2, 0));
const exact = await runParts(forward({ provider: "cpu", dtype: "f32" }), forwardFeeds(documents));

const places = (outputs: Outputs): Set<string> => new Set(triples(outputs).map(([row, feature]) => `${row}:${feature}`));
const jaccard = (a: Set<string>, b: Set<string>): number => {
  const both = [...a].filter((at) => b.has(at)).length;
  return both / (a.size + b.size - both);
};

for (const [target, most, least] of [
  [{ provider: "cuda", dtype: "f32" }, 1e-6, 1],
  [{ provider: "webgpu", dtype: "f32" }, 1e-6, 1],
  [{ provider: "cuda", dtype: "f16" }, 2e-3, 0.99],
  [{ provider: "webgpu", dtype: "f16" }, 2e-3, 0.99],
] as const) {
  test(`the form for ${target.provider} in ${target.dtype} computes what the plain graph does, within the number type`, async () => {
    const outputs = await runParts(forward(target), forwardFeeds(documents));
    const found = error(floats(outputs, "tap1_dense"), floats(exact, "tap1_dense"));
    assert.ok(found <= most, `${found}`);
    assert.ok(target.dtype === "f32" || found > 1e-5, "half precision shows: the model is not computed in float32");
    const same = jaccard(places(outputs), places(exact));
    assert.ok(same >= least, `Jaccard ${same}`);
  });
}

for (const [kind, layout] of [["jumprelu", "in_out"], ["topk", "out_in"], ["groupmax", "in_out"], ["gated", "out_in"]] as const) {
  test(`a model that a ${kind} SAE edits: the forms for devices compute what the plain graph does, the edit in float32`, async () => {
    const read = randomSae(join(place, `edit ${kind}.bin`), { kind, dIn: 48, dSae: 288, layout, dtype: "bf16", normalize: kind === "gated" ? "layer_norm" : "none" });
    const editor: SaeSpec = { ...read, decoder: { weight: read.encoder, layout: layout === "in_out" ? "out_in" : "in_out", dOut: 48, scale: null, bias: null, skip: null } };
    const editing: Editing = { edits: [{ layer: 0, hook: "resid_post", sae: editor, features: [2, 7, 60], how: "set", value: 1.5, special: false }, { layer: 1, hook: "mlp_out", sae: editor, features: [9], how: "add", value: 0.5, special: true, window: { first: null, last: 5, of: "all" } }], specialIds: [0, 5] };
    const feeds = forwardFeeds(documents);
    const inside = windowFeeds(documents.map(({ length }) => placesOfEdits(editing, length, null).edited), feeds["input_ids"]!.dims[1]!);
    for (const [name, { data, dims }] of Object.entries(inside)) feeds[name] = new ort.Tensor("float32", data, dims);
    const form = (target: Target): EmittedGraph => emitForward(model, taps, { blocks: null, slice: true, target, editing });
    const reference = await runParts(form({ provider: "cpu", dtype: "f32" }), feeds);
    assert.ok(error(floats(reference, "tap1_dense"), floats(exact, "tap1_dense")) > 1e-2, "the edits show");
    // Half precision decides a few activations otherwise.
    for (const [target, most] of [[{ provider: "cuda", dtype: "f32" }, 1e-6], [{ provider: "webgpu", dtype: "f32" }, 1e-6], [{ provider: "cuda", dtype: "f16" }, 2e-2], [{ provider: "webgpu", dtype: "f16" }, 2e-2]] as const) {
      const found = error(floats(await runParts(form(target), feeds), "tap1_dense"), floats(reference, "tap1_dense"));
      assert.ok(found <= most, `${targetClass(target)}: ${found}`);
    }
  });

  test(`a ${kind} SAE edits on WebGPU by operators that have kernels there for float32`, () => {
    const read = randomSae(join(place, `kernels ${kind}.bin`), { kind, dIn: 48, dSae: 288, layout });
    const editor: SaeSpec = { ...read, decoder: { weight: read.encoder, layout: "out_in", dOut: 48, scale: null, bias: null, skip: null } };
    const editing: Editing = { edits: [{ layer: 0, hook: "resid_post", sae: editor, features: [2, 60], how: "set", value: 0, special: false, window: { first: 2, last: null, of: "all" } }], specialIds: [0] };
    const graph = forwardGraph(model, [taps[1]], { blocks: 2, slice: true, editing });
    const elements = elementsOf(graph);
    const own = graph.nodes.filter(({ name }) => name.startsWith("/edits/"));
    assert.ok(own.length > 5);
    // As tried in test/devices/webgpu.test.ts: whole numbers are indices only, and nothing is counted in them.
    const known = new Set(["Add", "Sub", "Mul", "Div", "Sqrt", "Where", "Gather", "Gemm", "Slice", "Cast", "Concat", "Reshape", "Greater", "GreaterOrEqual", "LessOrEqual", "Or", "Not", "ReduceSum", "Pad"]);
    assert.equal(own.filter(({ op }) => !known.has(op)).map(({ op }) => op), []);
    assert.equal(own.filter(({ outputs }) => outputs.some((name) => elements.get(name) === "i64")).map(({ name }) => name), []);
  });
}

test("the form for OpenVINO: norms and attention from standard operators, the whole encoder on the CPU in float32", async () => {
  const plain = randomModel(join(place, "plain.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 12, mlpSize: 80, layers: 2, dtype: "f32" });
  const [graph, reference] = ([{ provider: "openvino", dtype: "bf16" }, { provider: "cpu", dtype: "f32" }] as const).map((target) => emitForward(plain, taps, { blocks: null, slice: true, target })) as [EmittedGraph, EmittedGraph];
  const [ours, theirs] = [await runParts(graph, forwardFeeds(documents)), await runParts(reference, forwardFeeds(documents))];
  assert.ok(error(floats(ours, "tap1_dense"), floats(theirs, "tap1_dense")) <= 1e-6);
  assert.equal(places(ours), places(theirs));
  assert.is(countOf(graph, "GroupQueryAttention") + countOf(graph, "RMSNormalization") + countOf(graph, "NonZero"), 0);
  assert.ok(graph.tail!.nodes > 5);
});

test("a bfloat16 weight is multiplied as it is stored, rows cast to it, with nothing of it in float32", () => {
  const head = emitForward(model, [taps[1]], { blocks: null, slice: true, target: { provider: "openvino", dtype: "bf16" } });
  const gemms = forwardGraph(model, [taps[1]], { blocks: null, slice: true }).nodes.filter(({ op }) => op === "Gemm").length;
  assert.is(countOf(head, "Gemm"), 0);
  assert.is(countOf(head, "MatMul"), gemms + 2 * model.blocks.length);
});

test("continuations of the standard form, token after token with a cache, equal the fused operator's", async () => {
  const session = async (target: Target): Promise<ort.InferenceSession> => ort.InferenceSession.create(emitGenerate(model, target).bytes, options);
  const fused = await session({ provider: "cpu", dtype: "f32" });
  const prompts = documents.map((ids) => ids.slice(0, 9));
  const expected = await generate(fused, prompts, 6);
  const standard = await session({ provider: "cuda", dtype: "f32" });
  const withStart = { inputMetadata: standard.inputMetadata, run: (feeds: Record<string, ort.Tensor>) => standard.run({ ...feeds, start: new ort.Tensor("int32", Int32Array.of(Number((feeds["total"]!.data as Int32Array)[0]) - Number((feeds["layout"]!.data as BigInt64Array)[1])), [1]) }) };
  assert.equal(await generate(withStart as ort.InferenceSession, prompts, 6), expected);
});

test("in bfloat16 no weight of the file is cast: it is mapped as it is stored", () => {
  // Heads of 16 columns need no padding, which CUDA does in float32.
  const even = randomModel(join(place, "even.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 80, layers: 2, dtype: "bf16" });
  const graph = forwardGraph(even, [taps[1]], { blocks: null, slice: true, target: { provider: "cuda", dtype: "bf16" } });
  const casts = (dtype: "bf16" | "f16"): number => countOf(lowered({ ...graph, target: { provider: "cuda", dtype } }, 0), "Cast");
  assert.ok(casts("f16") > casts("bf16") + 10, `${casts("f16")} and ${casts("bf16")}`);
});

test("in half precision the matrices of linear attention are float32, in the graph and between steps; what goes into the convolution is as the model", () => {
  const delta = { keyHeads: 1, valueHeads: 2, keyDim: 16, valueDim: 12, kernel: 4 } as const;
  const hybrid = randomModel(join(place, "hybrid.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 80, layers: 2, dtype: "bf16", delta });
  for (const [dtype, handed] of [["f16", "f16"], ["bf16", "f32"]] as const) {
    const graph = withElement(generateGraph(hybrid, { provider: "cuda", dtype }), dtype);
    const elements = elementsOf(graph);
    const kept = [...graph.inputs, ...graph.outputs].filter(({ name }) => /^(past|present)_/.test(name)).map(({ name, element }) => `${name} ${element}`);
    assert.equal(kept, ["past", "present"].flatMap((side) => [`${side}_conv_0 ${handed}`, `${side}_state_0 f32`, `${side}_key_1 ${handed}`, `${side}_value_1 ${handed}`]));
    const recurrence = graph.nodes.filter(({ op }) => op === "LinearAttention");
    assert.ok(recurrence.length === 1 && recurrence[0]!.inputs.every((name) => elements.get(name) === "f32"));
    assert.is(elements.get("/layers.0/attn/qkv"), dtype);
    // Only keys and values grow in place.
    assert.not.ok(graph.nodes.some(({ op, inputs }) => op === "Reshape" && inputs[0]!.startsWith("past_conv")));
  }
});

test("in half precision what goes into a short convolution is kept as the model is", () => {
  const convolving = randomModel(join(place, "convolving.bin"), { hiddenSize: 48, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 80, layers: 2, dtype: "bf16", convolution: 3 });
  for (const [dtype, handed] of [["f16", "f16"], ["bf16", "f32"]] as const) {
    const graph = withElement(generateGraph(convolving, { provider: "cuda", dtype }), dtype);
    const kept = [...graph.inputs, ...graph.outputs].filter(({ name }) => /^(past|present)_/.test(name)).map(({ name, element }) => `${name} ${element}`);
    assert.equal(kept, ["past", "present"].flatMap((side) => [`${side}_conv_0 ${handed}`, `${side}_key_1 ${handed}`, `${side}_value_1 ${handed}`]));
    assert.is(elementsOf(graph).get("/layers.0/attn/mixed"), dtype);
  }
});

test("SiLU as one operator of the CPU has the bits of the two that stand for it elsewhere, at every length and for every kind of number", async () => {
  const one = createGraph("one");
  output(one, "y", nodes(one, "/silu", { op: "QuickGelu", domain: "com.microsoft", inputs: [input(one, "x", "f32", ["n"])], attributes: { alpha: 1 } }, 1)[0]!, "f32", ["n"]);
  const two = rewrite(one, { QuickGelu: siluFromPrimitives });
  assert.equal(two.nodes.map(({ op }) => op).slice(0, 2), ["Sigmoid", "Mul"]);
  const [fused, apart] = await Promise.all([one, two].map((graph) => openBytes(finish(graph, 0).bytes)));
  const special = [0, -0, 1e-42, -1e-42, 1e-30, 88, -88, -104, 3.4e38, -3.4e38, Infinity, -Infinity, NaN];
  for (const length of [1, 2, 3, 15, 17, 4095, 4097, 9001]) {
    const x = Float32Array.from({ length }, (_, i) => (i % 29 === 7 ? special[i % special.length]! : 12 * Math.sin(i * i + length)));
    const [a, b] = await Promise.all([fused!, apart!].map(async (session) => new Uint8Array(floats(await session.run({ x: new ort.Tensor("float32", x, [length]) }), "y").slice().buffer)));
    assert.equal(a, b, `${length} numbers`);
  }
});

test("what leaves a device is small: counts, places and values of k features a row, never rows × features", () => {
  const wide = randomSae(join(place, "wide.bin"), { kind: "standard", dIn: 8, dSae: 9000, layout: "out_in" });
  const { tail } = emitEncode(wide, null, { provider: "webgpu", dtype: "f32" });
  assert.equal(tail?.compactions.map(({ width, values }) => [width, values.length]), [[4512, 1], [4488, 1]]);
  assert.equal(placesToAsk(tail!.compactions, 1024), { k4512: 1024, k4488: 1024 });
});

test("half precision changes no feature of an encoder, however wide: places are counted in float32", async () => {
  const file = join(place, "many.bin");
  const dense = randomSae(file, { kind: "jumprelu", dIn: 40, dSae: 6000, layout: "out_in" });
  const many = { ...dense, threshold: dense.threshold!.map((theta) => theta + 9) };
  const residual = new ort.Tensor("float32", Float32Array.from({ length: 5 * 40 }, (_, i) => 3 * Math.sin(i * 12.9898)), [5, 40]);
  const encoded = async (target: Target): Promise<unknown> => triples(await runParts(emitEncode(many, null, target), { residual }));
  const expected = await encoded({ provider: "webgpu", dtype: "f32" });
  assert.ok((expected as readonly unknown[]).length > 100);
  assert.equal(await encoded({ provider: "webgpu", dtype: "f16" }), expected);
});

test("the cache of a generation in bfloat16 is handed over in float32, which the binding can carry; in float16 as it is", () => {
  const cached = createGraph("cached", { provider: "cuda", dtype: "bf16" });
  const past = input(cached, "past_0_key", "f32", ["B", 2, "P", 4]);
  const x = input(cached, "x", "f32", ["B", 2, "S", 4]);
  output(cached, "present_0_key", nodes(cached, "/grown", { op: "Concat", inputs: [past, x], attributes: { axis: 2 } }, 1)[0]!, "f32", ["B", 2, "T", 4]);
  for (const [dtype, handed] of [["bf16", "f32"], ["f16", "f16"]] as const) {
    const made = withElement(cached, dtype);
    assert.is(made.inputs.find(({ name }) => name === "past_0_key")!.element, handed);
    assert.is(made.outputs.find(({ name }) => name === "present_0_key")!.element, handed);
    const elements = elementsOf(made);
    const inside = made.nodes.find(({ op }) => op === "Concat")!;
    assert.equal([...inside.inputs, ...inside.outputs].map((name) => elements.get(name)), [dtype, dtype, dtype], dtype);
    assert.is(elements.get("present_0_key"), handed);
    assert.is(new Set(made.nodes.map(({ name }) => name)).size, made.nodes.length, "every node has a name of its own");
  }
});

test("with CUDA large weights and wide encoders are multiplied whole, elsewhere in tiles, with the same results", async () => {
  const large = randomModel(join(place, "large.bin"), { hiddenSize: 2048, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 5000, layers: 1, dtype: "bf16" });
  const wide = randomSae(join(place, "wide_encoder.bin"), { kind: "jumprelu", dIn: 40, dSae: 20_000, layout: "in_out" });
  const products = (provider: "cuda" | "webgpu"): readonly number[] => {
    const target: Target = { provider, dtype: "f32" };
    return [countOf(emitForward(large, [{ layer: 0, hook: "resid_post", sae: null }], { blocks: null, slice: true, target }), "Gemm"), countOf(emitEncode(wide, null, target), "Gemm")];
  };
  assert.equal(products("cuda"), [7, 1]);
  assert.ok(products("webgpu").every((count, i) => count > products("cuda")[i]!), String(products("webgpu")));
  const sparse = { ...wide, threshold: wide.threshold!.map((theta) => theta + 9) };
  const residual = new ort.Tensor("float32", Float32Array.from({ length: 3 * 40 }, (_, i) => 3 * Math.cos(i * 7.77)), [3, 40]);
  const encoded = async (provider: "cpu" | "cuda"): Promise<unknown> => triples(await runParts(emitEncode(sparse, null, { provider, dtype: "f32" }), { residual }));
  assert.equal(await encoded("cuda"), await encoded("cpu"));
});

test("the standard form of attention has room for as many positions as the graph", () => {
  const long = { ...randomModel(join(place, "long.bin"), { hiddenSize: 16, heads: 2, kvHeads: 1, headDim: 8, mlpSize: 16, layers: 1, dtype: "f32" }), context: 20_000 };
  for (const [longest, room] of [[9000, 16_384], [19_000, 20_000], [10, 1024]] as const) {
    const made = rewrite(forwardGraph(long, [{ layer: 0, hook: "resid_post", sae: null }], { blocks: null, slice: true, longest }), { GroupQueryAttention: attentionFromPrimitives });
    const keys = made.nodes.find(({ name }) => name.startsWith("/hidden/") && name.endsWith("/keys"))!;
    assert.equal(made.initializers.get(keys.inputs[0]!)!.dims, [room], `${longest} tokens`);
  }
});

test("a row with more active features than were asked for is noticed, and how many to ask", () => {
  const compactions = [{ width: 500, k: "k500", count: "c", places: "p", at: "at", values: [{ device: "v", tail: "t" }] }];
  const outputs = (counts: readonly number[]) => ({ c: { data: Float32Array.from(counts), dims: [counts.length] } });
  assert.is(tooFew(outputs([3, 128]), compactions, 128), null);
  assert.is(tooFew(outputs([3, 129]), compactions, 128), 256);
  assert.is(tooFew(outputs([3, 500]), compactions, 512), null);
});

test("places become the pairs that NonZero gives, NaN among them", () => {
  const compactions = [{ width: 10, k: "k10", count: "c", places: "p", at: "at", values: [{ device: "v", tail: "t" }] }];
  const outputs = {
    c: { data: Float32Array.of(2, 0, 1), dims: [3] },
    p: { data: Float32Array.of(9, 3, 0, 0, 10, 0), dims: [3, 2] },
    v: { data: Float32Array.of(1.5, Number.NaN, 0, 0, 2.5, 0), dims: [3, 2] },
  };
  const made = compacted(outputs, compactions);
  assert.equal(Array.from(made["at"]!.data as BigInt64Array, Number), [0, 0, 2, 1, 7, 0]);
  assert.equal(Array.from(made["t"]!.data as Float32Array), [1.5, Number.NaN, 2.5]);
  assert.throws(() => compacted({ ...outputs, c: { data: Float32Array.of(2, 2, 1), dims: [3] } }, compactions), /counted/);
});

test("every numerics class has a name of its own", () => {
  const all = PROVIDERS.flatMap((provider) => DTYPES.filter((dtype) => SUPPORTED[provider].includes(dtype)).map((dtype) => targetClass({ provider, dtype })));
  assert.is(new Set(all).size, all.length);
});

test("graphs for the CPU are what they were: a device changes nothing there", () => {
  const graph = forwardGraph(model, taps, { blocks: null, slice: true });
  assert.match(printGraph(graph), /GroupQueryAttention/);
  assert.is(emitForward(model, taps, { blocks: null, slice: true }).key, forward({ provider: "cpu", dtype: "f32" }).key);
});

/** How often an operator's name stands in the bytes of a graph. */
function countOf(graph: EmittedGraph, op: string): number {
  return Buffer.from(graph.bytes).toString("latin1").split(`"${String.fromCharCode(op.length)}${op}`).length - 1;
}

test.run();
