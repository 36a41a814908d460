/** Without this file plans would ask for activations and nobody would run the model. */
import { emitEncode } from "../../src/emit/encode.ts";
import { emitScreened } from "../../src/emit/screen.ts";
import { emitForward } from "../../src/emit/forward.ts";
import { positionsFor } from "../../src/emit/rope.ts";
import type { EmittedGraph, GraphTap, WeightRef } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";
import { blocksOf, moduleOf, widthIn } from "../../src/ops/hook.ts";
import type { Op, SaeRef, Tap } from "../../src/ops/op.ts";
import type { EncodeKernel } from "../../src/stages/stage.ts";
import { requireFinite, usedSaeWeights } from "../checkpoint/nonfinite.ts";
import { requireSteady } from "../checkpoint/steady.ts";
import type { ActivationStore } from "../cache/activation_store.ts";
import type { TokenIds } from "../cache/kept_tokens.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Companions } from "./companions.ts";
import type { Acts, Dense, TapPlace, Tokens } from "../data/frame.ts";
import { concatenate, rowsOf, type Csr } from "../kernels/csr.ts";
import type { Document, Engine, JobLimits, Progress, ScreenCounts, TapOutput } from "../engine/port.ts";
import { decodeRows, emitDecode } from "../../src/emit/decode.ts";
import type { Guard, Restore } from "../guard/guard.ts";
import { guardEncoded } from "../guard/pass.ts";
import { hostTargetOf, mostParts, targetOf } from "./graph_targets.ts";
import { requireComputable, requireEditable, requireSeparable } from "./computable.ts";
import { editingOf, editsTold, saesOfEdits } from "./editing.ts";
import { addCounts, prunes, screens } from "./encode_choice.ts";
import { cudaLimits, encodingLimits, extentOf, fit, memoryLimit, requireMemory, type Fit } from "./limits.ts";
import { shapesOf } from "./lane_memory.ts";
import { tapDocuments } from "./tap_documents.ts";
import { placesOfEdits, wantedPositions } from "./window.ts";

export interface ActivationContext {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly store: ActivationStore;
  readonly tokenIds: TokenIds;
  /** The numerics class of this run (src/emit/target.ts): in every key of what the engine gives. */
  readonly numerics: string;
  readonly graphs: Map<string, EmittedGraph>;
  readonly guard: Guard;
  readonly encodeKernel: EncodeKernel;
  /** What screening did so far, by SAE. */
  readonly screened: Map<string, ScreenCounts>;
  /** Bytes that all processes may take, as set, else null. */
  readonly memory: number | null;
  /** Keep residuals too, and encode from them: another SAE then needs no model. */
  readonly residuals: boolean;
  /** Taps of later lines that a pass reads along, so that they are known when those lines come. */
  readonly companions?: Companions;
  readonly onNotice?: (text: string) => void;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Of so many texts so many were known already. */
  readonly onKept?: (kept: number, all: number) => void;
}

export type Forward = Op & { readonly op: "forward" };

/** What a pass is run for, beyond its taps. */
export interface PassOptions {
  /** Behind the taps of the pass come, for each that has an SAE, the activations that the SAE reads. */
  readonly guarded?: boolean;
  /** Taps that stop before the encoder. */
  readonly screened?: readonly number[];
  /** What it is run over; absent where a graph is only looked at, or names what is kept. */
  readonly documents?: readonly Document[];
}

/** The graph of a pass, emitted once. */
export function forwardGraphOf(op: Forward, catalog: Catalog, graphs: Map<string, EmittedGraph>, target: Target, { guarded = false, screened = [], documents = [] }: PassOptions = {}): EmittedGraph {
  const spec = catalog.spec(op.model);
  const longest = positionsFor(spec, documents.reduce((most, { ids }) => Math.max(most, ids.length), 0));
  const id = JSON.stringify(["forward", op.model, op.taps, op.edits ?? null, op.blocks, op.slice, target, guarded, screened, longest]);
  let graph = graphs.get(id);
  if (graph === undefined) {
    requireComputable(spec, blocksOf(op), target);
    requireEditable(op, target);
    requireSeparable(spec, [...op.taps, ...(op.edits ?? [])]);
    const taps = op.taps.map(({ features, ...tap }, index): GraphTap => {
      const sae = tap.sae === null ? null : catalog.sae(tap.sae).spec;
      // What the guard looks at is all that is active.
      const only = features !== undefined && sae !== null && !guarded && prunes(sae, target) ? { features: features.filter((each) => each < sae.dSae) } : {};
      return { ...tap, sae, screened: screened.includes(index), ...only };
    });
    const read = guarded ? taps.filter(({ sae }) => sae !== null).map((tap): GraphTap => ({ ...tap, sae: null })) : [];
    graph = emitForward(spec, [...taps, ...read], { blocks: op.blocks, slice: op.slice === "inside", ...editingOf(op, catalog), longest, target });
    // Another session, though its bytes may be equal.
    if (target.threads !== undefined) graph = { ...graph, key: `${graph.key}, ${target.threads} threads` };
    // A graph over an SAE that is not here yet is good for looking at, not for running.
    if ([...saesOfEdits(op), ...op.taps.flatMap(({ sae }) => sae ?? [])].every((sae) => catalog.sae(sae).whole)) graphs.set(id, graph);
  }
  return graph;
}

/**
 * Run the model over the documents of several token sets (the groups of one value) in one job, and give each its activations:
 * acts where every tap has an SAE, else dense. Documents already known are not run again.
 */
export async function forward(op: Forward, sets: readonly Tokens[], context: ActivationContext): Promise<readonly (Acts | Dense)[]> {
  const wanted = sets.map((tokens) => tokens.ids.map((ids, i) => wantedPositions(op.window, ids.length, tokens.boundary?.[i] ?? null)));
  const documents = sets.flatMap((tokens, s) => tokens.ids.map((ids, i): Document => ({ ids, wanted: wanted[s]![i]!, ...placesOfEdits(op, ids.length, tokens.boundary?.[i] ?? null) })));
  const results = new Array<readonly TapOutput[]>(documents.length);
  await tapDocuments(op, documents, context, (index, taps) => (results[index] = taps));
  let next = 0;
  return sets.map((tokens, s) => {
    const outputs = tokens.ids.map(() => results[next++]!);
    return assemble(op, tokens, wanted[s]!, outputs, context.catalog);
  });
}

/** Reconstruction for the guard, in a graph of its own, on the CPU of the engine process like every decode graph. */
export function restoreWith({ engine, graphs, signal }: ActivationContext): Restore {
  return (sae, csr, residual) => {
    const target = hostTargetOf(engine);
    const id = JSON.stringify(["decode", sae.decoder?.weight.file, sae.digest, sae.convention, target]);
    const graph = graphs.get(id) ?? emitDecode(sae, target);
    graphs.set(id, graph);
    return engine.decode(graph, { csr, residual, width: sae.dIn, rowsAtOnce: decodeRows(sae, csr.rows), signal, onRows: () => {} });
  };
}

/** How many processes work on a pass, and in which batches, so that it stays below the limit of memory; null on a device, whose memory is its own. @throws EngineError `out-of-memory` */
function limitsOf(op: Forward, documents: readonly Document[], { catalog, engine, memory }: Pick<ActivationContext, "catalog" | "engine" | "memory">, head: boolean): Fit | null {
  if (targetOf(engine).provider !== "cpu") return null;
  const shapes = { ...shapesOf(catalog.model(op.model).spec, op.taps, op.blocks, (sae) => catalog.sae(sae).spec, op.edits), ...(head ? { head } : {}) };
  const chosen = fit(shapes, extentOf(documents), engine.options.lanes, memoryLimit(memory), engine.options.batch, mostParts(engine));
  requireMemory(chosen, memory);
  return chosen;
}

/** Limits of a pass's batches, with the model's `head` where it is run; null where those of the engine hold. @throws EngineError `out-of-memory` */
export function jobLimitsOf(op: Forward, documents: readonly Document[], context: Pick<ActivationContext, "catalog" | "engine" | "memory">, head = false): JobLimits | null {
  const { catalog, engine } = context;
  if (targetOf(engine).provider !== "cuda") return limitsOf(op, documents, context, head);
  return cudaLimits(shapesOf(catalog.model(op.model).spec, op.taps, op.blocks, (sae) => catalog.sae(sae).spec));
}

/**
 * Run a job while its weights are searched for NaN and infinities beside it: the search reads what the engine maps anyway, and is
 * done once per file. A bad weight stops the job. `finite` resolves when the search has found none. What was computed while a file was written
 * over is no result.
 * @throws CheckpointError `nonfinite-weights`, `changed-while-read`
 */
export async function whileFinite<T>(weights: readonly WeightRef[], signal: AbortSignal, job: (signal: AbortSignal, finite: Promise<void>) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const search = requireFinite(weights, AbortSignal.any([signal, stop.signal]));
  search.catch(() => stop.abort());
  try {
    await requireSteady(weights);
    const result = await job(AbortSignal.any([signal, stop.signal]), search);
    await search;
    await requireSteady(weights);
    return result;
  } catch (error) {
    // Either side may fail first; what is said is the bad weight where there is one, else why the job ended.
    const ended = error instanceof Error && error.name === "AbortError" && !signal.aborted;
    stop.abort();
    search.catch(() => {});
    // A file that is half written fails in many ways.
    if (!signal.aborted) await requireSteady(weights);
    if (ended) await search;
    throw error;
  }
}

function assemble(op: Forward, read: Tokens, wanted: readonly Uint32Array[], outputs: readonly (readonly TapOutput[])[], catalog: Catalog): Acts | Dense {
  const tokens = op.edits === undefined ? read : { ...read, ...editsTold(op) };
  const rows = rowsOf(tokens.ids, wanted, tokens.special);
  const taps = op.taps.map((tap, t) => ({ tap, parts: outputs.map((each) => each[t]!) }));
  if (op.taps.every((tap) => tap.sae !== null)) {
    return {
      kind: "acts",
      tokens,
      rows,
      taps: taps.map(({ tap, parts }) => ({
        ...tapPlace(catalog, op, tap),
        sae: `${tap.sae!.name} (${tap.sae!.convention})`,
        csr: concatenate(parts.map(sparse), catalog.sae(tap.sae!).spec.dSae),
      })),
    };
  }
  return {
    kind: "dense",
    tokens,
    rows,
    taps: taps.map(({ tap, parts }) => {
      const width = widthOf(catalog, op, tap);
      const values = new Float32Array(rows.count * width);
      let at = 0;
      for (const part of parts) {
        values.set(part.values, at);
        at += part.values.length;
      }
      return { ...tapPlace(catalog, op, tap), width, values };
    }),
  };
}

/** Numbers of one position at a hook. */
function widthOf(catalog: Catalog, op: Forward, { layer, hook }: Tap): number {
  const fact = catalog.model(op.model).spec.hooks[hook];
  if (fact.state === "absent") throw new Error(`a plan reads ${hook}, which the model does not have`);
  return widthIn(fact, layer);
}

/** Where a tap was read, for headers and tables. */
export function tapPlace(catalog: Catalog, op: Forward, tap: Tap): TapPlace {
  const module = moduleOf(catalog.model(op.model).spec.hooks, tap);
  return { layer: tap.layer, hook: tap.hook, ...(tap.centred === true ? { centred: true } : {}), ...(tap.folded === undefined ? {} : { folded: tap.folded }), ...(module === null ? {} : { module }) };
}

function sparse(output: TapOutput): TapOutput & { readonly kind: "sparse" } {
  if (output.kind !== "sparse") throw new Error("a tap with an SAE gave dense values");
  return output;
}

/** Rows of one encode call at most: bounds the memory of rows × features inside the engine. */
const ENCODE_ROWS = 2048;

/** Residuals [rows, width] → the SAE's activations, in a graph of its own. `of`: rows of the job that these are a part of. */
export async function encodeRows(ref: SaeRef, values: Float32Array, width: number, context: ActivationContext, of = values.length / width): Promise<Csr> {
  const { spec } = context.catalog.sae(ref);
  const target = targetOf(context.engine);
  const screened = await screens(context.encodeKernel, spec, of, context.engine);
  const id = JSON.stringify(["encode", ref, target, screened]);
  const graph = context.graphs.get(id) ?? (screened ? emitScreened(spec, target) : emitEncode(spec, null, target));
  context.graphs.set(id, graph);
  const rows = values.length / width;
  const limits = target.provider === "cpu" ? encodingLimits(spec, context.engine.options.lanes, memoryLimit(context.memory)) : undefined;
  const parts: Csr[] = [];
  for (let from = 0; from < rows; from += ENCODE_ROWS) {
    const to = Math.min(from + ENCODE_ROWS, rows);
    const output = sparse(await whileFinite(usedSaeWeights(spec), context.signal, (signal) => context.engine.encode(graph, values.slice(from * width, to * width), width, signal, (_tap, counts) => addCounts(context.screened, ref.name, counts), limits)));
    parts.push({ rows: to - from, cols: spec.dSae, indptr: output.indptr, indices: output.indices, values: output.values });
  }
  return concatenate(parts, spec.dSae);
}

/** dense → acts with one SAE per tap. */
export async function encode(op: Op & { readonly op: "encode" }, dense: Dense, context: ActivationContext): Promise<Acts> {
  const taps = [];
  for (const [t, tap] of dense.taps.entries()) {
    const ref = op.saes[t]!;
    const { width, values, ...place } = tap;
    taps.push({ ...place, sae: `${ref.name} (${ref.convention})`, csr: await encodeRows(ref, values, width, context) });
  }
  const acts: Acts = { kind: "acts", tokens: dense.tokens, rows: dense.rows, taps };
  await guardEncoded(op, dense, acts, context.guard, context.catalog, restoreWith(context));
  return acts;
}
