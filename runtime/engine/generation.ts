/** Without this file prompts could not be continued step by step, many at a time, so that a continuation is quick and can be cancelled. */
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { CPU } from "../../src/emit/target.ts";
import { fedAs, fullBatch, isBrief, MOST_PADDING, observe } from "./batching.ts";
import type { Pace } from "./batching.ts";
import { counter, deal } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import type { ContinueJob, EngineOptions, JobLimits } from "./port.ts";
import type { Prompts, StepNumbers } from "./protocol.ts";
import type { Lane } from "./supervisor.ts";

/** Tokens of a batch, new ones counted, that keys and values are kept of at most: these, or as many more as `CACHED_BYTES` hold. */
const MOST_CACHED = 2048;
const CACHED_BYTES = 192 << 20;
/** Rows of a batch at most: a step of more takes too long to cancel. */
const MOST_TOGETHER = 32;
/** Texts that have ended are let go when they are this share of a batch: what is kept of the others is copied then. */
const MOST_ENDED = 1 / 8;

export interface GenerateJob {
  readonly graph: EmittedGraph;
  readonly prompts: readonly Int32Array[];
  readonly steps: number;
  readonly job: ContinueJob;
  readonly halt: Halt;
}

/** How a job is dealt out: the processes that get something of it, and how many texts go on together where the longest has so many tokens at its end. */
export interface Dealt {
  readonly lanes: number;
  readonly together: (length: number) => number;
}

/** `tokens`: of all texts at their ends. */
export function dealt(graph: EmittedGraph, pace: Pace, { texts: count, tokens }: { readonly texts: number; readonly tokens: number }, limits: Pick<JobLimits, "lanes" | "rows">, batch: number | null): Dealt {
  const lanes = graph.unlike === undefined || !isBrief(pace, tokens) ? Math.max(1, limits.lanes) : 1;
  const mostRows = Math.min(MOST_TOGETHER, limits.rows);
  // Equal parts: a step costs hardly more for a few rows more.
  const share = Math.ceil(count / (lanes * Math.ceil(count / (lanes * mostRows))));
  const together = (length: number): number => batch ?? Math.max(1, Math.floor(Math.min(graph.unlike === undefined ? mostRows : share, mostCached(graph) / length)));
  return { lanes, together };
}

/** What is read of these prompts where all go on together: of those that are equal and follow one another, one. */
export function readOnce(prompts: readonly Int32Array[]): readonly Int32Array[] {
  const sorted = Array.from(inOrder(prompts), (at) => prompts[at]!);
  return sorted.filter((prompt, at) => !isSame(prompt, sorted[at - 1]));
}

/** Numbers of prompts in the order in which they are continued: longest first. */
function inOrder(prompts: readonly Int32Array[]): Uint32Array {
  return Uint32Array.from(prompts, (_, i) => i).sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
}

/** Padded tokens of prompts that are read in one call. */
export function readAtOnce(pace: Pace, { tokens }: Pick<JobLimits, "tokens">): number {
  return fullBatch(pace, Math.min(MOST_CACHED, tokens));
}

let texts = 0;

/**
 * Continue every prompt by `steps` ids, or until its text ends. What a row gives does not depend on the others: a batch goes on with prompts of any lengths, equal ones
 * are read once, and texts that have ended leave it, as far as the graph takes that (`EmittedGraph.unlike`). Elsewhere its prompts have one length, and
 * a text that has ended is carried along until all of the batch have.
 */
export async function generateOn(all: readonly Lane[], pace: Pace, options: EngineOptions, { graph, prompts, steps, job, halt }: GenerateJob): Promise<void> {
  const order = inOrder(prompts);
  const total = order.reduce((sum, prompt) => sum + prompts[prompt]!.length + steps, 0);
  const progress = counter(prompts.length, total, job.onProgress);
  const { limits = { lanes: all.length, tokens: MOST_CACHED, rows: MOST_TOGETHER } } = job;
  const { lanes: working, together } = dealt(graph, pace, { texts: order.length, tokens: total }, limits, options.batch);
  const lanes = all.slice(0, working);
  let from = 0;
  let finished = 0;

  const continueOn = async (lane: Lane, chosen: Uint32Array): Promise<void> => {
    const text = ++texts;
    const ids = Array.from(chosen, () => new Int32Array(steps));
    const ended = new Set<number>();
    const finish = (at: number, made: number): void => {
      ended.add(at);
      job.onDocument(chosen[at]!, ids[at]!.slice(0, made));
      finished++;
      progress(1, steps - made);
    };
    const take = (rows: readonly number[], step: number, next: Int32Array): void => {
      let going = 0;
      rows.forEach((at, row) => {
        if (ended.has(at)) return;
        going++;
        ids[at]![step] = next[row]!;
        if (step === steps - 1 || job.ends?.(chosen[at]!, ids[at]!.subarray(0, step + 1)) === true) finish(at, step + 1);
      });
      progress(0, going);
    };
    if (steps === 0) return ids.forEach((_, at) => finish(at, 0));
    let rows = [...chosen.keys()];
    try {
      for (const part of inParts(graph, readAtOnce(pace, limits), Array.from(chosen, (prompt) => prompts[prompt]!))) {
        if (halt.signal.aborted) return;
        const { outputs, ms } = await lane.begin(graph, text, withPlaces(part, job), numbersOf(job, chosen, part.at));
        observe(pace, part.ids.length * part.columns, ms);
        progress(0, part.at.reduce((sum, at) => sum + prompts[chosen[at]!]!.length, 0));
        take(part.at, 0, outputs["next"]!.data as Int32Array);
      }
      for (let step = 1; ended.size < chosen.length && !halt.signal.aborted; step++) {
        const gone = rows.filter((at) => ended.has(at)).length;
        const keep = graph.unlike !== undefined && gone > MOST_ENDED * rows.length ? Uint32Array.from(rows.flatMap((at, row) => (ended.has(at) ? [] : [row]))) : undefined;
        if (keep !== undefined) rows = rows.filter((at) => !ended.has(at));
        const { outputs } = await lane.step(text, keep, numbersOf(job, chosen, rows));
        take(rows, step, outputs["next"]!.data as Int32Array);
      }
    } finally {
      // A dead process holds no cache: its failure has been told already.
      if (lane.pid !== null) await lane.end(text).catch(() => {});
    }
  };

  await deal(lanes, halt, (lane) => {
    if (from === order.length) return null;
    const { length } = prompts[order[from]!]!;
    const most = together(length + steps);
    let to = from;
    while (to < order.length && to - from < most && (graph.unlike !== undefined || prompts[order[to]!]!.length === length)) to++;
    const chosen = order.subarray(from, to);
    from = to;
    return continueOn(lane, chosen);
  });
  if (finished < prompts.length) throw halt.reason();
}

/** Tokens of a batch at most that something is kept of. */
export function mostCached({ caches }: EmittedGraph): number {
  const ofToken = caches.reduce((sum, { dims, element }) => sum + (dims.slice(1).some((dim) => typeof dim === "string") ? dims.reduce<number>((size, dim) => (typeof dim === "number" ? size * dim : size), element === "f16" ? 2 : 4) : 0), 0);
  return Math.max(MOST_CACHED, CACHED_BYTES / Math.max(1, ofToken));
}

/** Prompts that are read in one call, and which rows of the batch they are. */
interface Part extends Prompts {
  readonly at: readonly number[];
}

/** Prompts [rows], longest first, in calls of at most so many padded tokens, or in one where the graph takes one length only. */
function* inParts(graph: EmittedGraph, tokens: number, prompts: readonly Int32Array[]): Generator<Part> {
  if (graph.unlike === undefined) return yield { ids: twoAtLeast(prompts), columns: prompts[0]!.length, rows: Uint32Array.from(prompts.keys()), at: [...prompts.keys()] };
  let from = 0;
  while (from < prompts.length) {
    const { length } = prompts[from]!;
    // Only the CPU promises bits, which depend on how a prompt is padded.
    const columns = graph.unlike === "all" && (graph.target ?? CPU).provider === "cpu" ? fedAs(length, graph.unevenHeads) : length;
    const ids: Int32Array[] = [];
    const rows: number[] = [];
    let real = 0;
    for (const prompt of prompts.slice(from)) {
      if (!isSame(prompt, ids.at(-1))) {
        const padded = (ids.length + 1) * columns;
        const fits = ids.length === 0 || (padded <= tokens && padded - real - prompt.length <= MOST_PADDING * padded);
        if (!fits || (graph.unlike === "steps" && prompt.length !== length)) break;
        ids.push(prompt);
        real += prompt.length;
      }
      rows.push(ids.length - 1);
    }
    yield { ids: columns > 1 ? ids : twoAtLeast(ids), columns, rows: Uint32Array.from(rows), at: rows.map((_, row) => from + row) };
    from += rows.length;
  }
}

/** The same with where each prompt, and what follows it, is edited. */
function withPlaces(part: Part, { edited }: ContinueJob): Prompts {
  return edited === undefined ? part : { ...part, edited: part.ids.map(({ length }) => edited(length)) };
}

/** One row alone would take another kernel, and a device's cache cannot be given to two. */
function twoAtLeast(prompts: readonly Int32Array[]): readonly Int32Array[] {
  return prompts.length > 1 ? prompts : [prompts[0]!, prompts[0]!];
}

function isSame(one: Int32Array, other: Int32Array | undefined): boolean {
  return one === other || (one.length === other?.length && one.every((id, at) => id === other[at]));
}

/** A number for each row. */
function numbersOf({ drawn }: ContinueJob, chosen: Uint32Array, rows: readonly number[]): StepNumbers | undefined {
  return drawn === undefined ? undefined : { ...drawn.how, numbers: Float64Array.from(rows, (at) => drawn.number(chosen[at]!)) };
}
