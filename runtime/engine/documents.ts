/** Without this file documents would not be dealt to the engine's processes in batches, nor what these give be taken apart again. */
import { activeRows, cutDocument, mending } from "./active_rows.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { arrange, assemble, batchesAhead, budget, cut, MOST_ROWS, MOST_TOKENS, observe, take } from "./batching.ts";
import type { Batch, Pace } from "./batching.ts";
import { counter, deal } from "./dealing.ts";
import type { Halt } from "./dealing.ts";
import type { PreparedGraph } from "./encoders.ts";
import { predicted } from "./predicted.ts";
import type { Asked } from "../kernels/softmax.ts";
import type { Document, EngineOptions, JobOptions, PredictJob, TapOutput } from "./port.ts";
import type { Outputs } from "./protocol.ts";
import { tellScreened } from "./screened_counts.ts";
import type { Answer, Lane } from "./supervisor.ts";

interface ForwardJob {
  readonly graph: PreparedGraph;
  readonly taps: number;
  readonly documents: readonly Document[];
  readonly job: JobOptions;
  readonly halt: Halt;
  /** Means of the active features of a row that earlier jobs saw. */
  readonly active: Map<string, number>;
}

/** Documents through a forward graph, their activations given one by one. */
export async function forwardOn(lanes: readonly Lane[], pace: Pace, options: EngineOptions, { graph, taps, documents, job, halt, active }: ForwardJob): Promise<void> {
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

/** Documents through a model and its head: what comes behind the wanted tokens, given one document at a time. */
export async function predictOn(lanes: readonly Lane[], pace: Pace, options: EngineOptions, { graph, documents, job, halt, active }: Omit<ForwardJob, "taps" | "job"> & { readonly job: PredictJob }): Promise<void> {
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
