/** Without this file documents would not reach the engine's processes, nor their activations come back one by one. */
import { availableParallelism } from "node:os";
import { activeRows, cutDocument, mending } from "./active_rows.ts";
import { stopped } from "./cause_of_death.ts";
import { concatenate } from "../kernels/csr.ts";
import type { CsrPart } from "../kernels/csr.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { arrange, assemble, batchesAhead, budget, cut, FEWEST_TOKENS, guessPace, MOST_ROWS, MOST_TOKENS, observe, take } from "./batching.ts";
import type { Batch, Pace } from "./batching.ts";
import { counter, deal, haltOf } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import { decodeOn } from "./decoding.ts";
import { createEncoders } from "./encoders.ts";
import type { PreparedGraph } from "./encoders.ts";
import { generateOn } from "./generation.ts";
import { predicted } from "./predicted.ts";
import type { Asked } from "../kernels/softmax.ts";
import { WRITING_SPEED, type Document, type EightBits, type Engine, type EngineOptions, type JobLimits, type JobOptions, type PredictJob, type WritingSpeed, type TapOutput } from "./port.ts";
import type { Outputs } from "./protocol.ts";
import { rankOn } from "./ranking.ts";
import { createLane } from "./supervisor.ts";
import type { Answer, Lane } from "./supervisor.ts";

/** Memory one lane may need besides the mapped weights: batches of large models (measured 0.35–0.6 GB for 8B shapes). */
const LANE_BYTES = 0.8e9;

const MOST_LANES = 4;
/** More threads share a batch of some hundred rows with less and less gain. */
const MOST_THREADS = 8;

/** As many lanes as cores and free memory allow, four at most; what cores are left work as their threads. */
export function defaultEngineOptions(): EngineOptions {
  const byMemory = Math.floor(process.availableMemory() / LANE_BYTES);
  const lanes = Math.max(1, Math.min(availableParallelism(), MOST_LANES, byMemory));
  return { lanes, threads: threadsFor(lanes), batch: null };
}

/** Threads of each of so many lanes where nobody says it. One on processors whose products were never tried with more (`test/emit/threads.test.ts`). */
export function threadsFor(lanes: number, cores = availableParallelism()): number {
  return process.arch === "x64" ? Math.max(1, Math.min(MOST_THREADS, Math.floor(cores / lanes))) : 1;
}

/** Threads of each process that works on so many texts and tokens, of at most `allowed` processes: those of processes that get nothing of them come on top. */
export function threadsOfJob({ lanes, threads, threadsByJob }: EngineOptions, { texts, tokens }: { readonly texts: number; readonly tokens: number }, allowed = lanes): number {
  if (threadsByJob !== true) return threads;
  return Math.max(threads, Math.min(MOST_THREADS, Math.floor((lanes * threads) / workingLanes({ texts, tokens }, Math.min(lanes, allowed)))));
}

/** Of so many processes those that get something of a job. */
export function workingLanes({ texts, tokens }: { readonly texts: number; readonly tokens: number }, lanes: number): number {
  return Math.max(1, Math.min(lanes, texts, Math.round(tokens / FEWEST_TOKENS)));
}

/** An engine of `options.lanes` processes, each started when it is first needed. `log` gets what they write; `scratch` holds quantised encoders. */
export function createEngine(options: EngineOptions, log?: (line: string) => void, scratch?: string): Engine {
  return engineOver(options, (folder, onStill) => createLane(options, log, folder, onStill), scratch);
}

/** The same over lanes of another kind, for tests. */
export function engineOver(options: EngineOptions, lane: (folder: string | null, onStill: (pid: number) => void) => Lane, scratch?: string): Engine {
  const listeners = new Set<(pid: number) => void>();
  const onStill = (pid: number): void => listeners.forEach((tell) => tell(pid));
  const encoders = createEncoders(scratch === undefined ? undefined : () => scratch);
  const lanes = Array.from({ length: Math.max(1, options.lanes) }, () => lane(encoders.folder, onStill));
  const paces = new Map<string, Pace>();
  const active = new Map<string, number>();
  const paceOf = (graph: EmittedGraph): Pace => {
    const pace = paces.get(graph.key) ?? guessPace(graph.flopsPerToken, graph.experts === true);
    paces.set(graph.key, pace);
    return pace;
  };
  let killing = new AbortController();
  const halt = (cancel: AbortSignal): Halt => haltOf(cancel, killing.signal);
  let eightBits: Promise<EightBits> | null = null;
  let speed: Promise<number> | null = null;
  let writing: Promise<WritingSpeed> | null = null;
  let closed = false;
  const open = (): readonly Lane[] => {
    if (closed) throw new Error("the engine is closed");
    return lanes;
  };
  return {
    options,
    forward: async (graph, taps, documents, job) => {
      const ending = halt(job.signal);
      if ((graph.screened ?? []).length > 0) counter(documents.length, documents.reduce((sum, { ids, wanted }) => sum + (wanted.length === 0 ? 0 : ids.length), 0), job.onProgress);
      const prepared = await encoders.prepare(graph, open(), ending);
      return forward(open(), paceOf(graph), options, { graph: prepared, taps, documents, job, halt: ending, active });
    },
    encode: async (graph, residual, width, signal, onScreened, limits) => {
      const ending = halt(signal);
      const prepared = await encoders.prepare(graph, open(), ending);
      return encode(open(), paceOf(graph), { graph: prepared, residual, width, halt: ending, onScreened, limits, active });
    },
    decode: async (graph, job) => decodeOn(open(), paceOf(graph), graph, job, halt(job.signal)),
    rank: async (graph, job) => rankOn(open(), graph, job, halt(job.signal)),
    eightBits: async () => {
      const [first] = open();
      eightBits ??= first!.measure().then(({ outputs }) => ({ exact: outputs["exact"]!.data[0] === 1, ratio: Number(outputs["speed"]!.data[0]) }));
      eightBits.catch(() => (eightBits = null));
      return eightBits;
    },
    speed: async () => {
      speed ??= Promise.all(open().map((lane) => lane.measure())).then((answers) => Math.min(...answers.map(({ outputs }) => Number(outputs["speed"]!.data[1]))));
      speed.catch(() => (speed = null));
      return speed;
    },
    writing: async () => {
      writing ??= Promise.all(open().map((lane) => lane.measureWriting())).then(slowestWriting);
      writing.catch(() => (writing = null));
      return writing;
    },
    quantized: (sae) => encoders.ready(sae),
    predict: async (graph, documents, job) => predict(open(), paceOf(graph), options, { graph, documents, job, halt: halt(job.signal), active }),
    generate: async (graph, prompts, steps, job) => generateOn(open(), paceOf(graph), options, { graph, prompts, steps, job, halt: halt(job.signal) }),
    start: (count, graph) => {
      for (const lane of open().slice(0, Math.max(0, count))) {
        lane.start();
        if (graph !== undefined) lane.open(graph).catch(() => {});
      }
    },
    get pids() {
      return lanes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    },
    onStill: (tell) => {
      listeners.add(tell);
      return () => void listeners.delete(tell);
    },
    kill: () => {
      killing.abort(stopped());
      killing = new AbortController();
      for (const one of lanes) one.kill();
    },
    close: async () => {
      closed = true;
      killing.abort(stopped());
      await Promise.all(lanes.map((one) => one.close()));
      encoders.close();
    },
  };
}

function slowestWriting(answers: readonly Answer[]): WritingSpeed {
  const slowest = (name: keyof WritingSpeed): number => Math.min(...answers.map(({ outputs }) => Number(outputs["writing"]!.data[WRITING_SPEED.indexOf(name)])));
  return { single: slowest("single"), half: slowest("half"), tiled: slowest("tiled"), copied: slowest("copied"), drawn: slowest("drawn") };
}

/** Counts of `tap` in a reply, told to whoever asks. */
function tellScreened(outputs: Outputs, tap: number, tell: JobOptions["onScreened"]): void {
  const counts = outputs[`tap${tap}_counts`]?.data;
  if (counts === undefined || tell === undefined) return;
  const [rows, candidates, computed, dense] = Array.from(counts as Int32Array) as [number, number, number, number];
  tell(tap, { rows, candidates, computed, dense });
}

interface ForwardJob {
  readonly graph: PreparedGraph;
  readonly taps: number;
  readonly documents: readonly Document[];
  readonly job: JobOptions;
  readonly halt: Halt;
  /** Means of the active features of a row that earlier jobs saw. */
  readonly active: Map<string, number>;
}

async function forward(lanes: readonly Lane[], pace: Pace, options: EngineOptions, { graph, taps, documents, job, halt, active }: ForwardJob): Promise<void> {
  const widths = new Array<number>(taps).fill(0);
  const mended = mending();
  await inBatches(lanes, pace, options, {
    graph,
    documents,
    job,
    halt,
    active,
    run: (lane, { feeds }) => lane.run(graph, feeds),
    take: (outputs, { rowStart, chosen }, start) => {
      for (let tap = 0; tap < taps; tap++) tellScreened(outputs, tap, job.onScreened);
      const cuts = Array.from({ length: taps }, (_, tap) => cut(outputs, tap, rowStart));
      cuts.forEach((parts, tap) => (widths[tap] = parts[0]?.kind === "dense" ? parts[0].width : 0));
      chosen.forEach((document, i) => {
        const whole = mended.add(document, documents[document]!.wanted.length, start, cuts.map((parts) => parts[i]!));
        if (whole !== null) job.onDocument(document, whole);
      });
    },
    nothing: (document) => job.onDocument(document, widths.map((width, tap) => nothing(graph, tap, width))),
  });
}

async function predict(lanes: readonly Lane[], pace: Pace, options: EngineOptions, { graph, documents, job, halt, active }: Omit<ForwardJob, "taps" | "job"> & { readonly job: PredictJob }): Promise<void> {
  const { asked, onDocument } = job;
  const askedOf = (chosen: Uint32Array): Asked => (asked.kind === "came" ? { kind: "came", ids: Int32Array.from([...chosen].flatMap((document) => tokensBehind(documents[document]!))) } : asked);
  await inBatches(lanes, pace, options, {
    graph,
    documents,
    job,
    halt,
    active,
    run: (lane, { feeds, chosen }) => lane.predict(graph, feeds, askedOf(chosen)),
    take: (outputs, { rowStart, chosen }) => {
      const parts = predicted(outputs, rowStart);
      chosen.forEach((document, i) => onDocument(document, parts[i]!));
    },
    nothing: (document) => onDocument(document, { ids: new Int32Array(0), ranks: new Int32Array(0), logits: new Float32Array(0), logProbabilities: new Float64Array(0) }),
  });
}

function tokensBehind({ ids, wanted }: Document): readonly number[] {
  return Array.from(wanted, (position) => {
    if (position + 1 >= ids.length) throw new Error("no token comes behind the last one");
    return ids[position + 1]!;
  });
}

/** Documents in batches over the lanes: how one is run, what is done with its outputs, and with a document that wants nothing. */
interface Batches {
  readonly graph: EmittedGraph;
  readonly documents: readonly Document[];
  readonly job: Pick<JobOptions, "limits" | "onProgress">;
  readonly halt: Halt;
  readonly active: Map<string, number>;
  readonly run: (lane: Lane, batch: Batch) => Promise<Answer>;
  /** `start`: which of its wanted positions is the first here, of a document that was cut. */
  readonly take: (outputs: Outputs, batch: Batch, start: number) => void;
  readonly nothing: (document: number) => void;
}

async function inBatches(all: readonly Lane[], pace: Pace, options: EngineOptions, { graph, documents: asked, job, halt, active, run, take: taken, nothing: none }: Batches): Promise<void> {
  const { limits = { lanes: all.length, tokens: MOST_TOKENS, rows: MOST_ROWS } } = job;
  const lanes = all.slice(0, Math.max(1, limits.lanes));
  const order = arrange(asked);
  const total = order.reduce((sum, document) => sum + asked[document]!.ids.length, 0);
  const progress = counter(asked.length, total, job.onProgress);
  const rows = activeRows(limits, active);
  // What is left of each: a document with more wanted positions than there is room for is cut.
  const documents = [...asked];
  let from = 0;
  let left = total;
  await deal(lanes, halt, (lane) => {
    if (from === order.length) return null;
    const first = order[from]!;
    const count = take(documents, order, from, budget(pace, { total, left }, lanes.length, limits.tokens, documents[first]!.ids.length), options.batch, rows.most());
    const start = asked[first]!.wanted.length - documents[first]!.wanted.length;
    const [head, rest] = count === 1 && options.batch === null && documents[first]!.wanted.length > rows.ofText() ? cutDocument(documents[first]!, rows.ofText()) : [documents[first]!, null];
    documents[first] = head;
    const batch = assemble(documents, order.subarray(from, from + count), graph.unevenHeads);
    const done = rest === null ? count : 0;
    if (rest !== null) documents[first] = rest;
    const tokens = batch.chosen.subarray(0, done).reduce((sum, document) => sum + documents[document]!.ids.length, 0);
    from += done;
    left -= tokens;
    return run(lane, batch).then(({ outputs, ms }) => {
      observe(pace, batch.paddedTokens, ms);
      rows.saw(outputs, batch.rowStart.at(-1)!);
      taken(outputs, batch, start);
      progress(done, tokens);
    });
  }, batchesAhead(lanes.length));
  if (from < order.length) throw halt.reason();
  asked.forEach((document, i) => {
    if (document.wanted.length === 0) none(i);
  });
  progress(asked.length - order.length, 0);
}

/** What a document gives that wants no position. */
function nothing(graph: EmittedGraph, tap: number, width: number): TapOutput {
  if (graph.outputs.includes(`tap${tap}_dense`)) return { kind: "dense", width, values: new Float32Array(0) };
  return { kind: "sparse", indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) };
}

interface EncodeJob {
  readonly graph: PreparedGraph;
  readonly onScreened: JobOptions["onScreened"];
  /** [rows, width] */
  readonly residual: Float32Array;
  readonly width: number;
  readonly halt: Halt;
  readonly limits: JobLimits | undefined;
  readonly active: Map<string, number>;
}

async function encode(lanes: readonly Lane[], pace: Pace, { graph, residual, width, halt, onScreened, limits = { lanes: lanes.length, tokens: MOST_TOKENS, rows: MOST_ROWS }, active }: EncodeJob): Promise<TapOutput> {
  const rows = residual.length / width;
  const parts: { readonly from: number; readonly part: CsrPart }[] = [];
  const within = activeRows(limits, active);
  let from = 0;
  await deal(lanes, halt, (lane) => {
    if (from === rows) return null;
    const first = from;
    const count = Math.min(rows - first, Math.floor(budget(pace, { total: rows, left: rows - first }, lanes.length, within.most())));
    from += count;
    const values = residual.subarray(first * width, (first + count) * width);
    // One row alone takes another kernel and gives other bits.
    const fed = count > 1 ? values : Float32Array.from({ length: 2 * width }, (_, i) => values[i % width]!);
    return lane.run(graph, { residual: { type: "float32", data: fed, dims: [fed.length / width, width] } }).then(({ outputs, ms }) => {
      observe(pace, count, ms);
      within.saw(outputs, count);
      tellScreened(outputs, 0, onScreened);
      const [part] = cut(outputs, 0, Uint32Array.of(0, count));
      if (part?.kind !== "sparse") throw new Error("an encode graph gives triples");
      parts.push({ from: first, part });
    });
  }, batchesAhead(lanes.length));
  if (from < rows) throw halt.reason();
  parts.sort((a, b) => a.from - b.from);
  const { indptr, indices, values } = concatenate(parts.map(({ part }) => part), 0);
  return { kind: "sparse", indptr, indices, values };
}
