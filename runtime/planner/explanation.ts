/** Without this file nobody could see what a query will read, compute and take, and what it did: the facts behind `explain`. */
import { fewestFeatures } from "../../src/emit/encode.ts";
import { lookingFlops } from "../../src/emit/mixer.ts";
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { describeTarget } from "../../src/emit/target.ts";
import type { UnlikeLengths } from "../../src/emit/unlike_lengths.ts";
import { moduleOf } from "../../src/ops/hook.ts";
import { key } from "../../src/ops/key.ts";
import { OPS, type Plan } from "../../src/ops/op.ts";
import { showType } from "../../src/ops/schema.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { printNode } from "../../src/plan/print.ts";
import type { CompiledPipeline } from "../../src/pipeline.ts";
import { forwardGraphOf, type Forward } from "../passes/activations.ts";
import { passOfLogits, predictGraphOf } from "../passes/predicting.ts";
import { mostParts, targetOf, threadsForWork } from "../passes/graph_targets.ts";
import { describeChoice, describeCounts, prunes } from "../passes/encode_choice.ts";
import { workingLanes } from "../engine/engine.ts";
import type { Placement } from "../engine/placement.ts";
import type { WritingSpeed } from "../engine/port.ts";
import { runsModel, valueKey } from "../execute/value_key.ts";
import { shapesOf } from "../passes/lane_memory.ts";
import { MOST_CELLS } from "../data/table_limits.ts";
import { fit, memoryLimit } from "../passes/limits.ts";
import type { Actual, Recording, Work, Workload } from "../execute/recording.ts";
import { workOf, writingWorkOf, type WorkContext, type Writing } from "./work.ts";
import { writingPassOf } from "./writing_pass.ts";
import type { WritingTime } from "./writing_time.ts";

/** One op of a plan, for machines. `same`: the node with that `id` stands here once more. */
export interface PlanNode {
  readonly id: string;
  readonly op: string;
  readonly type: string;
  readonly inputs: readonly PlanNode[];
  readonly same?: true;
  readonly actual?: Actual;
}

/** Where a pass reads the model, and what encodes it. */
export interface ReadAt {
  readonly layer: number;
  readonly hook: string;
  /** The module of the transformers package that gives the same. */
  readonly module: string | null;
  readonly centred: boolean;
  /** z is read without the value biases of its heads. */
  readonly folded: boolean;
  readonly sae: { readonly name: string; readonly features: number; readonly kernel: string; readonly screened: string | null } | null;
}

/** What a pass will cost: null where the texts are not known yet. */
export interface Prediction {
  readonly flops: number;
  /** null where the machine's speed is not asked for. */
  readonly seconds: number | null;
  /** Of texts that are continued, where a time is told: batches, steps of each, which write one token of each text, and seconds of a step. */
  readonly steps?: WritingTime["steps"];
  /** Processes, threads of each, how many processes of usual threads these are worth, padded tokens of a batch at most, of continuations texts that go on together, what all of it takes in memory at most, and the limit that was set; null on a device. */
  readonly memory: { readonly processes: number; readonly threads: number; readonly usual: number; readonly batchTokens: number; readonly batchTexts?: number; readonly bytes: number; readonly limit: number | null } | null;
}

export interface Pass {
  readonly stage: string;
  readonly places: readonly ReadAt[];
  readonly mappedBytes: number;
  readonly flopsPerToken: number;
  readonly operators: number;
  /** Nodes that a device leaves to the processor by design: after it, small, and counted. */
  readonly tail: { readonly provider: string; readonly nodes: number } | null;
  /** Texts are continued: `rows` of its work are new tokens at most, and `tokens` those of the prompts. */
  readonly writes?: true;
  /** Which of these texts go on together, and why not all. */
  readonly together?: UnlikeLengths;
  /** The value of the whole pass is there from before. */
  readonly kept: boolean;
  readonly work: Workload;
  readonly predicted: Prediction | null;
  readonly actual?: Actual;
}

/** A table of tokens or active features, which is held beside what passes take. */
export interface HeldTable {
  readonly stage: string;
  readonly columns: number;
  /** Rows at most; null where that is as many as features are active, or texts have tokens. */
  readonly rows: number | null;
  /** What it takes at most: of more cells none is made. */
  readonly bytes: number;
}

export interface Explanation {
  readonly written: PlanNode;
  readonly rules: readonly { readonly name: string; readonly doc: string }[];
  readonly plan: PlanNode;
  readonly passes: readonly Pass[];
  readonly tables: readonly HeldTable[];
  readonly device: { readonly name: string; readonly reason: string } | null;
  /** 10⁹ float32 operations a second of one engine process. */
  readonly gflops: number | null;
  /** How fast one does what a step of writing is made of; null where no text is continued. */
  readonly writing: WritingSpeed | null;
  /** Present where the query was run. */
  readonly actual?: { readonly ms: number; readonly peakBytes: number | null };
}

export interface ExplainContext extends WorkContext {
  readonly placement: Placement;
  readonly threads: number;
  /** The speed of one engine process, or null where it is not to be measured; and how fast it writes. */
  readonly speed: () => Promise<number | null>;
  readonly writing: () => Promise<WritingSpeed | null>;
}

/** The plan as written, the rules that changed it, the plan as run, and the cost of each pass of the model; with a recording, what they took. */
export async function explanationOf(pipeline: CompiledPipeline, context: ExplainContext, recording: Recording | null): Promise<Explanation> {
  const below = (plan: Plan): Plan => (plan.op.op === "explain" ? plan.inputs[0]! : plan);
  const plan = below(pipeline.plan);
  const computes = runsModel(plan);
  const passes: Pass[] = [];
  const works = new Map<Plan, Workload>();
  for (const node of nodes(plan)) {
    if (isWriting(node)) {
      passes.push(await writingPassOf(node, context, recording));
      continue;
    }
    const read = readIn(node, context);
    if (read === null) continue;
    const pass = await passOf(read, context, recording);
    passes.push(pass);
    works.set(node, pass.work);
  }
  const toRun = targetOf(context.engine).provider === "cpu" ? passes.filter(({ kept, predicted }) => !kept && predicted !== null && predicted.flops > 0) : [];
  const gflops = toRun.length > 0 ? await context.speed() : null;
  const writing = toRun.some(({ writes }) => writes === true) ? await context.writing() : null;
  return {
    written: treeOf(below(pipeline.written), null),
    rules: pipeline.steps.map(({ rule: { name, doc } }) => ({ name, doc })),
    plan: treeOf(plan, recording),
    passes: passes.map((pass) => (pass.writes === true ? pass : { ...pass, predicted: timed(pass.predicted, gflops, context.engine.options.lanes) })),
    tables: nodes(plan).flatMap((node) => (node.op.op === "rows" ? [tableOf(node, node.op.features, works, context)] : [])),
    device: computes ? { name: describeTarget(context.placement.target), reason: context.placement.reason } : null,
    gflops,
    writing,
    ...(recording === null ? {} : { actual: { ms: recording.ms(), peakBytes: recording.peakBytes() } }),
  };
}

/** A node that reads texts with the model, and the pass that it is; what comes next is predicted behind one of all blocks. */
export interface ReadIn {
  readonly node: Plan;
  readonly pass: Plan & { readonly op: Forward };
}

function readIn(node: Plan, { catalog }: Pick<ExplainContext, "catalog">): ReadIn | null {
  const { op } = node;
  if (isForward(node)) return { node, pass: node };
  return op.op === "logits" ? { node, pass: { ...node, op: passOfLogits(op, catalog.spec(op.model)) } } : null;
}

/** What each pass of a plan, and each continuation of texts, has to do. */
export async function worksOf(plan: Plan, context: Pick<ExplainContext, "catalog"> & WorkContext): Promise<ReadonlyMap<Plan, Workload>> {
  const works = new Map<Plan, Workload>();
  for (const node of nodes(plan)) {
    const read = readIn(node, context);
    if (read !== null) works.set(node, await workOf(read.pass, context));
    if (isWriting(node)) works.set(node, await writingWorkOf(node, context));
  }
  return works;
}

function isWriting(node: Plan): node is Writing {
  return node.op.op === "generate" || node.op.op === "memorize";
}

function isForward(node: Plan): node is Plan & { readonly op: Forward } {
  return node.op.op === "forward";
}

/** Numbers, and references to the texts of tokens. */
const CELL_BYTES = 8;

function tableOf(node: Plan, features: readonly number[] | null, works: ReadonlyMap<Plan, Workload>, { catalog }: ExplainContext): HeldTable {
  const columns = node.schema.columns.length;
  let source = node;
  while (!isForward(source) && source.inputs.length === 1) source = source.inputs[0]!;
  const work = works.get(source);
  // Of each tap, the most features that a token can have here.
  const mostOf = (sae: SaeSpec | null): number | null => features?.length ?? (sae?.kind === "topk" ? sae.k : null);
  const active = isForward(source) ? source.op.taps.map(({ sae }) => mostOf(sae === null ? null : catalog.sae(sae).spec)) : [null];
  const rows = work === undefined || "unknown" in work || active.includes(null) ? null : work.rows * active.reduce<number>((sum, count) => sum + count!, 0);
  return { stage: node.label, columns, rows, bytes: CELL_BYTES * Math.min(MOST_CELLS, rows === null ? MOST_CELLS : rows * columns) };
}

async function passOf({ node, pass }: ReadIn, context: ExplainContext, recording: Recording | null): Promise<Pass> {
  const { op } = pass;
  const { target } = context.placement;
  const graph = node.op.op === "logits" ? predictGraphOf(node.op, context, target) : forwardGraphOf(op, context.catalog, context.graphs, target);
  const { spec } = context.catalog.model(op.model);
  const before = recording?.before.get(node);
  const work = before ?? (await workOf(pass, context));
  const actual = recording?.of(node);
  return {
    stage: node.label,
    places: op.taps.map((tap) => ({
      layer: tap.layer,
      hook: tap.hook,
      module: moduleOf(spec.hooks, tap),
      centred: tap.centred === true,
      folded: tap.folded !== undefined,
      sae: tap.sae === null ? null : encoderOf(tap.sae.name, context.catalog.sae(tap.sae).spec, tap.features, context),
    })),
    mappedBytes: graph.mappedBytes,
    flopsPerToken: graph.flopsPerToken,
    operators: graph.operators,
    tail: graph.tail === undefined || graph.target === undefined ? null : { provider: graph.target.provider, nodes: graph.tail.nodes },
    kept: recording === null ? context.values.get(valueKey(node, context.numerics)) !== undefined : recording.keptBefore.has(node),
    work,
    predicted: "unknown" in work ? null : predict(op, work, graph, context),
    ...(actual === undefined ? {} : { actual }),
  };
}

function encoderOf(name: string, spec: SaeSpec, features: readonly number[] | undefined, { encodeKernel, threads, placement, screened }: ExplainContext): ReadAt["sae"] {
  const counts = screened.get(name);
  return { name, features: spec.dSae, kernel: describeChoice(encodeKernel, spec, threads, placement.target, features), screened: counts === undefined ? null : describeCounts(counts, spec.dSae) };
}

/** Products with weights for each token, scores and mixing in attention, and all features, or the whole vocabulary, of each wanted position. */
function predict(op: Forward, { run, longest, mostRows }: Work, { flopsPerToken, head }: EmittedGraph, { catalog, engine, memory }: ExplainContext): Prediction {
  const { spec } = catalog.model(op.model);
  const shapes = { ...shapesOf(spec, op.taps, op.blocks, (sae) => catalog.sae(sae).spec, op.edits), ...(head === undefined ? {} : ({ head: true } as const)) };
  const length = run.texts === 0 ? 0 : run.tokens / run.texts;
  const attention = lookingFlops(spec, shapes.blocks, length);
  const predicting = head === undefined ? 0 : 2 * head.width * head.vocabulary;
  const encoding = predicting + shapes.taps.reduce((sum, { sae, tap: { features } }) => sum + (sae === null ? 0 : 2 * sae.dIn * (features !== undefined && prunes(sae, targetOf(engine)) ? Math.max(fewestFeatures(targetOf(engine).parts ?? 1), features.length) : sae.dSae)), 0);
  const chosen = targetOf(engine).provider === "cpu" ? fit(shapes, { texts: run.texts, longest, rows: mostRows }, engine.options.lanes, memoryLimit(memory), engine.options.batch, mostParts(engine)) : null;
  const flops = run.tokens * (flopsPerToken + attention) + run.rows * encoding;
  if (chosen === null) return { flops, seconds: null, memory: null };
  const threads = threadsForWork(op, { ...run, flops: run.tokens * flopsPerToken }, { catalog, engine }, chosen.lanes);
  const processes = threads === engine.options.threads ? chosen.lanes : workingLanes(run, chosen.lanes);
  return { flops, seconds: null, memory: { processes, threads, usual: (processes * threads) / engine.options.threads, batchTokens: chosen.tokens, bytes: chosen.bytes, limit: memory } };
}

function timed(predicted: Prediction | null, gflops: number | null, lanes: number): Prediction | null {
  if (predicted === null || gflops === null) return predicted;
  return { ...predicted, seconds: predicted.flops / (gflops * 1e9 * (predicted.memory?.usual ?? lanes)) };
}

function treeOf(plan: Plan, recording: Recording | null): PlanNode {
  const seen = new Set<string>();
  const ids = new Map<Plan, string>();
  const visit = (node: Plan): PlanNode => {
    // What passes rows on has the key of what it passes, and is shown for each place where it is written.
    const passes = OPS[node.op.op].passes;
    const id = ids.get(node) ?? `${key(node).slice(0, 12)}${passes ? ` ${node.op.op} ${seen.size}` : ""}`;
    ids.set(node, id);
    const own = { id, op: printNode(node), type: showType(node.schema) };
    if (seen.has(id)) return { ...own, inputs: [], same: true };
    seen.add(id);
    const actual = recording?.of(node);
    return { ...own, inputs: node.inputs.map(visit), ...(actual === undefined ? {} : { actual }) };
  };
  return visit(plan);
}
