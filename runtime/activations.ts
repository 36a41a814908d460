/** Without this file plans would ask for activations and nobody would run the model. */
import { emitEncode } from "../src/emit/encode.ts";
import { emitForward } from "../src/emit/forward.ts";
import type { EmittedGraph, GraphTap } from "../src/emit/specs.ts";
import { CPU, type Target } from "../src/emit/target.ts";
import type { Op } from "../src/ops/op.ts";
import type { TensorRef } from "../src/emit/specs.ts";
import { requireFinite, usedSaeWeights, usedWeights } from "./checkpoint/nonfinite.ts";
import { documentKey, type ActivationStore } from "./activation_store.ts";
import type { Catalog } from "./catalog.ts";
import type { Acts, Csr, Dense, Tokens } from "./data/frame.ts";
import type { Document, Engine, Progress, TapOutput } from "./engine/port.ts";
import { concatenate, rowsOf } from "./kernels/csr.ts";
import { wantedPositions } from "./window.ts";

export interface ActivationContext {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly store: ActivationStore;
  /** The numerics class of this run (src/emit/target.ts): in every key of what the engine gives. */
  readonly numerics: string;
  readonly graphs: Map<string, EmittedGraph>;
  /** Continuations by model, prompt and length, so that a stopped `memorize` goes on where it was. */
  readonly generated: Map<string, Int32Array>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Of so many texts so many were known already. */
  readonly onKept?: (kept: number, all: number) => void;
}

type Forward = Op & { readonly op: "forward" };

/** The graph of a pass, emitted once. */
export function forwardGraphOf(op: Forward, catalog: Catalog, graphs: Map<string, EmittedGraph>, target: Target): EmittedGraph {
  const id = JSON.stringify(["forward", op.model.digest, op.taps, op.blocks, op.slice, target]);
  let graph = graphs.get(id);
  if (graph === undefined) {
    const taps: GraphTap[] = op.taps.map((tap) => ({ layer: tap.layer, hook: tap.hook, sae: tap.sae === null ? null : catalog.sae(tap.sae).spec }));
    graph = emitForward(catalog.model(op.model).spec, taps, { blocks: op.blocks, slice: op.slice === "inside", target });
    graphs.set(id, graph);
  }
  return graph;
}

/**
 * Run the model over the documents of several token sets (the groups of one value) in one job, and give each its activations:
 * acts where every tap has an SAE, else dense. Documents already known are not run again.
 */
export async function forward(op: Forward, sets: readonly Tokens[], context: ActivationContext): Promise<readonly (Acts | Dense)[]> {
  const graph = forwardGraphOf(op, context.catalog, context.graphs, context.engine.options.target ?? CPU);
  const pass = `${graph.key}|${context.numerics}`;
  const wanted = sets.map((tokens) => tokens.ids.map((ids, i) => wantedPositions(op.window, ids.length, tokens.boundary?.[i] ?? null)));
  const results: (readonly TapOutput[] | undefined)[] = [];
  const keys: string[] = [];
  const missing: Document[] = [];
  const places: number[] = [];
  const seen = new Map<string, number>();
  const copies: { readonly at: number; readonly of: number }[] = [];
  const empty = op.taps.map((tap): TapOutput => (tap.sae === null
    ? { kind: "dense", width: context.catalog.model(op.model).facts.hiddenSize, values: new Float32Array(0) }
    : { kind: "sparse", indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) }));
  for (const [s, tokens] of sets.entries()) {
    for (const [i, ids] of tokens.ids.entries()) {
      const document: Document = { ids, wanted: wanted[s]![i]! };
      const key = documentKey(pass, document);
      const at = results.length;
      keys.push(key);
      if (document.wanted.length === 0) {
        results.push(empty);
        continue;
      }
      const known = context.store.get(key);
      results.push(known);
      if (known !== undefined) continue;
      const twin = seen.get(key);
      if (twin !== undefined) copies.push({ at, of: twin });
      else {
        seen.set(key, at);
        places.push(at);
        missing.push(document);
      }
    }
  }
  context.onKept?.(results.length - missing.length - copies.length, results.length);
  if (missing.length > 0) {
    const model = context.catalog.model(op.model).spec;
    const weights = [...usedWeights(model, op.blocks ?? model.blocks.length, false), ...op.taps.flatMap((tap) => (tap.sae === null ? [] : usedSaeWeights(context.catalog.sae(tap.sae).spec)))];
    await whileFinite(weights, context.signal, (signal) => context.engine.forward(graph, op.taps.length, missing, {
      signal,
      onProgress: context.onProgress,
      onDocument: (index, taps) => {
        const at = places[index]!;
        results[at] = taps;
        context.store.set(keys[at]!, taps);
      },
    }));
    for (const { at, of } of copies) results[at] = results[of];
  }
  let next = 0;
  return sets.map((tokens, s) => {
    const outputs = tokens.ids.map(() => results[next++]!);
    return assemble(op, tokens, wanted[s]!, outputs, context.catalog);
  });
}

/**
 * Run a job while its weights are searched for NaN and infinities beside it: the search reads what the engine maps anyway, and is
 * done once per file. A bad weight stops the job.
 * @throws CheckpointError `nonfinite-weights`
 */
export async function whileFinite<T>(weights: readonly TensorRef[], signal: AbortSignal, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const search = requireFinite(weights, AbortSignal.any([signal, stop.signal]));
  search.catch(() => stop.abort());
  try {
    const result = await job(AbortSignal.any([signal, stop.signal]));
    await search;
    return result;
  } catch (error) {
    // Either side may fail first; what is said is the bad weight where there is one, else why the job ended.
    const ended = error instanceof Error && error.name === "AbortError" && !signal.aborted;
    stop.abort();
    if (ended) await search;
    search.catch(() => {});
    throw error;
  }
}

function assemble(op: Forward, tokens: Tokens, wanted: readonly Uint32Array[], outputs: readonly (readonly TapOutput[])[], catalog: Catalog): Acts | Dense {
  const rows = rowsOf(tokens.ids, wanted, tokens.special);
  const taps = op.taps.map((tap, t) => ({ tap, parts: outputs.map((each) => each[t]!) }));
  if (op.taps.every((tap) => tap.sae !== null)) {
    return {
      kind: "acts",
      tokens,
      rows,
      taps: taps.map(({ tap, parts }) => ({
        layer: tap.layer,
        hook: tap.hook,
        sae: `${tap.sae!.name} (${tap.sae!.convention})`,
        csr: concatenate(parts.map(sparse), catalog.sae(tap.sae!).spec.dSae),
      })),
    };
  }
  const width = catalog.model(op.model).facts.hiddenSize;
  return {
    kind: "dense",
    tokens,
    rows,
    taps: taps.map(({ tap, parts }) => {
      const values = new Float32Array(rows.count * width);
      let at = 0;
      for (const part of parts) {
        values.set(part.values, at);
        at += part.values.length;
      }
      return { layer: tap.layer, hook: tap.hook, width, values };
    }),
  };
}

function sparse(output: TapOutput): TapOutput & { readonly kind: "sparse" } {
  if (output.kind !== "sparse") throw new Error("a tap with an SAE gave dense values");
  return output;
}

/** Rows of one encode call at most: bounds the memory of rows × features inside the engine. */
const ENCODE_ROWS = 2048;

/** dense → acts with one SAE per tap, in a graph of its own. */
export async function encode(op: Op & { readonly op: "encode" }, dense: Dense, context: ActivationContext): Promise<Acts> {
  const taps = [];
  for (const [t, tap] of dense.taps.entries()) {
    const ref = op.saes[t]!;
    const { spec } = context.catalog.sae(ref);
    const target = context.engine.options.target ?? CPU;
    const id = JSON.stringify(["encode", ref, target]);
    const graph = context.graphs.get(id) ?? emitEncode(spec, target);
    context.graphs.set(id, graph);
    const parts: Csr[] = [];
    for (let from = 0; from < dense.rows.count; from += ENCODE_ROWS) {
      const to = Math.min(from + ENCODE_ROWS, dense.rows.count);
      const output = sparse(await whileFinite(usedSaeWeights(spec), context.signal, (signal) => context.engine.encode(graph, tap.values.slice(from * tap.width, to * tap.width), tap.width, signal)));
      parts.push({ rows: to - from, cols: spec.dSae, indptr: output.indptr, indices: output.indices, values: output.values });
    }
    taps.push({ layer: tap.layer, hook: tap.hook, sae: `${ref.name} (${ref.convention})`, csr: concatenate(parts, spec.dSae) });
  }
  return { kind: "acts", tokens: dense.tokens, rows: dense.rows, taps };
}
