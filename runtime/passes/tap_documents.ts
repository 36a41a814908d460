/** Without this file documents that are known would be run again, and equal ones run twice. */
import { blocksNeeded } from "../../src/ops/hook.ts";
import type { Tap } from "../../src/ops/op.ts";
import { encodeRows, jobLimitsOf, restoreWith, whileFinite, type ActivationContext, type Forward } from "./activations.ts";
import { heldBack } from "../cache/held_back.ts";
import { CheckpointError } from "../checkpoint/error.ts";
import { requireFinite } from "../checkpoint/nonfinite.ts";
import { requireSteady } from "../checkpoint/steady.ts";
import { widened } from "./companions.ts";
import { addCounts } from "./encode_choice.ts";
import { EngineError, type Document, type TapOutput } from "../engine/port.ts";
import { firstToGuard, fits, guardTaps, progressOfParts, type GuardedDocument } from "../guard/pass.ts";
import { graphOf, partsOf, withoutSaes, type PassPart } from "./pass_part.ts";
import { createTurns } from "../turns.ts";
import { isNew, spacesOf, tapSpaces, weightsOf, type Spaces } from "./tap_spaces.ts";

type OnDocument = (index: number, taps: readonly TapOutput[]) => void;

/**
 * Give every document to `onDocument` once, with one output per tap, in no particular order: from memory, from the disk, or from the model.
 * What the model gave is kept as soon as its weights are known to be numbers, so a job that stops later goes on from there; what does not fit its SAE is neither kept nor told.
 * What later lines ask of documents that the model reads here is read along, and kept for them.
 * @throws CheckpointError `guard-failed`, `nonfinite-weights`, `changed-while-read`
 */
export async function tapDocuments(op: Forward, documents: readonly Document[], context: ActivationContext, onDocument: OnDocument): Promise<void> {
  // What is kept is named by the files as they were read.
  await requireSteady(weightsOf(op, op.taps, op.blocks, context));
  const spaces = spacesOf(op, context);
  const missing = await lookUp(op, documents, spaces, context, onDocument);
  context.onKept?.(documents.length - missing.reduce((sum, { places }) => sum + places.length, 0), documents.length);
  if (missing.length === 0) return;
  await proveUnedited(op, missing.map(({ document }) => document.ids), context);
  const told = new Set<Missing>();
  const tell: Tell = (each, taps) => {
    told.add(each);
    for (const place of each.places) onDocument(place, taps.slice(0, op.taps.length));
  };
  if (await runAlong(op, missing, told, context, tell)) return;
  await runMissing(op, spaces, missing.filter((each) => !told.has(each)), context, tell, false);
}

/**
 * Hold the SAEs of an edited pass, those that edit it too, against the model as it is, on all tokens of the first texts: a stream that is changed on purpose is no
 * sign that an SAE does not fit. Nothing where the model is not edited. `taps`: what else the pass reads.
 * @throws CheckpointError `guard-failed`
 */
export async function proveUnedited({ model, edits = [], taps = [] }: Pick<Forward, "model" | "edits"> & { readonly taps?: readonly Tap[] }, texts: readonly Int32Array[], context: ActivationContext): Promise<void> {
  const edited = edits.map(({ layer, hook, centred, folded, sae }): Tap => ({ layer, hook, ...(centred === undefined ? {} : { centred }), ...(folded === undefined ? {} : { folded }), sae }));
  const plain: Forward = { op: "forward", model, taps: [], window: { first: null, last: null, of: "all" }, blocks: null, slice: "inside" };
  const asked = edits.length === 0 ? [] : [...taps, ...edited].filter((tap) => !fits(plain, tap, context.guard));
  const unproven = [...new Map(asked.map((tap) => [JSON.stringify(tap), tap])).values()];
  if (unproven.length === 0) return;
  const { onKept: _, companions: __, ...quiet } = context;
  const pass: Forward = { ...plain, taps: unproven, blocks: Math.max(...unproven.map(blocksNeeded)) };
  const documents = texts.map((ids): Document => ({ ids, wanted: Uint32Array.from(ids.keys()) }));
  await tapDocuments(pass, documents.slice(0, firstToGuard(documents)), { ...quiet, onProgress: () => {} }, () => {});
}

/**
 * Read along what later lines ask of these documents; false where there is nothing, or it cannot be. What goes wrong is run again without it, and is said by the
 * line whose fault it is; an SAE that does not fit is left out alone.
 */
async function runAlong(op: Forward, missing: readonly Missing[], told: ReadonlySet<Missing>, context: ActivationContext, tell: Tell): Promise<boolean> {
  for (let along = context.companions?.of(op) ?? []; along.length > 0; along = context.companions!.of(op)) {
    let pass = op;
    try {
      const fresh = along.filter((tap) => isNew(op, tap, missing.map(({ document }) => document), context));
      if (fresh.length === 0) return false;
      pass = widened(op, fresh);
      await runMissing(pass, spacesOf(pass, context), missing.filter((each) => !told.has(each)), context, tell, true);
      return true;
    } catch (error) {
      if (context.signal.aborted) throw error;
      // The guard looks at one tap after the other, and remembers those that fit.
      const unfit = error instanceof CheckpointError && error.code === "guard-failed" ? pass.taps.find((tap) => !fits(pass, tap, context.guard)) : undefined;
      if (unfit !== undefined && op.taps.includes(unfit)) return false;
      context.companions!.refuse(op, unfit === undefined ? along : [unfit]);
      if (error instanceof EngineError) context.onNotice?.(`what later lines ask of the same texts could not be read along (${error.message}); this line is run by itself`);
    }
  }
  return false;
}

/** Run the model over documents of which something is missing, and keep what it gives. `again`: what fails is run again otherwise. */
async function runMissing(op: Forward, [spaces, whole]: Spaces, missing: readonly Missing[], context: ActivationContext, tell: Tell, again: boolean): Promise<void> {
  const { store, release } = heldBack(context.store);
  const keep: Keep = (each, taps, all) => {
    // Texts too few to judge by say nothing yet: they are answers in this session only.
    store.set((all ? whole : spaces).map((space, t) => (fits(op, op.taps[t]!, context.guard) ? space : { ...space, memoryOnly: true })), each.document, taps);
    tell(each, taps);
  };
  const parts = partsOf(op, missing, context);
  const told = progressOfParts(parts.map(({ part }) => part.map(({ document }) => document)), context.onProgress);
  try {
    await whileFinite(weightsOf(op, op.taps, op.blocks, context), context.signal, async (signal, finite) => {
      finite.then(release, () => {});
      for (const [at, { part, ...how }] of parts.entries()) {
        const through = how.throughResiduals ? throughResiduals : throughModel;
        await through(op, part, { ...how, endsHere: () => !again || context.signal.aborted }, { ...context, store, onProgress: told[at]!, signal }, keep);
      }
    });
  } finally {
    await context.store.flush();
  }
}

/** What came for a document: into the store, and to whom it may concern. `all`: all features, though fewer are asked for. */
type Keep = (missing: Missing, taps: readonly TapOutput[], all: boolean) => void;
type Tell = (missing: Missing, taps: readonly TapOutput[]) => void;

/** Documents without an answer yet, equal ones together. */
interface Missing {
  readonly document: Document;
  readonly places: number[];
}

async function lookUp(op: Forward, documents: readonly Document[], [spaces, whole]: Spaces, context: ActivationContext, onDocument: (index: number, taps: readonly TapOutput[]) => void): Promise<readonly Missing[]> {
  const missing = new Map<string, Missing>();
  const nothing = op.taps.map(empty);
  const turns = createTurns(context.signal);
  for (const [index, document] of documents.entries()) {
    const waiting = turns.between();
    if (waiting !== null) await waiting;
    if (document.wanted.length === 0) {
      onDocument(index, nothing);
      continue;
    }
    const known = context.store.get(spaces, document) ?? (whole === spaces ? undefined : context.store.get(whole, document));
    if (known !== undefined) {
      onDocument(index, known);
      continue;
    }
    const id = contentOf(document);
    const twin = missing.get(id);
    if (twin === undefined) missing.set(id, { document, places: [index] });
    else twin.places.push(index);
  }
  return [...missing.values()];
}

/** What is equal of two documents that give the same. */
export function contentOf({ ids, wanted, edited = NOWHERE }: Document): string {
  return `${ids.join()}|${wanted.join()}|${edited.join()}`;
}

const NOWHERE = new Int32Array(0);

function empty(tap: Tap): TapOutput {
  if (tap.sae !== null) return { kind: "sparse", indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) };
  return { kind: "dense", width: 0, values: new Float32Array(0) };
}

/** One pass of the model. Where it is guarded, it gives what the SAEs read too, and is looked at before anything of it is kept. */
async function throughModel(op: Forward, missing: readonly Missing[], how: PassPart & { readonly endsHere: () => boolean }, context: ActivationContext, keep: Keep): Promise<void> {
  const { engine, signal, onProgress } = context;
  const documents = missing.map(({ document }) => document);
  const limits = jobLimitsOf(op, documents, context);
  const limited = limits === null ? {} : { limits };
  // While the graph is written, which takes as long as a process takes to start.
  engine.start(Math.min(limits?.lanes ?? engine.options.lanes, documents.length));
  const graph = await graphOf(op, how, documents, context, limits?.lanes);
  if (!how.guarded) {
    return engine.forward(graph, op.taps.length, documents, {
      signal,
      ...limited,
      onScreened: (tap, counts) => addCounts(context.screened, op.taps[tap]!.sae!.name, counts),
      onProgress,
      onDocument: (index, taps) => keep(missing[index]!, taps, false),
    });
  }
  const looked: (readonly TapOutput[])[] = [];
  const taps = op.taps.length;
  const keepAll = (): void => looked.forEach((outputs, i) => keep(missing[i]!, outputs.slice(0, taps), true));
  const read = op.taps.filter(({ sae }) => sae !== null).length;
  await engine.forward(graph, taps + read, documents, { signal, ...limited, onProgress, onDocument: (index, outputs) => void (looked[index] = outputs) }).catch((error: unknown) => {
    // What a stopped run has done is not lost to the session; the guard then looks at what is left. Where it is run again, the guard must see it.
    if (how.endsHere()) keepAll();
    throw error;
  });
  await look(op, missing, looked.map((outputs) => ({ taps: outputs.slice(0, taps), dense: outputs.slice(taps) })), context);
  // Only now: what does not fit must be looked at again the next time.
  keepAll();
}

/** @throws CheckpointError `guard-failed`, `nonfinite-weights` */
async function look(op: Forward, missing: readonly Missing[], outputs: readonly Pick<GuardedDocument, "taps" | "dense">[], context: ActivationContext): Promise<void> {
  const special = context.catalog.model(op.model).tokenizer.specialIds;
  await guardTaps(op, outputs.map((each, i) => ({ ...each, document: missing[i]!.document, special })), context.guard, context.catalog, restoreWith(context)).catch(async (error: unknown) => {
    // A weight that is NaN fits nothing: then that is what is said.
    await requireFinite(weightsOf(op, op.taps, op.blocks, context), context.signal);
    throw error;
  });
}

/** Rows gathered before they are encoded together. */
const ENCODE_ROWS = 2048;

/** Documents whose residuals are kept need no model: only the rest is run, up to the residual, and all are encoded from it. */
async function throughResiduals(op: Forward, missing: readonly Missing[], how: PassPart, context: ActivationContext, keep: Keep): Promise<void> {
  const bare = withoutSaes(op);
  const spaces = tapSpaces(bare, context);
  context.store.refresh(spaces);
  const residuals = missing.map(({ document }) => context.store.get(spaces, document));
  const rest = missing.flatMap((each, at) => (residuals[at] === undefined ? [{ ...each, at }] : []));
  const tokensOf = (some: readonly Missing[]): number => some.reduce((sum, { document }) => sum + document.ids.length, 0);
  const [known, totalTokens] = [missing.length - rest.length, tokensOf(missing)];
  const tell = (documents: number, tokens: number): void => context.onProgress({ documents, totalDocuments: missing.length, tokens, totalTokens });
  if (rest.length > 0) {
    const before = totalTokens - tokensOf(rest);
    const limits = jobLimitsOf(bare, rest.map(({ document }) => document), context);
    await context.engine.forward(await graphOf(op, how, rest.map(({ document }) => document), context, limits?.lanes), bare.taps.length, rest.map(({ document }) => document), {
      signal: context.signal,
      ...(limits === null ? {} : { limits }),
      onProgress: ({ documents, tokens }) => tell(known + documents, before + tokens),
      onDocument: (index, taps) => {
        const { document, at } = rest[index]!;
        context.store.set(spaces, document, taps);
        residuals[at] = taps;
      },
    });
  }
  const all = missing.reduce((sum, { document }) => sum + document.wanted.length, 0);
  const looked: (readonly TapOutput[])[] = [];
  for (let from = 0; from < missing.length; ) {
    let to = from;
    for (let rows = 0; to < missing.length && (to === from || rows + missing[to]!.document.wanted.length <= ENCODE_ROWS); to++) rows += missing[to]!.document.wanted.length;
    const taps: (readonly TapOutput[])[] = [];
    for (const [t, tap] of op.taps.entries()) taps.push(await encodeAll(tap, residuals.slice(from, to).map((each) => each![t]!), all, context));
    missing.slice(from, to).forEach((each, i) => {
      const outputs = taps.map((one) => one[i]!);
      if (how.guarded) looked.push(outputs);
      else keep(each, outputs, true);
    });
    from = to;
  }
  if (!how.guarded) return;
  const read = op.taps.flatMap(({ sae }, t) => (sae === null ? [] : [t]));
  await look(op, missing, looked.map((taps, i) => ({ taps, dense: read.map((t) => residuals[i]![t]!) })), context);
  looked.forEach((taps, i) => keep(missing[i]!, taps, true));
}

/** Residuals of several documents, encoded as one matrix and cut again. `of`: rows of the whole job. */
async function encodeAll(tap: Tap, residuals: readonly TapOutput[], of: number, context: ActivationContext): Promise<readonly TapOutput[]> {
  if (tap.sae === null) return residuals;
  const dense = residuals.map((each) => {
    if (each.kind !== "dense") throw new Error("a residual is not dense");
    return each;
  });
  const width = dense[0]!.width;
  const values = new Float32Array(dense.reduce((sum, each) => sum + each.values.length, 0));
  let at = 0;
  for (const each of dense) {
    values.set(each.values, at);
    at += each.values.length;
  }
  const { indptr, indices, values: active } = await encodeRows(tap.sae, values, width, context, of);
  let row = 0;
  return dense.map((each): TapOutput => {
    const rows = each.values.length / width;
    const from = indptr[row]!;
    const to = indptr[row + rows]!;
    const own = indptr.slice(row, row + rows + 1).map((offset) => offset - from);
    row += rows;
    return { kind: "sparse", indptr: own, indices: indices.slice(from, to), values: active.slice(from, to) };
  });
}
