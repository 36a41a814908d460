/** Without this file an SAE in which nearly all features are active could fill memory, or give other bits where its rows are taken apart. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { activeRows, cutDocument, mending } from "../../runtime/engine/active_rows.ts";
import { createEngine } from "../../runtime/engine/engine.ts";
import type { ActiveLimits, Document, TapOutput } from "../../runtime/engine/port.ts";
import type { Outputs } from "../../runtime/engine/protocol.ts";
import { encodingLimits, fit, HOST_BYTES } from "../../runtime/passes/limits.ts";
import { shapesOf, type Shapes } from "../../runtime/passes/lane_memory.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { hollowModel } from "./hollow_model.ts";
import { bitsOf, collect, documentsOf, smallModel } from "./small_model.ts";

const model = smallModel();
test.after(() => model.remove());

const limits = (active?: ActiveLimits) => ({ lanes: 1, tokens: 4096, rows: 1000, ...(active === undefined ? {} : { active }) });
const gave = (...entries: readonly number[]): Outputs => Object.fromEntries(entries.map((count, tap) => [`tap${tap}_feature`, { type: "int32", data: new Int32Array(count), dims: [count] }]));

test("all features may be active until a batch was seen; then the largest mean of all taps counts, in later jobs too", () => {
  const known = new Map<string, number>();
  const active = { of: "a", features: 10_000, room: 60_000 };
  const rows = activeRows(limits(active), known);
  assert.equal([rows.most(), rows.ofText()], [6, 6]);
  rows.saw(gave(300, 100), 4);
  assert.equal([rows.most(), rows.ofText()], [600, 600]);
  rows.saw(gave(100), 10);
  assert.is(rows.most(), 600);
  const later = activeRows(limits(active), known);
  assert.is(later.most(), 600);
  later.saw(gave(60_000, 30_000), 3);
  assert.equal([later.most(), rows.most()], [2, 2]);
  assert.is(activeRows(limits({ ...active, of: "b" }), known).most(), 6);
  assert.is(activeRows(limits({ ...active, of: "c", room: 10 }), known).most(), 1);
  // A row that is alone was fed twice.
  activeRows(limits({ ...active, of: "d" }), known).saw(gave(20), 1);
  assert.is(activeRows(limits({ ...active, of: "d" }), known).most(), 1000);
});

test("where nothing is said of active features, rows become fewer as before, and no text is cut", () => {
  const rows = activeRows(limits(), new Map());
  assert.equal([rows.most(), rows.ofText()], [1000, Infinity]);
  rows.saw(gave(4 * 2048 * 10), 10);
  assert.equal([rows.most(), rows.ofText()], [250, Infinity]);
});

test("a document that was cut is put together whatever part comes first", () => {
  const whole: Document = { ids: Int32Array.of(5, 6, 7, 8), wanted: Uint32Array.of(0, 2, 3) };
  const [head, rest] = cutDocument(whole, 1);
  assert.equal([[...head.wanted], [...rest.wanted], head.ids, rest.ids], [[0], [2, 3], whole.ids, whole.ids]);
  const sparse = (counts: readonly number[], from: number): TapOutput => {
    const length = counts.reduce((sum, n) => sum + n, 0);
    return { kind: "sparse", indptr: Uint32Array.from([0, ...counts.map((_, i) => counts.slice(0, i + 1).reduce((sum, n) => sum + n, 0))]), indices: Uint32Array.from({ length }, (_, i) => from + i), values: new Float32Array(length).fill(from) };
  };
  const dense = (rows: number, from: number): TapOutput => ({ kind: "dense", width: 2, values: new Float32Array(2 * rows).fill(from) });
  const parts = mending();
  assert.is(parts.add(3, 3, 1, [sparse([0, 2], 10), dense(2, 1)]), null);
  const other = [sparse([1], 0), dense(1, 9)];
  assert.is(parts.add(4, 1, 0, other), other);
  assert.equal(parts.add(3, 3, 0, [sparse([1], 20), dense(1, 0)]), [
    { kind: "sparse", indptr: Uint32Array.of(0, 1, 1, 3), indices: Uint32Array.of(20, 10, 11), values: Float32Array.of(20, 10, 10) },
    { kind: "dense", width: 2, values: Float32Array.of(0, 0, 1, 1, 1, 1) },
  ]);
});

test("the same bits where rows are few and texts are cut, dense or screened, alone or over lanes", async () => {
  const documents = documentsOf(10, 60, model.vocabulary);
  const plain = createEngine({ lanes: 1, threads: 1, batch: 1 });
  const expected = await collect(plain, model.forward, 2, documents);
  const residual = (await collect(plain, model.dense, 1, documents)).taps[2]![0]!;
  const encoded = await plain.encode(model.encode, residual.values, model.hidden, new AbortController().signal);
  await plain.close();
  const mean = expected.taps.reduce((sum, taps) => sum + taps![0]!.values.length, 0) / documents.reduce((sum, { wanted }) => sum + wanted.length, 0);
  for (const [lanes, graph, rowsOfRoom] of [[1, model.forward, 1], [3, model.forward, 7], [3, model.screened.forward, 1], [1, model.screened.forward, 7]] as const) {
    const engine = createEngine({ lanes, threads: 1, batch: null });
    const taps = new Array<readonly TapOutput[]>(documents.length);
    const progress: number[] = [];
    const active = { of: "small", features: 400, room: Math.ceil(rowsOfRoom * mean) };
    await engine.forward(graph, 2, documents, { signal: new AbortController().signal, onProgress: (now) => progress.push(now.documents), onDocument: (i, outputs) => (assert.is(taps[i], undefined), (taps[i] = outputs)), limits: { lanes, tokens: 4096, rows: 1000, active } });
    assert.equal(bitsOf(taps), bitsOf(expected.taps), `${lanes} ${rowsOfRoom}`);
    assert.is(progress.at(-1), documents.length);
    assert.equal(bitsOf([[await engine.encode(model.encode, residual.values, model.hidden, new AbortController().signal, undefined, { lanes, tokens: 1, rows: 1000, active })]]), bitsOf([[encoded]]));
    await engine.close();
  }
});

test("a limit leaves room for all features of some rows; SAEs that cannot have many active, and passes without one, have none to look at", () => {
  const { spec, sae, remove } = hollowModel({ hidden: 512, mlp: 1536, heads: 8, kvHeads: 4, headDim: 64, layers: 2, dtype: "f32", features: 131_072, active: 0 });
  remove();
  const of = (change: Partial<SaeSpec>): Shapes => shapesOf(spec, [{ layer: 1, hook: "resid_post", sae: { name: "hollow", digest: "", convention: "" } }], 2, () => ({ ...sae, ...change }));
  const extent = { texts: 1000, longest: 100, rows: 100 };
  const tight = fit(of({}), extent, 1, HOST_BYTES + 400e6).active!;
  assert.is(tight.features, 131_072);
  assert.ok(tight.room * 150 < 400e6 && tight.room > 2048 * 100, `${tight.room}`);
  // Where there is memory enough the first batch is what it is for any SAE.
  const ample = fit(of({}), extent, 2, 16e9);
  assert.ok(ample.active!.room / ample.active!.features > 350);
  assert.is(fit(of({ dSae: 2048 }), extent, 1, 16e9).active, undefined);
  assert.is(fit(of({ kind: "topk", k: 64 }), extent, 1, 16e9).active, undefined);
  assert.is(fit({ ...of({}), head: true }, extent, 1, 16e9).active, undefined);
  assert.is(fit(of({ digest: "a" }), extent, 1, 16e9).active!.of === fit(of({ digest: "b" }), extent, 1, 16e9).active!.of, false);
  assert.is(encodingLimits({ ...sae, dSae: 2048 }, 2, 16e9).active, undefined);
  assert.ok(encodingLimits(sae, 2, 16e9).active!.room > encodingLimits(sae, 2, 2e9).active!.room);
});

test.run();
