/** Without this file `explain` would tell of texts that are read, and nothing of those that a model goes on with. */
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { unlikeLengths } from "../../src/emit/unlike_lengths.ts";
import { guessPace } from "../engine/batching.ts";
import { dealt } from "../engine/generation.ts";
import { valueKey } from "../execute/value_key.ts";
import type { Recording, Work } from "../execute/recording.ts";
import { continuingLimits, stepGraphOf } from "../passes/continuing.ts";
import type { ExplainContext, Pass, Prediction } from "./explanation.ts";
import { writingWorkOf, type Writing } from "./work.ts";
import { timeOfWriting, wholeEditors } from "./writing_time.ts";

/** Texts that are continued: what that costs at most, since a text may end before. */
export async function writingPassOf(node: Writing, context: ExplainContext, recording: Recording | null): Promise<Pass> {
  const { op } = node;
  const graph = stepGraphOf({ op, gives: drawn(op) ? "logits" : "next" }, context, context.placement.target);
  const work = recording?.before.get(node) ?? (await writingWorkOf(node, context));
  const actual = recording?.of(node);
  const kept = recording === null ? context.values.get(valueKey(node, context.numerics)) !== undefined : recording.keptBefore.has(node);
  return {
    stage: node.label,
    places: [],
    mappedBytes: graph.mappedBytes,
    flopsPerToken: graph.flopsPerToken,
    operators: graph.operators,
    tail: null,
    writes: true,
    together: unlikeLengths(context.catalog.spec(op.model), context.placement.target),
    kept,
    work,
    predicted: "unknown" in work ? null : await predict(node, { work, graph, kept }, context),
    ...(actual === undefined ? {} : { actual }),
  };
}

function drawn(op: Writing["op"]): boolean {
  return op.op === "generate" && op.drawn !== null;
}

interface Task {
  readonly work: Work;
  readonly graph: EmittedGraph;
  readonly kept: boolean;
}

/** Of the last new token nothing is computed. */
async function predict({ op }: Writing, { work, graph, kept }: Task, context: ExplainContext): Promise<Prediction> {
  const { run, longest, mostRows } = work;
  const { options } = context.engine;
  const limits = continuingLimits(op, { texts: run.texts, longest: longest - mostRows, steps: mostRows }, context, graph);
  const flops = (run.tokens + run.rows - run.texts) * graph.flopsPerToken;
  if (limits === null) return { flops, seconds: null, memory: null };
  const shared = dealt(graph, guessPace(graph.flopsPerToken, graph.experts === true), { texts: run.texts, tokens: run.tokens + run.rows }, limits, options.batch);
  const told = { flops, memory: { processes: shared.lanes, threads: options.threads, usual: shared.lanes, batchTokens: limits.tokens, batchTexts: limits.rows, bytes: limits.bytes, limit: context.memory } };
  const [gflops, writing] = kept || flops === 0 ? [null, null] : [await context.speed(), await context.writing()];
  if (gflops === null || writing === null) return { ...told, seconds: null };
  const model = context.catalog.spec(op.model);
  const editors = wholeEditors(op.edits ?? [], (sae) => context.catalog.sae(sae).spec);
  const time = timeOfWriting({ model, graph, editors, draws: drawn(op), limits, dealt: shared }, work, { gflops, writing });
  return time === null ? { ...told, seconds: null } : { ...told, ...time };
}
