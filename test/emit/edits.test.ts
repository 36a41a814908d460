/** Without this file an edited model could give other bits in a batch than alone, and read a feature otherwise than the SAE gives it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emitEncode } from "../../src/emit/encode.ts";
import { valuesOf } from "../../src/emit/feature_values.ts";
import { emitForward, forwardGraph } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { emitPredict } from "../../src/emit/predict.ts";
import { createGraph, finish, input, output, printGraph } from "../../src/emit/graph.ts";
import type { SaeKind, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { Editing, GraphEdit } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import type { Catalog } from "../../runtime/catalog/catalog.ts";
import { predictGraphOf } from "../../runtime/passes/predicting.ts";
import { randomModel, randomSae, type SaeShape } from "./random_weights.ts";
import { encodeRows, floats, forwardFeeds, generate, int64, openGraph, residuals } from "./run_graph.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-edits-"));
test.after(() => rmSync(folder, { recursive: true }));

const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);
const document = (length: number, salt: number): number[] => Array.from({ length }, (_, at) => (at * 7919 * salt + 13 * at * at + salt) % 100);
const D = 64;

/** An SAE that gives back what it reads, by directions that are its encoder's. */
function withDecoder(name: string, shape: Omit<SaeShape, "dIn">): SaeSpec {
  const sae = randomSae(join(folder, `${name}.bin`), { dIn: D, ...shape });
  return { ...sae, decoder: { weight: sae.encoder, layout: sae.encoderLayout === "in_out" ? "out_in" : "in_out", dOut: D, scale: Float32Array.from({ length: sae.dSae }, (_, i) => 0.5 + (i % 7) / 7), bias: null, skip: null } };
}

const SAES: readonly (readonly [string, Omit<SaeShape, "dIn">])[] = [
  ["standard", { kind: "standard", dSae: 300, layout: "in_out" }],
  ["jumprelu, layer norm", { kind: "jumprelu", dSae: 300, layout: "out_in", normalize: "layer_norm", dtype: "bf16" }],
  ["gated, rescaled", { kind: "gated", dSae: 144, layout: "in_out", normalize: "constant_norm_rescale" }],
  ["topk in two tiles", { kind: "topk", dSae: 9000, layout: "out_in", dtype: "bf16" }],
  ["topk", { kind: "topk", dSae: 96, layout: "in_out" }],
  ["groupmax", { kind: "groupmax", dSae: 480, layout: "out_in" }],
];

const edits = (sae: SaeSpec, more: Partial<GraphEdit> = {}): Editing => ({
  edits: [
    { layer: 1, hook: "resid_post", sae, features: [3, 40, sae.dSae - 1], how: "set", value: 0.75, special: false, ...more },
    { layer: 0, hook: "mlp_out", sae, features: [5], how: "add", value: -2, special: true, ...more },
  ],
  specialIds: [1, 13],
});

for (const [name, shape] of SAES) {
  test(`${name}: an edit reads of a feature the very value that its SAE gives`, async () => {
    const sae = withDecoder(name, shape);
    const rows = 40;
    const x = Float32Array.from({ length: rows * D }, (_, i) => Math.sin(i * 1.7) * (1 + (i % 11)));
    // A row of equal features: what is equal goes by its number.
    if (shape.kind === "topk" || shape.kind === "groupmax") x.fill(0, 0, D);
    const all = await encodeRows(emitEncode(sae), x, D);
    const active = [...new Set(all.map(([, feature]) => feature))];
    const features = [...new Set([0, ...active.slice(0, 3), active[active.length >> 1]!, active.at(-1)!, sae.dSae - 1])].sort((a, b) => a - b);
    for (const parts of [1, 3]) {
      const graph = createGraph("values", { ...CPU, parts });
      output(graph, "values", valuesOf(graph, "/edits/0", sae, input(graph, "x", "f32", ["N", D]), features), "f32", ["N", features.length]);
      const session = await openGraph(finish(graph, 0), parts);
      const { values } = await session.run({ x: new ort.Tensor("float32", x, [rows, D]) });
      await session.release();
      const expected = new Float32Array(rows * features.length);
      for (const [row, feature, value] of all) if (features.includes(feature)) expected[row * features.length + features.indexOf(feature)] = value;
      assert.ok(expected.some((value) => value > 0));
      assert.equal(bits(values!.data as Float32Array), bits(expected), `${parts} threads`);
    }
  });

  test(`${name}: an edited text has the same bits alone, among others, padded, as a prefix, cut, sliced and with any threads`, async () => {
    const sae = withDecoder(name, shape);
    const model = randomModel(join(folder, "model.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 4 });
    const tap = { layer: 2, hook: "resid_post", sae: null } as const;
    const documents = [1, 2, 17, 33, 64, 65, 9].map((length, at) => document(length, at + 1));
    let reference: readonly Float32Array[] | null = null;
    for (const [parts, blocks, slice] of [[1, 3, true], [1, 3, false], [1, null, true], [2, 3, true], [5, 4, false]] as const) {
      const session = await openGraph(emitForward(model, [tap], { blocks, slice, editing: edits(sae), target: { ...CPU, parts } }), parts);
      const together = await residuals(session, documents, D);
      reference ??= together;
      together.forEach((values, at) => assert.equal(bits(values), bits(reference![at]!), `document ${at}, ${parts} threads, blocks ${blocks}, slice ${slice}`));
      for (const [at, ids] of documents.entries()) assert.equal(bits((await residuals(session, [ids], D, at % 2 === 0 ? 140 : 0))[0]!), bits(reference[at]!), `document ${at} alone`);
      for (const length of [1, 2, 31, 64]) assert.equal(bits((await residuals(session, [documents[5]!.slice(0, length)], D))[0]!), bits(reference[5]!.slice(0, length * D)), `prefix of ${length}`);
      await session.release();
    }
    const plain = await openGraph(emitForward(model, [tap], { blocks: 3, slice: true }));
    assert.not.equal(bits((await residuals(plain, [documents[3]!], D))[0]!), bits(reference![3]!));
    await plain.release();
  });
}

test("rows that are wanted within the last block are edited as they are among all", async () => {
  const sae = withDecoder("inside", { kind: "jumprelu", dSae: 300, layout: "in_out" });
  const model = randomModel(join(folder, "inside_model.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 2 });
  for (const hook of ["resid_pre", "z", "attn_out", "resid_mid", "mlp_in", "mlp_out", "resid_post"] as const) {
    const editing = { ...edits(sae), edits: [{ ...edits(sae).edits[0]!, hook }] };
    const session = await openGraph(emitForward(model, [{ layer: 1, hook: "resid_post", sae: null }], { blocks: 2, slice: true, editing }));
    const feeds = forwardFeeds([document(40, 1)]);
    const all = floats(await session.run(feeds), "tap0_dense");
    for (const count of [2, 7]) {
      const wanted = Array.from({ length: count }, (_, at) => 40 - count + at);
      assert.equal(bits(floats(await session.run({ ...feeds, wanted: int64(wanted, [count]) }), "tap0_dense")), bits(all.slice(-count * D)), hook);
    }
    await session.release();
  }
});

test("special tokens are left as they are where it is not said otherwise", async () => {
  const sae = withDecoder("special", { kind: "standard", dSae: 300, layout: "in_out" });
  const model = randomModel(join(folder, "special_model.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 2 });
  const ids = [1, 5, 13, 20, 13];
  const read = async (editing?: Editing): Promise<readonly Float32Array[]> => {
    const session = await openGraph(emitForward(model, [{ layer: 1, hook: "resid_post", sae: null }], { blocks: 2, slice: true, ...(editing === undefined ? {} : { editing }) }));
    const [values] = await residuals(session, [ids], D);
    await session.release();
    return ids.map((_, at) => values!.slice(at * D, (at + 1) * D));
  };
  const only = (special: boolean): Editing => ({ ...edits(sae), edits: [{ ...edits(sae).edits[0]!, how: "add", value: 3, special }] });
  const [plain, counted, all] = [await read(), await read(only(false)), await read(only(true))];
  const moved = (rows: readonly Float32Array[]): readonly boolean[] => rows.map((row, at) => bits(row).some((word, i) => word !== bits(plain[at]!)[i]));
  assert.equal(moved(counted), [false, true, false, true, false]);
  assert.equal(moved(all), [true, true, true, true, true]);
});

test("continuations of an edited model have the same bits for any batch and threads, a token at a time", async () => {
  for (const kind of ["standard", "topk"] as const satisfies readonly SaeKind[]) {
    const sae = withDecoder(`continued ${kind}`, { kind, dSae: 300, layout: "in_out" });
    const model = randomModel(join(folder, "continued.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 3 });
    const prompts = [1, 2, 3, 4].map((salt) => document(11, salt));
    let first: readonly (readonly number[])[] | null = null;
    for (const parts of [1, 3]) {
      const session = await openGraph(emitGenerate(model, { ...CPU, parts }, undefined, "next", edits(sae)), parts);
      first ??= await generate(session, prompts, 8);
      assert.equal(await generate(session, prompts, 8), first);
      for (const [at, prompt] of prompts.entries()) assert.equal((await generate(session, [prompt, prompt], 8))[0], first[at]);
      await session.release();
    }
    // The whole text anew gives the same next token as the cache does.
    const session = await openGraph(emitGenerate(model, undefined, undefined, "next", edits(sae)));
    for (const length of [1, 5]) {
      const longer = [...prompts[0]!, ...first![0]!.slice(0, length)];
      assert.is((await generate(session, [longer, longer], 1))[0]![0], first![0]![length]);
    }
    await session.release();
  }
});

test("what an edited model predicts has the same bits for any batch, padding and threads, alone, and at a few positions", async () => {
  const model = randomModel(join(folder, "predicting.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 3 });
  const documents = [2, 17, 33, 64, 9].map((length, at) => document(length, at + 1));
  const hidden = async (session: ort.InferenceSession, texts: readonly (readonly number[])[], padTo = 0): Promise<readonly Float32Array[]> => {
    const all = floats(await session.run(forwardFeeds(texts, padTo)), "hidden");
    let at = 0;
    return texts.map((ids) => all.slice(at, (at += ids.length * D)));
  };
  const plain = await openGraph(emitPredict(model));
  const unedited = await hidden(plain, documents);
  await plain.release();
  for (const kind of ["standard", "topk"] as const satisfies readonly SaeKind[]) {
    const sae = withDecoder(`predicting ${kind}`, { kind, dSae: 300, layout: "in_out" });
    // Before the last block, and in it, where only the wanted rows are left.
    for (const layer of [1, 2]) {
      const editing = { ...edits(sae), edits: [{ ...edits(sae).edits[0]!, layer }, edits(sae).edits[1]!] };
      let reference: readonly Float32Array[] | null = null;
      for (const parts of [1, 3]) {
        const session = await openGraph(emitPredict(model, { ...CPU, parts }, undefined, editing), parts);
        const together = await hidden(session, documents);
        reference ??= together;
        for (const [at, ids] of documents.entries()) {
          assert.equal(bits(together[at]!), bits(reference[at]!), `${kind}, layer ${layer}, text ${at}, ${parts} threads`);
          assert.equal(bits((await hidden(session, [ids], at % 2 === 0 ? 140 : 0))[0]!), bits(reference[at]!), `text ${at} alone`);
          const last = floats(await session.run({ ...forwardFeeds([ids]), wanted: int64([ids.length - 2, ids.length - 1], [2]) }), "hidden");
          assert.equal(bits(last), bits(reference[at]!.slice(-2 * D)), `the last two of text ${at}`);
          assert.not.equal(bits(reference[at]!), bits(unedited[at]!));
        }
        await session.release();
      }
    }
  }
});

test("of edits behind the last tap there is nothing in the graph", () => {
  const sae = withDecoder("behind", { kind: "standard", dSae: 300, layout: "in_out" });
  const model = randomModel(join(folder, "behind_model.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 4 });
  const print = (tap: { readonly layer: number; readonly hook: "mlp_in" | "resid_pre" }, editing?: Editing): string =>
    printGraph(forwardGraph(model, [{ ...tap, sae: null }], { blocks: tap.layer + (tap.hook === "mlp_in" ? 1 : 0), slice: true, ...(editing === undefined ? {} : { editing }) }));
  const late = (layer: number, hook: GraphEdit["hook"]): Editing => ({ ...edits(sae), edits: [{ ...edits(sae).edits[0]!, layer, hook }] });
  for (const [layer, hook] of [[1, "mlp_out"], [1, "resid_post"], [2, "resid_pre"], [3, "z"]] as const) assert.equal(print({ layer: 1, hook: "mlp_in" }, late(layer, hook)), print({ layer: 1, hook: "mlp_in" }));
  assert.equal(print({ layer: 2, hook: "resid_pre" }, late(2, "z")), print({ layer: 2, hook: "resid_pre" }));
  assert.not.equal(print({ layer: 2, hook: "resid_pre" }, late(2, "resid_pre")), print({ layer: 2, hook: "resid_pre" }));
});

test("a graph of predictions over an SAE that is not here yet is looked at, and not kept to be run", () => {
  const sae = withDecoder("absent", { kind: "standard", dSae: 96, layout: "in_out" });
  const model = randomModel(join(folder, "absent_model.bin"), { hiddenSize: D, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 112, layers: 2 });
  const ref = { name: "absent", digest: "1", convention: "saelens" };
  const edit = { layer: 0, hook: "resid_post", sae: ref, features: [1], how: "set", value: 0, special: true } as const;
  const op = { op: "logits", model: { name: "m", digest: "2" }, tell: { kind: "came" }, at: "all", special: false, keep: [], edits: [edit] } as const;
  for (const [whole, kept] of [[false, 0], [true, 1]] as const) {
    const graphs = new Map();
    const catalog = { spec: () => model, sae: () => ({ spec: sae, whole }) } as unknown as Catalog;
    predictGraphOf(op, { catalog, graphs }, CPU);
    assert.is(graphs.size, kept);
  }
});

test.run();
