/** Without this file the activations of every text would be held until the last one is done. */
import { placeOf, type ActivationContext, type Forward } from "./activations.ts";
import { both, brokenOf, NONE_BROKEN } from "./broken.ts";
import type { Broken, Place, Reduced, Tokens } from "./data/frame.ts";
import type { Document, Progress, TapOutput } from "./engine/port.ts";
import { accumulate, createAccumulator, type Accumulator, type Wanted } from "./kernels/accumulate.ts";
import { rowsOf } from "./kernels/csr.ts";
import { tapDocuments } from "./tap_documents.ts";
import { wantedPositions } from "./window.ts";

/** Texts looked up and run together: enough to sort by length and to fill every lane, few enough to hold. */
export const ROUND = 2048;

/** Documents of one group, as they come. */
export interface DocumentStream {
  /** Pieces of a value: their documents, without an end known before. */
  readonly pieces: Iterable<Tokens> | AsyncIterable<Tokens>;
  /** How many documents there are, where it is known. */
  readonly total: number | null;
}

/**
 * Run the model over documents and keep only what `wanted` asks for: memory for one round of texts, and states whose size depends on the
 * SAE alone. The value of each stream.
 */
export async function reduceForward(op: Forward, wanted: readonly Wanted[], streams: readonly DocumentStream[], context: ActivationContext): Promise<readonly Reduced[]> {
  const groups = streams.map(() => createGroup(op, wanted, context));
  let waiting: { readonly group: Group; readonly document: Document; readonly special: ReadonlySet<number>; readonly text: number }[] = [];
  const totals = streams.map(({ total }) => total);
  const pace = createPace(totals.every((total) => total !== null) ? totals.reduce((sum, total) => sum! + total!, 0) : null, context);
  const flush = async (): Promise<void> => {
    const round = waiting;
    waiting = [];
    await tapDocuments(op, round.map(({ document }) => document), { ...context, onProgress: pace.within }, (index, taps) => {
      const { group, document, special, text } = round[index]!;
      take(group, document, special, text, taps);
    });
    pace.done(round.length);
  };
  for (const [s, { pieces }] of streams.entries()) {
    const group = groups[s]!;
    for await (const piece of pieces) {
      const from = group.facts.texts;
      note(group, piece);
      for (const [i, ids] of piece.ids.entries()) {
        waiting.push({ group, document: { ids, wanted: wantedPositions(op.window, ids.length, piece.boundary?.[i] ?? null) }, special: piece.special, text: from + i });
        if (waiting.length === ROUND) await flush();
      }
    }
  }
  if (waiting.length > 0) await flush();
  return groups.map((group) => finish(group));
}

interface Group {
  readonly taps: readonly (Place & { readonly sae: string; readonly cols: number; readonly states: readonly Accumulator[] })[];
  facts: Reduced["facts"];
  broken: Broken;
}

function createGroup(op: Forward, wanted: readonly Wanted[], { catalog }: ActivationContext): Group {
  return {
    taps: op.taps.map((tap) => {
      const { sae } = tap;
      if (sae === null) throw new Error("a tap without an SAE is not reduced");
      const cols = catalog.sae(sae).spec.dSae;
      return { ...placeOf(catalog, op, tap), sae: `${sae.name} (${sae.convention})`, cols, states: wanted.map((each) => createAccumulator(each, cols)) };
    }),
    facts: { texts: 0, positions: 0, masked: 0, truncated: 0, model: "", source: "", origin: "" },
    broken: NONE_BROKEN,
  };
}

/** What headers say of texts. */
function note(group: Group, { ids, truncated, model, source, table }: Tokens): void {
  const { texts, truncated: before } = group.facts;
  group.facts = { ...group.facts, texts: texts + ids.length, truncated: before + truncated, model, source, origin: table.origin };
}

/** `text` is the document's number in its group. */
function take(group: Group, { ids, wanted }: Document, special: ReadonlySet<number>, text: number, outputs: readonly TapOutput[]): void {
  const rows = rowsOf([ids], [wanted], special);
  group.facts = { ...group.facts, positions: group.facts.positions + rows.count, masked: group.facts.masked + rows.masked.reduce((sum, one) => sum + one, 0) };
  group.taps.forEach(({ cols, layer, states }, t) => {
    const output = outputs[t]!;
    if (output.kind !== "sparse") throw new Error("a tap with an SAE gave dense values");
    const csr = { rows: rows.count, cols, indptr: output.indptr, indices: output.indices, values: output.values };
    group.broken = both(group.broken, brokenOf(csr, rows, layer, text));
    for (const state of states) accumulate(state, csr, rows);
  });
}

function finish({ taps, facts, broken }: Group): Reduced {
  return { kind: "reduced", facts, taps, broken };
}

/** Progress over rounds: of what a single round runs, or of all texts where there are several. */
function createPace(total: number | null, { onProgress }: ActivationContext): { readonly within: (progress: Progress) => void; readonly done: (documents: number) => void } {
  let before = 0;
  let tokens = 0;
  let last: Progress = { documents: 0, totalDocuments: 0, tokens: 0, totalTokens: 0 };
  const single = total !== null && total <= ROUND;
  const tell = (documents: number, done: number): void => {
    const all = Math.max(documents, total ?? 0);
    onProgress({ documents, totalDocuments: all, tokens: done, totalTokens: documents === 0 ? 0 : Math.round((done * all) / documents) });
  };
  return {
    within: (progress) => {
      last = progress;
      if (single) onProgress(progress);
      else tell(before + progress.documents, tokens + progress.tokens);
    },
    done: (documents) => {
      before += documents;
      tokens += last.tokens;
      last = { documents: 0, totalDocuments: 0, tokens: 0, totalTokens: 0 };
      if (!single) tell(before, tokens);
    },
  };
}
