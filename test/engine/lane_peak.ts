/** Without this file what a batch takes would be predicted and never looked at: peak anonymous memory of one engine process, on Linux. */
import { readFileSync } from "node:fs";
import { createEngine } from "../../runtime/engine/engine.ts";
import { continuingBytes, laneBytes, shapesOf, type BatchShape } from "../../runtime/passes/lane_memory.ts";
import { fit } from "../../runtime/passes/limits.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { emitGenerate } from "../../src/emit/generate.ts";
import { hollowModel, type HollowShape } from "./hollow_model.ts";

/** Texts of one length, so many of which make a batch. */
export interface Load {
  readonly texts: number;
  readonly length: number;
  readonly wanted: number;
  readonly batch: number;
}

function anonymousBytes(pid: number): number {
  try {
    return 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Peak and prediction in bytes for the last layer of a model without contents. `memory`: the limit that batches are chosen below, where `batch` does not say how many texts they have. */
export async function lanePeak(shape: HollowShape, { texts, length, wanted, batch }: Omit<Load, "batch"> & { readonly batch: number | null }, memory: number | null = null): Promise<{ readonly peak: number; readonly predicted: number }> {
  const { spec, sae, remove } = hollowModel(shape);
  const place = { layer: shape.layers - 1, hook: "resid_post" } as const;
  const shapes = shapesOf(spec, [{ ...place, sae: { name: "hollow", digest: "", convention: "" } }], shape.layers, () => sae);
  const limits = memory === null ? {} : { limits: fit(shapes, { texts, longest: length, rows: wanted }, 1, memory, batch) };
  const engine = createEngine({ lanes: 1, threads: 1, batch });
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, ...engine.pids.map(anonymousBytes))), 3);
  try {
    const documents = Array.from({ length: texts }, (_, d) => ({ ids: Int32Array.from({ length }, (_, i) => (i + d) % 1000), wanted: Uint32Array.from({ length: wanted }, (_, i) => length - wanted + i) }));
    await engine.forward(emitForward(spec, [{ ...place, sae }], { blocks: shape.layers, slice: true, longest: length }), 1, documents, { signal: new AbortController().signal, onProgress: () => {}, onDocument: () => {}, ...limits });
  } finally {
    clearInterval(watch);
    await engine.close();
    remove();
  }
  const used: BatchShape = { tokens: (batch ?? texts) * length, longest: length, rows: (batch ?? texts) * wanted };
  return { peak, predicted: laneBytes(shapes, used) };
}

/** The same where `texts` prompts of about `length` tokens are continued together by `steps`. */
export async function continuingPeak(shape: HollowShape, { texts, length, steps }: { readonly texts: number; readonly length: number; readonly steps: number }): Promise<{ readonly peak: number; readonly predicted: number }> {
  const { spec, remove } = hollowModel(shape);
  const engine = createEngine({ lanes: 1, threads: 1, batch: texts });
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, ...engine.pids.map(anonymousBytes))), 3);
  try {
    const prompts = Array.from({ length: texts }, (_, d) => Int32Array.from({ length: length - (d % 5) }, (_, i) => (7 * i + d) % 1000));
    await engine.generate(emitGenerate(spec, undefined, length + steps), prompts, steps, { signal: new AbortController().signal, onProgress: () => {}, onDocument: () => {} });
  } finally {
    clearInterval(watch);
    await engine.close();
    remove();
  }
  return { peak, predicted: continuingBytes(shapesOf(spec, [], shape.layers, () => { throw new Error("no SAE is read"); }), { tokens: Math.min(2048, texts * length), longest: length, rows: texts, length: length + steps }) };
}
