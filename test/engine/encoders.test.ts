/** Without this file the eight-bit encoders of an engine could be missing, stale or left behind, and lanes could disagree. */
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../runtime/engine/engine.ts";
import { partsOfProduct } from "../../runtime/processor.ts";
import { emitScreened } from "../../src/emit/screen.ts";
import { CPU } from "../../src/emit/target.ts";
import { isSameOrder } from "../../runtime/engine/lane_pair_order.ts";
import { openPairProducts } from "../../runtime/kernels/pair_products.ts";
import { openBytes } from "../emit/run_graph.ts";
import type { EngineError, EngineOptions, ScreenCounts } from "../../runtime/engine/port.ts";
import { bitsOf, collect, documentsOf, smallModel } from "./small_model.ts";

const model = smallModel();
const documents = documentsOf(40, 90, model.vocabulary);
const never = new AbortController().signal;
const place = mkdtempSync(join(tmpdir(), "saeq-place-"));
test.after(() => {
  model.remove();
  rmSync(place, { recursive: true });
});

const engineOf = (options: Partial<EngineOptions> = {}, scratch = place): ReturnType<typeof createEngine> => createEngine({ lanes: 1, threads: 1, batch: null, ...options }, undefined, scratch);

/** Whether an engine process on this machine computes candidates pair by pair. */
const inPairs = await isSameOrder(openPairProducts(model.hidden, 4, "f32")!, model.hidden, openBytes);

test("screened passes give the bits of dense ones, in any batch, on any lane, fused or by themselves", async () => {
  const plain = engineOf({ batch: 1 });
  const expected = bitsOf((await collect(plain, model.forward, 2, documents)).taps);
  await plain.close();
  for (const options of [{ batch: 1 }, { batch: 7 }, { lanes: 2, batch: 5 }]) {
    const engine = engineOf(options);
    assert.equal(bitsOf((await collect(engine, model.screened.forward, 2, documents)).taps), expected, JSON.stringify(options));
    const dense = await collect(engine, model.dense, 1, documents);
    const residual = dense.taps[3]![0]!;
    const counts: ScreenCounts[] = [];
    const screened = await engine.encode(model.screened.encode, residual.values, model.hidden, never, (_tap, more) => counts.push(more));
    assert.equal(bitsOf([[screened]]), bitsOf([[await engine.encode(model.encode, residual.values, model.hidden, never)]]));
    // Pairs in the confined process too, where this one would compute them: columns would be more than the candidates.
    if (inPairs) assert.ok(counts.every(({ candidates, computed }) => candidates > 0 && computed === candidates));
    // A single row goes in twice.
    assert.is(counts.reduce((sum, { rows }) => sum + rows, 0), Math.max(2, documents[3]!.wanted.length));
    await engine.close();
  }
});

test("several threads of a lane screen features too, with the bits of one", async () => {
  const engine = engineOf({ threads: 2 });
  const alone = engineOf({ threads: 1 });
  const residual = Float32Array.from({ length: 40 * model.hidden }, (_, i) => Math.sin(i));
  const counts: ScreenCounts[] = [];
  const screened = await engine.encode(emitScreened(model.sae, { ...CPU, parts: partsOfProduct(2) }), residual, model.hidden, never, (_tap, more) => counts.push(more));
  assert.equal(bitsOf([[screened]]), bitsOf([[await alone.encode(model.encode, residual, model.hidden, never)]]));
  assert.ok(counts.every(({ rows, dense }) => rows > dense));
  assert.match(await engine.encode(model.encode, residual, model.hidden, never).then(() => "", (error: Error) => error.message), /^a graph for 1 parts of a product is run in \d+$/);
  await Promise.all([engine.close(), alone.close()]);
});

test("an encoder is quantised once, for its owner alone, and is gone with the engine; what a killed process left goes too", async () => {
  // No process has this number: Linux and macOS stop far below.
  mkdirSync(join(place, "saeq-encoders-99999999-x"));
  const engine = engineOf({ lanes: 2 });
  assert.not(engine.quantized(model.sae));
  await collect(engine, model.screened.forward, 2, documents.slice(0, 3));
  assert.ok(engine.quantized(model.sae));
  const folders = (): string[] => readdirSync(place).filter((name) => name.startsWith("saeq-encoders-"));
  assert.is(folders().length, 1);
  const [folder] = folders();
  // Beside an encoder lies the link by which engine processes read its weights.
  const files = (): string[] => readdirSync(join(place, folder!)).filter((name) => !name.endsWith(".weights"));
  const [file] = files();
  const { mode, mtimeMs } = statSync(join(place, folder!, file!));
  if (process.platform !== "win32") assert.is(mode & 0o077, 0);
  await collect(engine, model.screened.forward, 2, documents.slice(3, 6));
  assert.is(statSync(join(place, folder!, file!)).mtimeMs, mtimeMs);
  // A file that changed is another encoder.
  appendFileSync(model.file, "x");
  assert.not(engine.quantized(model.sae));
  await collect(engine, model.screened.forward, 2, documents.slice(6, 9));
  assert.is(files().length, 2);
  await engine.close();
  assert.equal(folders(), []);
});

test("a job stopped before its encoder is there is a cancelled job, and the next one starts anew", async () => {
  const engine = engineOf();
  const stop = new AbortController();
  stop.abort();
  try {
    await collect(engine, model.screened.forward, 2, documents, stop.signal);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).name, "AbortError");
  }
  assert.not(engine.quantized(model.sae));
  const found = await collect(engine, model.screened.forward, 2, documents.slice(0, 5));
  assert.ok(found.taps.slice(0, 5).every((taps) => taps !== undefined));
  await engine.close();
});

test("no room for the encoder is an error that names the way out", async () => {
  const engine = engineOf({}, join(place, "missing"));
  try {
    await collect(engine, model.screened.forward, 2, documents.slice(0, 2));
    assert.unreachable();
  } catch (error) {
    assert.is((error as EngineError).code, "engine-failed");
    assert.match((error as EngineError).help, "set encode dense");
  } finally {
    await engine.close();
  }
});

test("the processor's product is measured once", async () => {
  const engine = engineOf();
  const first = await engine.eightBits();
  assert.type(first.exact, "boolean");
  assert.ok(first.ratio > 0 && Number.isFinite(first.ratio));
  assert.is(await engine.eightBits(), first);
  await engine.close();
});

test.run();
