/** Without this file documents that are known would be run again, and equal ones run twice. */
import { blocksNeeded } from "../src/ops/hook.ts";
import type { TensorRef } from "../src/emit/specs.ts";
import type { Tap } from "../src/ops/op.ts";
import { encodeRows, forwardGraphOf, whileFinite, type ActivationContext, type Forward } from "./activations.ts";
import type { Space } from "./cache/disk.ts";
import { spaceOf, tapName } from "./cache/spaces.ts";
import { usedSaeWeights, usedWeights } from "./checkpoint/nonfinite.ts";
import type { Document, TapOutput } from "./engine/port.ts";

/** How long cached documents are read before the terminal and Ctrl-C get their turn. */
const TURN_MS = 20;

/** Where what a tap gives is kept: in the space of the graph that reads this tap alone, so that passes with other taps find it too. */
export function tapSpaces(op: Forward, context: Pick<ActivationContext, "catalog" | "graphs" | "engine" | "residuals">): readonly Space[] {
  return op.taps.map((tap) => {
    const blocks = blocksNeeded(tap);
    const graph = forwardGraphOf({ ...op, taps: [tap], blocks, slice: "inside" }, context.catalog, context.graphs);
    return spaceOf(graph, weightsOf(op, [tap], blocks, context), context.engine.options, tapName(op.model, tap), tap.sae === null && !context.residuals);
  });
}

function weightsOf(op: Forward, taps: readonly Tap[], blocks: number | null, { catalog }: Pick<ActivationContext, "catalog">): readonly TensorRef[] {
  const { spec } = catalog.model(op.model);
  return [...usedWeights(spec, blocks ?? spec.blocks.length, false), ...taps.flatMap((tap) => (tap.sae === null ? [] : usedSaeWeights(catalog.sae(tap.sae).spec)))];
}

/**
 * Give every document to `onDocument` once, with one output per tap, in no particular order: from memory, from the disk, or from the model.
 * What the model gave is kept before it is told, so a job that stops later goes on from there.
 */
export async function tapDocuments(op: Forward, documents: readonly Document[], context: ActivationContext, onDocument: (index: number, taps: readonly TapOutput[]) => void): Promise<void> {
  const spaces = tapSpaces(op, context);
  context.store.refresh(spaces);
  const missing = await lookUp(op, documents, spaces, context, onDocument);
  context.onKept?.(documents.length - missing.reduce((sum, { places }) => sum + places.length, 0), documents.length);
  try {
    if (context.residuals && op.taps.some((tap) => tap.sae !== null)) await throughResiduals(op, missing, spaces, context, onDocument);
    else await run(op, missing, context, (places, document, taps) => {
      context.store.set(spaces, document, taps);
      for (const place of places) onDocument(place, taps);
    });
  } finally {
    if (missing.length > 0) await context.store.flush();
  }
}

/** Documents without an answer yet, equal ones together. */
interface Missing {
  readonly document: Document;
  readonly places: number[];
}

async function lookUp(op: Forward, documents: readonly Document[], spaces: readonly Space[], context: ActivationContext, onDocument: (index: number, taps: readonly TapOutput[]) => void): Promise<readonly Missing[]> {
  const missing = new Map<string, Missing>();
  const nothing = op.taps.map(empty);
  let turn = performance.now();
  for (const [index, document] of documents.entries()) {
    if (performance.now() - turn > TURN_MS) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      context.signal.throwIfAborted();
      turn = performance.now();
    }
    if (document.wanted.length === 0) {
      onDocument(index, nothing);
      continue;
    }
    const known = context.store.get(spaces, document);
    if (known !== undefined) {
      onDocument(index, known);
      continue;
    }
    const id = `${document.ids.join()}|${document.wanted.join()}`;
    const twin = missing.get(id);
    if (twin === undefined) missing.set(id, { document, places: [index] });
    else twin.places.push(index);
  }
  return [...missing.values()];
}

function empty(tap: Tap): TapOutput {
  if (tap.sae !== null) return { kind: "sparse", indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) };
  return { kind: "dense", width: 0, values: new Float32Array(0) };
}

async function run(op: Forward, missing: readonly Missing[], context: ActivationContext, onDocument: (places: readonly number[], document: Document, taps: readonly TapOutput[]) => void): Promise<void> {
  if (missing.length === 0) return;
  const graph = forwardGraphOf(op, context.catalog, context.graphs);
  await whileFinite(weightsOf(op, op.taps, op.blocks, context), context.signal, (signal) => context.engine.forward(graph, op.taps.length, missing.map(({ document }) => document), {
    signal,
    onProgress: context.onProgress,
    onDocument: (index, taps) => onDocument(missing[index]!.places, missing[index]!.document, taps),
  }));
}

/** Rows gathered before they are encoded together. */
const ENCODE_ROWS = 2048;

/** Documents whose residuals are kept need no model: only the rest is run, up to the residual, and all are encoded from it. */
async function throughResiduals(op: Forward, missing: readonly Missing[], spaces: readonly Space[], context: ActivationContext, onDocument: (index: number, taps: readonly TapOutput[]) => void): Promise<void> {
  const bare: Forward = { ...op, taps: op.taps.map((tap) => ({ ...tap, sae: null })) };
  const bareSpaces = tapSpaces(bare, context);
  context.store.refresh(bareSpaces);
  const known: Residuals[] = [];
  const rest: Missing[] = [];
  for (const each of missing) {
    const residuals = context.store.get(bareSpaces, each.document);
    if (residuals === undefined) rest.push(each);
    else known.push({ ...each, residuals });
  }
  await run(bare, rest, context, (places, document, residuals) => {
    context.store.set(bareSpaces, document, residuals);
    known.push({ places, document, residuals });
  });
  for (let from = 0; from < known.length; ) {
    let to = from;
    for (let rows = 0; to < known.length && (to === from || rows + known[to]!.document.wanted.length <= ENCODE_ROWS); to++) rows += known[to]!.document.wanted.length;
    const some = known.slice(from, to);
    const taps: (readonly TapOutput[])[] = [];
    for (const [t, tap] of op.taps.entries()) taps.push(await encodeAll(tap, some.map(({ residuals }) => residuals[t]!), context));
    some.forEach(({ document, places }, i) => {
      const outputs = taps.map((each) => each[i]!);
      context.store.set(spaces, document, outputs);
      for (const place of places) onDocument(place, outputs);
    });
    from = to;
  }
}

interface Residuals {
  readonly document: Document;
  readonly places: readonly number[];
  readonly residuals: readonly TapOutput[];
}

/** Residuals of several documents, encoded as one matrix and cut again. */
async function encodeAll(tap: Tap, residuals: readonly TapOutput[], context: ActivationContext): Promise<readonly TapOutput[]> {
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
  const { indptr, indices, values: active } = await encodeRows(tap.sae, values, width, context);
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
