/** Without this file an edit of some tokens could change others by a bit, or depend on what a text is read beside. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../runtime/engine/engine.ts";
import { createLaneTexts } from "../../runtime/engine/lane_continuing.ts";
import { openSession } from "../../runtime/engine/lane_session.ts";
import type { Document, Engine, TapOutput } from "../../runtime/engine/port.ts";
import { placesOfEdits } from "../../runtime/passes/window.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { paddedLength } from "../../src/emit/padding.ts";
import { emitPredict } from "../../src/emit/predict.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { Editing, EmittedGraph, GraphEdit } from "../../src/emit/specs.ts";
import type { Window } from "../../src/ops/op.ts";
import { randomModel, randomSae } from "./random_weights.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-edited-places-"));
/** By batch and threads. */
const engines = new Map<string, Engine>();
test.after(async () => {
  await Promise.all([...engines.values()].map((engine) => engine.close()));
  rmSync(folder, { recursive: true });
});

const D = 64;
const bits = (values: Float32Array): string => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
const ids = (length: number, salt: number): Int32Array => Int32Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 100);
const model = randomModel(join(folder, "model.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 3 });
const read = randomSae(join(folder, "sae.bin"), { kind: "jumprelu", dIn: D, dSae: 300, layout: "in_out" });
const sae: SaeSpec = { ...read, decoder: { weight: read.encoder, layout: "out_in", dOut: D, scale: null, bias: null, skip: null } };
const whole: Window = { first: null, last: null, of: "all" };
const some = (...edits: readonly (Partial<GraphEdit> & { readonly window?: Window })[]): Editing => ({ edits: edits.map((edit) => ({ layer: 1, hook: "resid_post", sae, features: [3, 40, 299], how: "set", value: 2.5, special: false, ...edit })), specialIds: [1, 13] });

/** Lengths around blocks of attention and of products, and where the prompt of each ends. */
const TEXTS = [65, 64, 33, 17, 9, 2, 1].map((length, at) => ({ ids: ids(length, at + 1), boundary: Math.ceil(length / 2) }));

/** Every row of every text at layer 1, or at the end of the model, where it is edited so: [texts][rows], each as its bits. */
async function rowsOf(editing: Editing | null, { batch = null, slice = true, layer = 1, threads = 1 }: { readonly batch?: number | null; readonly slice?: boolean; readonly layer?: number; readonly threads?: number } = {}): Promise<readonly (readonly string[])[]> {
  const engine = engines.get(`${batch} ${threads}`) ?? createEngine({ lanes: 1, threads, batch });
  engines.set(`${batch} ${threads}`, engine);
  const made: string[][] = [];
  const documents = TEXTS.map((text): Document => ({ ids: text.ids, wanted: Uint32Array.from(text.ids.keys()), ...placesOfEdits(editing ?? {}, text.ids.length, text.boundary) }));
  const onDocument = (index: number, [output]: readonly TapOutput[]): void => void (made[index] = Array.from({ length: output!.values.length / D }, (_, row) => bits(output!.values.slice(row * D, (row + 1) * D))));
  const graph = emitForward(model, [{ layer, hook: "resid_post", sae: null }], { blocks: layer + 1, slice, target: { provider: "cpu", dtype: "f32", parts: threads }, ...(editing === null ? {} : { editing }) });
  await engine.forward(graph, 1, documents, { signal: new AbortController().signal, onProgress: () => {}, onDocument });
  return made;
}

const WINDOWS: readonly (readonly [Window, (position: number, text: { readonly length: number; readonly boundary: number }) => boolean])[] = [
  [{ ...whole, last: 2 }, (position, { length }) => position >= length - 2],
  [{ ...whole, first: 3 }, (position) => position < 3],
  [{ ...whole, of: "prompt" }, (position, { boundary }) => position < boundary],
  [{ ...whole, of: "continuation" }, (position, { boundary }) => position >= boundary],
  [{ first: 2, last: null, of: "continuation" }, (position, { boundary }) => position >= boundary && position < boundary + 2],
  [{ first: null, last: 5, of: "prompt" }, (position, { boundary }) => position >= boundary - 5 && position < boundary],
];

test("rows within a window have the bits of an edit of all tokens, and the others those of the model as it is", async () => {
  const [plain, all] = [await rowsOf(null), await rowsOf(some({}))];
  assert.ok(plain.flat().filter((row, at) => row !== all.flat()[at]).length > 150, "the edit shows nearly everywhere");
  for (const [window, inside] of WINDOWS) {
    const expected = TEXTS.map(({ ids: { length }, boundary }, text) => plain[text]!.map((row, position) => (inside(position, { length, boundary }) ? all[text]![position] : row)));
    assert.equal(await rowsOf(some({ window })), expected, JSON.stringify(window));
    assert.equal(await rowsOf(some({ window }), { slice: false, batch: 3 }), expected, JSON.stringify(window));
  }
});

test("what lies behind edits of several places has the same bits in any batch and with any threads; a window over everything is none, and one over nothing is no edit", async () => {
  const several = some({ layer: 0, window: WINDOWS[3]![0] }, { layer: 1, hook: "mlp_out", window: WINDOWS[0]![0], how: "add" }, { window: WINDOWS[3]![0], special: true }, { layer: 2, features: [7] });
  const expected = await rowsOf(several, { layer: 2 });
  for (const how of [{ batch: 3, slice: false }, { batch: 3, threads: 3 }]) assert.equal(await rowsOf(several, { layer: 2, ...how }), expected, JSON.stringify(how));
  assert.equal(await rowsOf(some({ window: { ...whole, first: 1000 } }), { layer: 2 }), await rowsOf(some({}), { layer: 2 }));
  assert.equal(await rowsOf(some({ window: { ...whole, last: 1, of: "continuation" }, how: "add", value: 0 }), { layer: 2 }), await rowsOf(null, { layer: 2 }));
});

test("a graph has an input for each window of an edit that is read, and none where all tokens are edited", () => {
  const inputs = ({ inputs: names }: EmittedGraph): readonly string[] => names.filter((name) => name.startsWith("edited"));
  const [one, other] = [WINDOWS[0]![0], WINDOWS[1]![0]];
  const editing = some({ window: one }, { window: other, layer: 0, special: true }, { window: { ...one } }, { layer: 0 });
  for (const graph of [emitPredict(model, undefined, undefined, editing), emitGenerate(model, undefined, undefined, "next", editing)]) assert.equal([...inputs(graph)].sort(), ["edited_0", "edited_1"]);
  assert.equal(inputs(emitForward(model, [{ layer: 0, hook: "resid_post", sae: null }], { blocks: 1, slice: true, editing })), ["edited_1"]);
  assert.equal(inputs(emitPredict(model, undefined, undefined, some({}, { special: true }))), []);
});

test("a continuation has the bits that its text has alone, whatever lengths are beside it and whatever has ended", async () => {
  const STEPS = 5;
  for (const window of [WINDOWS[3]![0], WINDOWS[4]![0], WINDOWS[5]![0], { ...whole, first: 10 }]) {
    const editing = some({ window }, { layer: 0, window: { ...whole, of: "prompt" }, how: "add" });
    const graph = emitGenerate(model, undefined, undefined, "logits", editing);
    const session = await openSession({ bytes: graph.bytes, caches: graph.caches, screenings: [] }, 1);
    let seen: readonly string[] = [];
    const watched = { ...session, run: async (feeds: Parameters<typeof session.run>[0]) => {
      const outputs = await session.run(feeds);
      const { data, dims } = outputs["logits"]!;
      seen = Array.from({ length: dims[0]! }, (_, row) => bits((data as Float32Array).slice(row * dims[1]!, (row + 1) * dims[1]!)));
      return outputs;
    } };
    const drawn = (rows: number) => ({ temperature: 1, topK: null, topP: null, cap: null, numbers: new Float64Array(rows).fill(0.4) });
    const prompts = TEXTS.map((text) => text.ids);
    const lanes = createLaneTexts();
    const begin = (some: readonly Int32Array[], rows: readonly number[]): Promise<unknown> => {
      const fed = some.length > 1 ? some : [some[0]!, some[0]!];
      return lanes.begin(1, watched, { ids: fed, columns: paddedLength(Math.max(...some.map(({ length }) => length))), rows: Uint32Array.from(rows), edited: fed.map(({ length }) => placesOfEdits(editing, length + STEPS, length).edited!) }, drawn(rows.length));
    };
    const alone: (readonly string[])[] = [];
    for (const prompt of prompts) {
      await begin([prompt], [0]);
      const own = [seen[0]!];
      for (let step = 1; step < STEPS; step++) {
        await lanes.step(1, undefined, drawn(1));
        own.push(seen[0]!);
      }
      alone.push(own);
      lanes.forget(1);
    }
    // In two calls, the second with two rows of one prompt; later rows leave.
    await begin(prompts.slice(0, 3), [0, 1, 2]);
    await begin(prompts.slice(3), [0, 1, 2, 3, 0]);
    let rows = [0, 1, 2, 3, 4, 5, 6, 3];
    for (let step = 1; step < STEPS; step++) {
      const keep = step === 2 ? Uint32Array.of(1, 4, 6, 7) : step === 4 ? Uint32Array.of(2) : undefined;
      if (keep !== undefined) rows = Array.from(keep, (row) => rows[row]!);
      await lanes.step(1, keep, drawn(rows.length));
      assert.equal(seen.slice(0, rows.length), rows.map((at) => alone[at]![step]), `${JSON.stringify(window)}, step ${step}`);
    }
    await session.release();
  }
});

test.run();
