/** Without this file a batch could take more memory than was said, and a limit more than was asked. */
import { existsSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EngineError } from "../../runtime/engine/port.ts";
import { laneBytes, shapesOf, type Shapes } from "../../runtime/passes/lane_memory.ts";
import { cudaLimits, fit, fitContinuing, HOST_BYTES, requireMemory } from "../../runtime/passes/limits.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import { hollowModel, type HollowShape } from "../engine/hollow_model.ts";
import { continuingPeak, lanePeak } from "../engine/lane_peak.ts";
import type { TextValue, Value } from "../../runtime/data/frame.ts";
import type { Explanation } from "../../runtime/planner/explanation.ts";
import { bits, open, run } from "../session/open.ts";

const wide = { hidden: 1024, mlp: 4096, heads: 16, kvHeads: 4, headDim: 64, layers: 2, dtype: "bf16", features: 32_768, active: 0.002 } as const;

function shapes(shape: HollowShape = wide): Shapes {
  const { spec, sae, remove } = hollowModel(shape);
  remove();
  return shapesOf(spec, [{ layer: 1, hook: "resid_post", sae: { name: "hollow", digest: "", convention: "" } }], 2, () => sae);
}

test("more memory gives as many processes and as large batches, never more than fit", () => {
  const model = shapes();
  let before = { lanes: 0, tokens: 0 };
  for (let megabytes = 500; megabytes <= 8000; megabytes += 100) {
    const chosen = fit(model, { texts: 1000, longest: 100, rows: 50 }, 4, megabytes * 1e6);
    if (chosen.least <= megabytes * 1e6) assert.ok(chosen.bytes <= megabytes * 1e6, `${megabytes} MB`);
    assert.is(chosen.bytes, HOST_BYTES + chosen.lanes * chosen.laneBytes);
    assert.ok(chosen.lanes > before.lanes || (chosen.lanes === before.lanes && chosen.tokens >= before.tokens), `${megabytes} MB`);
    before = chosen;
  }
  assert.equal([before.lanes, before.tokens], [4, 4096]);
});

test("threads that share a product share wider tiles, which one process has and two have not", () => {
  const model = shapes({ ...wide, hidden: 4096, mlp: 14_336, headDim: 256 });
  const extent = { texts: 2, longest: 100, rows: 50 };
  const bytes = (lanes: number, parts: number): number => fit(model, extent, lanes, 1e12, null, (processes) => (processes === 1 ? parts : 1)).laneBytes;
  // 32 parts of 80 columns: the way back is a tile of 4,096 columns instead of four of 1,024.
  assert.ok(bytes(1, 32) > bytes(1, 1), `${bytes(1, 32)} and ${bytes(1, 1)}`);
  assert.is(bytes(2, 32), bytes(2, 1));
  const writing = (parts: number): number => fitContinuing(model, { texts: 4, longest: 60, steps: 20 }, 1, 1e12, 1e6, null, parts).laneBytes;
  assert.ok(writing(32) > writing(1), `${writing(32)} and ${writing(1)}`);
});

test("a text is never cut, and a batch that was asked for is kept", () => {
  const model = shapes();
  assert.ok(fit(model, { texts: 1000, longest: 3000, rows: 3000 }, 2, 1).tokens >= 3000);
  assert.is(fit(model, { texts: 1000, longest: 3000, rows: 3000 }, 2, 1).lanes, 1);
  const asked = fit(model, { texts: 1000, longest: 100, rows: 50 }, 4, 1e12, 7);
  assert.ok(asked.tokens >= 700 && asked.tokens < 1000);
});

test("where what comes next is predicted no text is cut, however many features may be active: its rows belong together", () => {
  const model = shapes();
  const extent = { texts: 10, longest: 100, rows: 100 };
  assert.ok(fit(model, extent, 1, 8e9).active !== undefined);
  assert.is(fit({ ...model, head: true }, extent, 1, 8e9).active, undefined);
});

test("more tokens, longer texts and more rows never take less", () => {
  const model = shapes();
  const bytes = (tokens: number, longest: number, rows: number): number => laneBytes(model, { tokens, longest, rows });
  assert.ok(bytes(2000, 100, 50) > bytes(1000, 100, 50));
  assert.ok(bytes(4000, 4000, 50) > bytes(4000, 100, 50));
  assert.ok(bytes(1000, 100, 1000) > bytes(1000, 100, 50));
});

test("a batch on a CUDA device has as many rows as its widest encoder part leaves room for", () => {
  const model = shapes();
  const rowsOf = (dSae: number, kind: "jumprelu" | "topk"): number => cudaLimits({ ...model, taps: model.taps.map((tap) => ({ ...tap, sae: { ...tap.sae!, kind, dSae } as SaeSpec })) }).rows;
  assert.equal([4096, 16_384, 32_768, 131_072].map((width) => rowsOf(width, "jumprelu")), [4096, 4096, 2048, 2048]);
  assert.equal([16_384, 131_072].map((width) => rowsOf(width, "topk")), [4096, 1024]);
  assert.is(cudaLimits({ ...model, taps: [] }).rows, 4096);
});

test("a limit that nothing fits below says what fits", () => {
  const chosen = fit(shapes(), { texts: 1000, longest: 100, rows: 50 }, 4, 200e6);
  assert.throws(() => requireMemory(chosen, 200e6), (error: unknown) => error instanceof EngineError && error.code === "out-of-memory" && /set memory \d+00/.test(error.help));
  const enough = Number(/set memory (\d+)/.exec((() => { try { requireMemory(chosen, 200e6); return ""; } catch (error) { return (error as EngineError).help; } })())?.[1]) * 1e6;
  requireMemory(fit(shapes(), { texts: 1000, longest: 100, rows: 50 }, 4, enough), enough);
  requireMemory(chosen, null);
});

test("`set memory` is what the run keeps to: fewer processes, the same bits, and an error below what one text needs", async () => {
  // A session for each: what one has computed is not run again.
  const ran = async (memory: string): Promise<{ readonly processes: number; readonly value: string; readonly code: string }> => {
    const session = await open({ engine: { lanes: 3, threads: 1 }, settings: { seed: "1", cache: "off" } });
    const query = `set memory ${memory}; sample perfect 24 | acts layer 7 | top 5`;
    const [explained, { values, outcome }] = [await run(session, `${query} | explain`), await run(session, query)];
    await session.close();
    const { passes: [pass] } = (explained.values[0] as TextValue).data as Explanation;
    return { processes: pass!.predicted!.memory!.processes, value: bits(values as readonly Value[]), code: outcome.diagnostics[0]?.code ?? "" };
  };
  const [ample, tight, none] = [await ran("8000"), await ran("700"), await ran("300")];
  assert.is(ample.processes, 3);
  assert.ok(tight.processes >= 1 && tight.processes < 3);
  assert.equal([ample.code, tight.code], ["", ""]);
  assert.is(tight.value, ample.value);
  assert.is(none.code, "out-of-memory");
});

test("continuations: more memory never gives fewer rows, never more than fit, and rows come before processes", () => {
  const model = shapes();
  let before = { rows: 0, bytes: 0 };
  for (let megabytes = 400; megabytes <= 6000; megabytes += 100) {
    const chosen = fitContinuing(model, { texts: 100, longest: 60, steps: 200 }, 4, megabytes * 1e6, 1e6);
    if (chosen.least <= megabytes * 1e6) assert.ok(chosen.bytes <= megabytes * 1e6, `${megabytes} MB`);
    assert.ok(chosen.rows >= before.rows, `${megabytes} MB`);
    if (chosen.lanes > 1) assert.is(chosen.rows, 32);
    before = chosen;
  }
  assert.equal([before.rows, fitContinuing(model, { texts: 100, longest: 60, steps: 200 }, 4, 1e12, 1e6).lanes], [32, 4]);
  assert.is(fitContinuing(model, { texts: 100, longest: 60, steps: 200 }, 4, 1e12, 2600).rows, 10);
  assert.is(fitContinuing(model, { texts: 1, longest: 60, steps: 200 }, 4, 1, 1e6).rows, 2);
});

// Only Linux tells the memory of another process that cannot be dropped.
if (existsSync("/proc/self/status")) {
  for (const [name, shape, load] of [
    ["wide, bfloat16", wide, { texts: 20, length: 100, wanted: 50, batch: 10 }],
    ["small, float32, many active features", { ...wide, hidden: 512, mlp: 1536, dtype: "f32", features: 16_384, active: 0.03 }, { texts: 20, length: 100, wanted: 100, batch: 10 }],
    ["many blocks, whose values below 4 MB must be found again", { ...wide, hidden: 2048, mlp: 8192, kvHeads: 8, headDim: 128, layers: 16, features: 8192 }, { texts: 5, length: 100, wanted: 50, batch: 5 }],
    ["linear attention", { ...wide, layers: 4, delta: { keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128, kernel: 4 } }, { texts: 20, length: 100, wanted: 50, batch: 10 }],
    ["linear attention, maps by key head", { ...wide, layers: 4, delta: { keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128, kernel: 4, byKeyHead: true } }, { texts: 20, length: 100, wanted: 50, batch: 10 }],
    ["linear attention, short texts", { ...wide, layers: 4, delta: { keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128, kernel: 4 } }, { texts: 200, length: 6, wanted: 3, batch: 100 }],
    ["convolutions", { ...wide, mlp: 768, layers: 4, features: 8192, convolution: 4 }, { texts: 40, length: 100, wanted: 5, batch: 20 }],
    ["experts on which all tokens agree", { ...wide, mlp: 768, features: 8192, experts: { count: 32, perToken: 4 } }, { texts: 20, length: 100, wanted: 50, batch: 10 }],
    ["experts in four bits", { ...wide, hidden: 2880, mlp: 2880, heads: 32, features: 8192, experts: { count: 8, perToken: 4, packed: true } }, { texts: 10, length: 100, wanted: 50, batch: 5 }],
    ["many blocks of experts", { ...wide, hidden: 512, mlp: 256, layers: 24, features: 8192, experts: { count: 128, perToken: 8 } }, { texts: 5, length: 100, wanted: 50, batch: 5 }],
    ["experts beside an MLP", { ...wide, mlp: 256, features: 8192, experts: { count: 32, perToken: 16, beside: true } }, { texts: 40, length: 100, wanted: 5, batch: 20 }],
    ["blocks that are told of each token", { ...wide, mlp: 1024, heads: 4, layers: 4, features: 8192, told: 4096 }, { texts: 40, length: 100, wanted: 5, batch: 20 }],
    ["keys and values made of what heads share", { ...wide, mlp: 1024, heads: 32, kvHeads: 32, headDim: 128, features: 8192, rank: 512 }, { texts: 40, length: 100, wanted: 5, batch: 20 }],
    ["many heads that share keys with a column for each", { ...wide, mlp: 1024, heads: 64, kvHeads: 1, headDim: 32, features: 8192, rising: true }, { texts: 40, length: 100, wanted: 5, batch: 20 }],
    ["experts of one map, whose inputs are weighed", { ...wide, mlp: 2048, features: 8192, experts: { count: 16, perToken: 1, joined: true } }, { texts: 20, length: 100, wanted: 50, batch: 10 }],
    ["one long text in runs", { ...wide, heads: 8, features: 8192, chunk: 256 }, { texts: 1, length: 1500, wanted: 500, batch: 1 }],
    ["one long text", wide, { texts: 1, length: 1500, wanted: 500, batch: 1 }],
  ] as const) {
    test(`a batch takes no more than was predicted, and not far less: ${name}`, async () => {
      const { peak, predicted } = await lanePeak(shape, load);
      assert.ok(peak > 50e6, `${peak} bytes were seen`);
      assert.ok(peak <= predicted, `${Math.round(peak / 1e6)} MB taken, ${Math.round(predicted / 1e6)} MB predicted`);
      assert.ok(predicted < 4 * peak, `${Math.round(peak / 1e6)} MB taken, ${Math.round(predicted / 1e6)} MB predicted`);
    });
  }
  test("an SAE in which all features are active keeps to the limit from the first batch on, and in texts with more positions than there is room for", async () => {
    const shape = { ...wide, hidden: 512, mlp: 1536, heads: 8, dtype: "f32", features: 65_536, active: 1 } as const;
    const load = { texts: 3, length: 100, wanted: 60, batch: null };
    const lane = 350e6;
    const { peak } = await lanePeak(shape, load, HOST_BYTES + lane);
    assert.ok(peak <= lane, `${Math.round(peak / 1e6)} MB taken`);
    assert.ok(peak > 0.4 * lane, `${Math.round(peak / 1e6)} MB taken`);
  });
  for (const [name, shape, load] of [
    ["many heads of keys and values", { ...wide, hidden: 768, mlp: 3072, heads: 12, kvHeads: 12, dtype: "f32", layers: 12 }, { texts: 32, length: 50, steps: 24 }],
    ["few, bfloat16", wide, { texts: 16, length: 30, steps: 30 }],
    ["linear attention", { ...wide, layers: 4, delta: { keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128, kernel: 4 } }, { texts: 10, length: 20, steps: 12 }],
    ["convolutions", { ...wide, mlp: 768, layers: 4, convolution: 4 }, { texts: 16, length: 30, steps: 30 }],
    ["runs of tokens", { ...wide, mlp: 768, chunk: 24 }, { texts: 16, length: 30, steps: 30 }],
  ] as const) {
    test(`continuations take no more than was predicted, and not far less: ${name}`, async () => {
      const { peak, predicted } = await continuingPeak(shape, load);
      assert.ok(peak > 50e6, `${peak} bytes were seen`);
      assert.ok(peak <= predicted, `${Math.round(peak / 1e6)} MB taken, ${Math.round(predicted / 1e6)} MB predicted`);
      assert.ok(predicted < 4 * peak, `${Math.round(peak / 1e6)} MB taken, ${Math.round(predicted / 1e6)} MB predicted`);
    });
  }
}

test.run();