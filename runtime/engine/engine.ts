/** Without this file there would be processes that compute, and nobody who has them, counts them and ends them. */
import { availableParallelism } from "node:os";
import { stopped } from "./cause_of_death.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { FEWEST_TOKENS, guessPace } from "./batching.ts";
import type { Pace } from "./batching.ts";
import { counter, haltOf } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import { decodeOn } from "./decoding.ts";
import { forwardOn, predictOn } from "./documents.ts";
import { createEncoders } from "./encoders.ts";
import { encodeOn } from "./encoding.ts";
import { generateOn } from "./generation.ts";
import { WRITING_SPEED, type EightBits, type Engine, type EngineOptions, type WritingSpeed } from "./port.ts";
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
      return forwardOn(open(), paceOf(graph), options, { graph: prepared, taps, documents, job, halt: ending, active });
    },
    encode: async (graph, residual, width, signal, onScreened, limits) => {
      const ending = halt(signal);
      const prepared = await encoders.prepare(graph, open(), ending);
      return encodeOn(open(), paceOf(graph), { graph: prepared, residual, width, halt: ending, onScreened, limits, active });
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
    predict: async (graph, documents, job) => predictOn(open(), paceOf(graph), options, { graph, documents, job, halt: halt(job.signal), active }),
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
