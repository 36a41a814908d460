/** Without this file nobody would notice when batch, lanes or order begin to change results. */
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { emitForward } from "../../src/emit/forward.ts";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { Engine, EngineOptions, TapOutput } from "../../runtime/engine/port.ts";
import { bitsOf, collect, documentsOf, smallModel } from "./small_model.ts";

const model = smallModel();
const documents = documentsOf(60, 110, model.vocabulary);

async function withEngine<T>(options: Partial<EngineOptions>, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = createEngine({ lanes: 1, threads: 1, batch: null, ...options });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

const reference = withEngine({ batch: 1 }, (engine) => collect(engine, model.forward, 2, documents));

for (const options of [{ batch: 7 }, { batch: 32 }, { lanes: 2 }, { lanes: 3, batch: 3 }]) {
  test(`the same bits: ${JSON.stringify(options)}`, async () => {
    const expected = await reference;
    const found = await withEngine(options, (engine) => collect(engine, model.forward, 2, documents));
    assert.equal(bitsOf(found.taps), bitsOf(expected.taps));
    assert.ok(expected.taps.reduce((sum, taps) => sum + taps![0]!.values.length, 0) > 10_000);
  });
}

test("the same bits in another order, and for one wanted token alone", async () => {
  const expected = await reference;
  const turned = documents.toReversed();
  const alone = documents.map(({ ids, wanted }) => ({ ids: ids.slice(0, wanted.at(-1)! + 1), wanted: wanted.slice(-1) }));
  await withEngine({ lanes: 2 }, async (engine) => {
    const found = await collect(engine, model.forward, 2, turned);
    assert.equal(bitsOf(found.taps).reverse(), bitsOf(expected.taps));
    const last = await collect(engine, model.forward, 2, alone);
    const lastRows = expected.taps.map((taps) => taps!.map(lastRow));
    assert.equal(bitsOf(last.taps), bitsOf(lastRows));
  });
});

function lastRow(tap: TapOutput): TapOutput {
  if (tap.kind === "dense") return { ...tap, values: tap.values.slice(-tap.width) };
  const [from, to] = [tap.indptr.at(-2)!, tap.indptr.at(-1)!];
  return { kind: "sparse", indptr: Uint32Array.of(0, to - from), indices: tap.indices.slice(from), values: tap.values.slice(from) };
}

test("encoding kept residuals gives the bits of the fused graph, whatever the number of rows", async () => {
  const expected = await reference;
  await withEngine({ lanes: 2 }, async (engine) => {
    const dense = await collect(engine, model.dense, 1, documents);
    const never = new AbortController().signal;
    for (const i of [0, 1, 2, 3, 6]) {
      const residual = (dense.taps[i]![0]! as Extract<TapOutput, { kind: "dense" }>).values;
      assert.equal(bitsOf([[await engine.encode(model.encode, residual, model.hidden, never)]]), bitsOf([[expected.taps[i]![0]!]]));
    }
    const all = Float32Array.from(dense.taps.flatMap((taps) => Array.from(taps![0]!.values)));
    const encoded = (await engine.encode(model.encode, all, model.hidden, never)) as Extract<TapOutput, { kind: "sparse" }>;
    assert.is(encoded.indptr.length - 1, documents.reduce((sum, { wanted }) => sum + wanted.length, 0));
    assert.equal([...encoded.values], expected.taps.flatMap((taps) => Array.from(taps![0]!.values)));
    const none = await engine.encode(model.encode, new Float32Array(0), model.hidden, never);
    assert.equal(none, { kind: "sparse", indptr: Uint32Array.of(0), indices: new Uint32Array(0), values: new Float32Array(0) });
  });
});

test("continuations are the same alone, together, and over lanes", async () => {
  const prompts = documentsOf(13, 30, model.vocabulary, 5).map(({ ids }, i) => (i % 2 === 0 ? ids : Int32Array.from({ length: 12 }, (_, at) => (i * 7 + at) % model.vocabulary)));
  const run = (options: Partial<EngineOptions>): Promise<Int32Array[]> =>
    withEngine(options, async (engine) => {
      const made: Int32Array[] = [];
      await engine.generate(model.generate, prompts, 9, { signal: new AbortController().signal, onProgress: () => {}, onDocument: (index, ids) => (made[index] = ids) });
      return made;
    });
  const alone = await run({ batch: 1 });
  assert.is(alone.length, 13);
  assert.ok(new Set(alone.map(String)).size > 3, "the prompts lead to different texts");
  assert.equal(await run({ batch: 4 }), alone);
  assert.equal(await run({ lanes: 2 }), alone);
});

test("the shipped model: the same bits for one document a batch, seven, and two lanes", async () => {
  const { spec } = await readModel(fileURLToPath(new URL("../../examples/kjv/model", import.meta.url)));
  const graph = emitForward(spec, [{ layer: 7, hook: "resid_post", sae: null }, { layer: 7, hook: "resid_pre", sae: null }], { blocks: null, slice: true });
  const texts = documentsOf(16, 130, spec.vocabulary);
  const run = async (options: Partial<EngineOptions>): Promise<string[]> => bitsOf((await withEngine(options, (engine) => collect(engine, graph, 2, texts))).taps);
  const one = await run({ batch: 1 });
  assert.equal(await run({ lanes: 2, batch: 7 }), one);
});

test("finish", () => model.remove());

test.run();
