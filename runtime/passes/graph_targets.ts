/** Without this file each pass would decide by itself what its graphs are emitted for, and two could disagree on how many threads there are. */
import { blockFlops, choosesExperts } from "../../src/emit/block.ts";
import { CPU, type Target } from "../../src/emit/target.ts";
import { blocksOf } from "../../src/ops/hook.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { threadsOfJob } from "../engine/engine.ts";
import type { Document, Engine } from "../engine/port.ts";
import { partsOfProduct } from "../processor.ts";
import type { Forward } from "./activations.ts";

/** Where an engine runs its graphs. What is kept is named by the graph for one thread, whose bits are those of all. */
export const placeOf = ({ options }: Pick<Engine, "options">): Target => options.target ?? CPU;

/** What an engine's graphs are emitted for. */
export function targetOf(engine: Pick<Engine, "options">): Target {
  const target = placeOf(engine);
  return target.provider === "cpu" ? hostTargetOf(engine) : target;
}

/** Work of a job from which on it is worth to open its graph once more for other threads. */
const WORTH_OPENING = 5e10;

/**
 * Threads of each of at most `lanes` processes in a job: more than usual where some have nothing to do (`threadsOfJob`), and the work is worth it. Products of
 * experts have few rows each in such a job, and are cut for nothing (200 tokens, shapes of Qwen3-30B-A3B: 1.3 s with one thread, 2.6 with two).
 */
export function threadsForWork(op: Forward, job: { readonly texts: number; readonly tokens: number; readonly flops: number }, { catalog, engine: { options } }: JobContext, lanes?: number): number {
  return job.flops < WORTH_OPENING || choosesExperts(catalog.spec(op.model), blocksOf(op)) ? options.threads : threadsOfJob(options, job, lanes);
}

interface JobContext {
  readonly engine: Pick<Engine, "options">;
  readonly catalog: Pick<Catalog, "spec">;
}

/** What the graphs of a job are emitted for. */
export function jobTargetOf(op: Forward, documents: readonly Document[], context: JobContext, lanes?: number): Target {
  const { catalog, engine } = context;
  const usual = targetOf(engine);
  const tokens = documents.reduce((sum, { ids }) => sum + ids.length, 0);
  const threads = threadsForWork(op, { texts: documents.length, tokens, flops: tokens * blockFlops(catalog.spec(op.model), blocksOf(op)) }, context, lanes);
  return usual.provider !== "cpu" || threads === engine.options.threads ? usual : { ...CPU, threads, parts: partsOfProduct(threads) };
}

/** The same for graphs that the engine's process runs on its CPU whatever device the model runs on. */
export function hostTargetOf({ options: { threads } }: Pick<Engine, "options">): Target {
  const parts = partsOfProduct(threads);
  return parts === 1 ? CPU : { ...CPU, parts };
}

/** Parts at most that a product of a job may be cut in where so many processes work on it. */
export function mostParts({ options }: Pick<Engine, "options">): (processes: number) => number {
  return (processes) => partsOfProduct(threadsOfJob(options, { texts: processes, tokens: Number.POSITIVE_INFINITY }, processes));
}
