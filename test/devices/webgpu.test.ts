/**
 * Without this file WebGPU would be tested by whoever has a graphics card: here it runs on SwiftShader, a Vulkan driver in software,
 * with every node on the device (the engine forbids the fallback) and results held against transformers and against the CPU.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { readSae } from "../../runtime/checkpoint/sae.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { Document, Engine, TapOutput } from "../../runtime/engine/port.ts";
import { placesOfEdits } from "../../runtime/passes/window.ts";
import { emitEncode } from "../../src/emit/encode.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { EmittedGraph, GraphEdit, GraphTap } from "../../src/emit/specs.ts";
import { CPU, type Target } from "../../src/emit/target.ts";
import { randomSae } from "../emit/random_weights.ts";
import { familyModel } from "../docs/outside_checkpoints.ts";
import { readTensors, relativeErrors } from "../parity/tensors.ts";
import { bits, folder, open, run } from "../session/open.ts";
import { absent, SWIFTSHADER } from "./swiftshader.ts";

const WEBGPU: Target = { provider: "webgpu", dtype: "f32" };
const fixtures = join(import.meta.dirname, "../parity/fixtures");
const place = folder();
const check = absent === null ? test : test.skip;
if (absent !== null) console.log(`\n${absent}: WebGPU is not tested`);
Object.assign(process.env, absent === null ? SWIFTSHADER : {});

const engine = createEngine({ lanes: 1, threads: 1, batch: null, target: WEBGPU });
const host = createEngine({ lanes: 1, threads: 1, batch: null });
const job = { signal: new AbortController().signal, onProgress: () => {} };

async function forward(on: Engine, graph: EmittedGraph, taps: number, documents: readonly Document[]): Promise<(readonly TapOutput[])[]> {
  const made: (readonly TapOutput[])[] = [];
  await on.forward(graph, taps, documents, { ...job, onDocument: (index, outputs) => (made[index] = outputs) });
  return made;
}

type Sparse = TapOutput & { readonly kind: "sparse" };
const entries = ({ indptr, indices, values }: Sparse): Map<string, number> =>
  new Map(Array.from(indptr.subarray(1), (to, row) => Array.from(indices.subarray(indptr[row]!, to), (feature, i): [string, number] => [`${row}:${feature}`, values[indptr[row]! + i]!])).flat());

/** Active sets must be equal; an entry on one side alone must be closer to its threshold than the device's error. The count of such flips. */
function flips(ours: Sparse, theirs: Sparse, thresholdOf: (feature: number) => number): number {
  const [a, b] = [entries(ours), entries(theirs)];
  let count = 0;
  for (const [one, other] of [[a, b], [b, a]] as const) {
    for (const [at, value] of one) {
      const twin = other.get(at);
      if (twin !== undefined) assert.ok(Math.abs(twin - value) <= 1e-4 * Math.abs(value) + 1e-5, `${at}: ${value} and ${twin}`);
      else {
        const margin = value - thresholdOf(Number(at.split(":")[1]));
        assert.ok(margin <= 1e-4 * Math.abs(value) + 1e-5, `${at} is active on one side only, ${margin} above its threshold`);
        count++;
      }
    }
  }
  return count;
}

for (const name of ["llama3_rope", "half_24"]) {
  check(`residuals of ${name} on WebGPU equal transformers`, async () => {
    const model = join(fixtures, "models", name);
    const { spec } = await readModel(model);
    const { documents } = JSON.parse(readFileSync(join(model, "expected.json"), "utf8")) as { readonly documents: readonly (readonly number[])[] };
    const theirs = await readTensors(join(model, "expected.safetensors"));
    const layer = spec.blocks.length - 1;
    const made = await forward(engine, emitForward(spec, [{ layer, hook: "resid_post", sae: null }], { blocks: null, slice: true, target: WEBGPU }), 1, documents.map((ids) => ({ ids: Int32Array.from(ids), wanted: Uint32Array.from(ids.keys()) })));
    for (const [number] of documents.entries()) {
      const errors = [...relativeErrors(made[number]![0]!.values, theirs.get(`doc${number}.layer${layer}`)!, spec.hiddenSize)].sort((a, b) => a - b);
      assert.ok(errors[errors.length >> 1]! <= 1e-5 && errors.at(-1)! <= 1e-4, `document ${number}: median ${errors[errors.length >> 1]}, worst ${errors.at(-1)}`);
    }
  });
}

// Half of the features of these SAEs are active: more than the places that are asked for at first, so each job redoes a batch.
for (const kind of ["standard", "jumprelu", "gated", "topk", "groupmax"] as const) {
  check(`features of a ${kind} SAE on WebGPU equal the CPU's, with more active than were asked for`, async () => {
    const sae = randomSae(join(place, `${kind}.bin`), { kind, dIn: 40, dSae: 720, layout: "out_in", normalize: kind === "standard" ? "layer_norm" : kind === "jumprelu" ? "constant_norm_rescale" : "none" });
    const residual = Float32Array.from({ length: 5 * 40 }, (_, i) => Math.sin(i * 12.9898) * 3);
    const [ours, theirs] = (await Promise.all([engine.encode(emitEncode(sae, null, WEBGPU), residual, 40, job.signal), host.encode(emitEncode(sae), residual, 40, job.signal)])) as [Sparse, Sparse];
    assert.ok(theirs.indices.length > (kind === "topk" || kind === "groupmax" ? 20 : 5 * 128), `${theirs.indices.length} active`);
    assert.is(flips(ours, theirs, () => 0) <= 1, true);
    assert.equal(Array.from(ours.indptr).length, Array.from(theirs.indptr).length);
  });
}

check("features and the activations that they come from leave WebGPU in one pass, as the guard asks", async () => {
  const { spec } = await readModel(join(fixtures, "models", "gqa"));
  const d = spec.hiddenSize;
  const sae = randomSae(join(place, "guarded.bin"), { kind: "jumprelu", dIn: d, dSae: 300, layout: "out_in" });
  const last = { layer: spec.blocks.length - 1, hook: "resid_post" } as const;
  const taps: readonly GraphTap[] = [{ ...last, sae }, { ...last, sae: null }];
  const documents = [7, 3].map((length, at): Document => ({ ids: Int32Array.from({ length }, (_, i) => (i * 11 + at) % 90), wanted: Uint32Array.from({ length: length - 1 }, (_, i) => i + 1) }));
  const [ours, theirs] = await Promise.all(([[engine, WEBGPU], [host, CPU]] as const).map(([on, target]) => forward(on, emitForward(spec, taps, { blocks: null, slice: true, target }), 2, documents))) as [(readonly TapOutput[])[], (readonly TapOutput[])[]];
  for (const [number] of documents.entries()) {
    const [a, b] = [ours[number] as [Sparse, TapOutput], theirs[number] as [Sparse, TapOutput]];
    assert.ok(b[0].indices.length > 0 && flips(a[0], b[0], (feature) => sae.threshold?.[feature] ?? 0) <= 1);
    const errors = [...relativeErrors(a[1].values, b[1].values, d)].sort((x, y) => x - y);
    assert.ok(errors.length === documents[number]!.wanted.length && errors.at(-1)! <= 1e-4, `document ${number}: worst ${errors.at(-1)}`);
  }
});

for (const name of ["llama_stacked", "gpt2_topk_by_norm", "llama_layer_norm", "neox_topk_mlp"]) {
  check(`${name}: what an edited model reads on WebGPU is what forward hooks in transformers make of it`, async () => {
    const at = join(import.meta.dirname, "../parity/edits", name);
    const expected = JSON.parse(readFileSync(join(at, "expected.json"), "utf8")) as { readonly model: string; readonly special: readonly number[]; readonly documents: readonly (readonly number[])[]; readonly edits: readonly (Omit<GraphEdit, "sae"> & { readonly sae: number })[] };
    const { spec } = await readModel(join(at, "../../architectures", expected.model));
    const saes = await Promise.all(expected.edits.map(({ sae }) => readSae(join(at, `sae${sae}`), { convention: "saelens" })));
    const editing = { edits: expected.edits.map((edit, i) => ({ ...edit, sae: saes[i]! })), specialIds: expected.special };
    const theirs = await readTensors(join(at, "expected.safetensors"));
    const layer = spec.blocks.length - 1;
    const made = await forward(engine, emitForward(spec, [{ layer, hook: "resid_post", sae: null }], { blocks: null, slice: true, target: WEBGPU, editing }), 1, expected.documents.map((ids) => ({ ids: Int32Array.from(ids), wanted: Uint32Array.from(ids.keys()) })));
    for (const [number] of expected.documents.entries()) {
      const errors = [...relativeErrors(made[number]![0]!.values, theirs.get(`${number}.${layer}.resid_post`)!, spec.hiddenSize)].sort((a, b) => a - b);
      assert.ok(errors[errors.length >> 1]! <= 1e-5 && errors.at(-1)! <= 1e-4, `document ${number}: median ${errors[errors.length >> 1]}, worst ${errors.at(-1)}`);
    }
  });
}

check("what is edited at some places of what a model reads and writes on WebGPU is what it is on the CPU, whatever lengths go on together and whatever has ended", async () => {
  const at = join(import.meta.dirname, "../parity/edit_places/neox_written");
  const expected = JSON.parse(readFileSync(join(at, "expected.json"), "utf8")) as { readonly model: string; readonly special: readonly number[]; readonly edits: readonly (Omit<GraphEdit, "sae"> & { readonly sae: number })[] };
  const { spec } = await readModel(join(import.meta.dirname, "../parity/architectures", expected.model));
  const sae = await readSae(join(at, "sae0"), { convention: "saelens" });
  const [first] = expected.edits;
  const windows = [{ first: 2, last: null, of: "continuation" }, { first: null, last: 3, of: "prompt" }] as const;
  const prompts = [40, 40, 19, 3, 3, 1].map((length, salt) => Int32Array.from({ length }, (_, i) => (i * (salt % 4 === 0 ? 11 : 7) + 3) % 60));
  const written: string[] = [];
  for (const chosen of [windows, windows.slice(0, 1), windows.slice(1)]) {
    const editing = { edits: chosen.map((window) => ({ ...first!, sae, how: "add" as const, value: 40, special: false, window })), specialIds: expected.special };
    const made: Int32Array[][] = [[], []];
    const asked = { ...job, limits: { lanes: 1, tokens: 80, rows: 32 }, edited: (length: number) => placesOfEdits(editing, length + 5, length).edited!, ends: (index: number, ids: Int32Array) => index % 2 === 0 && ids.length === 2 };
    for (const [side, [on, target]] of ([[engine, WEBGPU], [host, CPU]] as const).entries()) await on.generate(emitGenerate(spec, target, undefined, "next", editing), prompts, 5, { ...asked, onDocument: (index, ids) => (made[side]![index] = ids) });
    assert.equal(made[0]!.map(({ length }) => length), [2, 5, 2, 5, 2, 5]);
    assert.equal(made[0], made[1]);
    written.push(made[0]!.join());
  }
  assert.is(new Set(written).size, 3, "each place shows");
});

for (const folder of ["fixtures/models/gqa", "architectures/qwen3_5_shared", "architectures/lfm2_short", "architectures/gemma3_local"]) {
  check(`greedy continuations of ${folder} on WebGPU equal the CPU's: prompts of many lengths, some of them twice, go on together, and what is kept of them stays on the device`, async () => {
    const { spec } = await readModel(join(import.meta.dirname, "../parity", folder));
    const prompts = [40, 40, 19, 3, 3, 1].map((length, at) => Int32Array.from({ length }, (_, i) => (i * (at % 4 === 0 ? 11 : 7) + 3) % 60));
    const made: Int32Array[][] = [[], []];
    // In two calls or more; half of the texts end after two tokens, and leave.
    const asked = { ...job, limits: { lanes: 1, tokens: 80, rows: 32 }, ends: (index: number, ids: Int32Array) => index % 2 === 0 && ids.length === 2 };
    for (const [at, [on, target]] of ([[engine, WEBGPU], [host, CPU]] as const).entries()) {
      const graph = emitGenerate(spec, target);
      assert.ok(graph.unlike !== undefined);
      await on.generate(graph, prompts, 5, { ...asked, onDocument: (index, ids) => (made[at]![index] = ids) });
    }
    assert.equal(made[0]!.map(({ length }) => length), [2, 5, 2, 5, 2, 5]);
    assert.equal(made[0], made[1]);
  });
}

check("a graph with a node that has no kernel is refused, by the node's name, and nothing falls back", async () => {
  const graph = { ...emitEncode(randomSae(join(place, "dense.bin"), { kind: "standard", dIn: 8, dSae: 20, layout: "out_in" })), target: WEBGPU };
  const error = await engine.encode(graph, new Float32Array(16), 8, job.signal).then(() => assert.unreachable() as never, (cause) => cause);
  assert.is(error.code, "no-provider");
  assert.match(error.message, /NonZero at \/taps\/0/);
});

check("float16 without shader-f16 is told, with the setting to change", async () => {
  const sae: SaeSpec = await readSae(join(import.meta.dirname, "../../examples/kjv/sae"), { convention: null });
  const { spec } = await readModel(join(import.meta.dirname, "../../examples/kjv/model"));
  const tap: GraphTap = { layer: 0, hook: "resid_post", sae };
  const graph = emitForward(spec, [tap], { blocks: null, slice: true, target: { provider: "webgpu", dtype: "f16" } });
  const error = await forward(engine, graph, 1, [{ ids: Int32Array.of(1, 2, 3), wanted: Uint32Array.of(1) }]).then(() => assert.unreachable() as never, (cause) => cause);
  assert.is(error.code, "no-provider");
  assert.match(error.message, /does not support float16/);
  assert.match(error.help, /set dtype f32/);
});

check("the whole query on WebGPU: the same features as on the CPU, and each result says where it was computed", async () => {
  const rows = process.env["CI"] === "true" ? 10 : 1;
  const session = await open({ interactive: true, engine: {} });
  const query = `sample perfect ${rows} | acts layer 7 | tee (top 10)`;
  const first = await run(session, query);
  const second = await run(session, `set ep webgpu\n${query}`);
  const back = await run(session, `set ep cpu\n${query}`);
  const [cpu, gpu, again] = [first, second, back].map(({ values, outcome }) => {
    const value = values.at(-1);
    if (value?.kind !== "acts") throw new Error(JSON.stringify(outcome.diagnostics));
    return value;
  }) as [never, never, never] as readonly { readonly taps: readonly { readonly csr: Sparse }[] }[];
  const header = (events: typeof first.events): string => events.flatMap((event) => (event.kind === "result" ? [event.header] : [])).join();
  assert.match(header(second.events), /float32 on WebGPU/);
  assert.match(header(back.events), /float32 on CPU/);
  assert.is(bits(cpu), bits(again), "another device in between changes nothing");
  const [ours, theirs] = [gpu!.taps[0]!.csr, cpu!.taps[0]!.csr];
  const count = flips({ ...ours, kind: "sparse" }, { ...theirs, kind: "sparse" }, () => 0);
  assert.ok(theirs.indices.length > rows * 2000 && count <= 2, `${count} flips of ${theirs.indices.length}`);
  await session.close();
});

check("a model with experts is refused before anything runs, for every question that reaches them, and nothing moves to the processor", async () => {
  const model = join(place, "experts");
  familyModel(model, "qwen3_moe_single", "qwen");
  const session = await open({ engine: {} });
  const start = `set ep webgpu\nset model ${JSON.stringify(model)}\nprompts "the word", "by the sea"`;
  for (const query of ["resid layer 1", "memorize prefix 1 continue 1 of text", "resid layer 1 | explain"]) {
    const { codes, outcome, values } = await run(session, `${start} | ${query}`);
    assert.equal(codes, ["no-provider"], query);
    assert.match(outcome.diagnostics[0]!.message, /WebGPU does not compute qwen3_moe: layer 1 chooses experts/);
    assert.is(outcome.diagnostics[0]!.help, "set ep cpu");
    assert.is(values.length, 0);
  }
  // The dense layer before them is as good there as anywhere.
  assert.equal((await run(session, `${start} | resid layer 0`)).codes, []);
  await session.close();
});

test("finish", () => Promise.all([engine.close(), host.close()]).then(() => {}));

test.run();
