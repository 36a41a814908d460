/** Without this file the activations of every text would be held until the last one is done. */
import { tapPlace, type ActivationContext, type Forward } from "./activations.ts";
import { both, brokenOf, NONE_BROKEN } from "./broken.ts";
import { editsTold } from "./editing.ts";
import type { Acts, Broken, Reduced, TapPlace, Tokens } from "../data/frame.ts";
import type { Document, Progress, TapOutput } from "../engine/port.ts";
import { accumulate, createAccumulator, type Accumulator, type Wanted } from "../kernels/accumulate.ts";
import { concatenate, rowsOf } from "../kernels/csr.ts";
import { tapDocuments } from "./tap_documents.ts";
import { placesOfEdits, wantedPositions } from "./window.ts";

/** Texts looked up and run together: enough to sort by length and to fill every lane, few enough to hold. */
const ROUND = 2048;

/** Rows of all taps together that are held where a round is to be taken whole: long texts make short rounds. */
const ROUND_ROWS = 65_536;
/** Fewer are not taken together: the guard wants a thousand tokens. */
const LEAST_ROWS = 2048;

/** Documents of one group, as they come. */
export interface DocumentStream {
  /** Pieces of a value, at least one: their documents, without an end known before. */
  readonly pieces: Iterable<Tokens> | AsyncIterable<Tokens>;
  /** How many documents there are, where it is known. */
  readonly total: number | null;
}

/** Takes the activations of a pass, a round of texts after the other. */
export interface RoundTaker {
  /** Those of `texts` texts of a group, behind what it got before; all of one group come before the next. */
  put(group: number, acts: Acts, texts: number): Promise<void>;
  /** There are no more. */
  end(): Promise<void>;
}

/** Who wants what each round gives. */
export interface Taking {
  readonly context: ActivationContext & { readonly roundTexts?: number };
  /** Gets the activations of each stream in the order of its texts, each stream at least once; a text's number is that in its stream. */
  readonly taker: RoundTaker | null;
}

/**
 * Run the model over documents and keep only what `wanted` asks for: memory for one round of texts, and states whose size depends on the
 * SAE alone. The value of each stream.
 */
export async function reduceForward(op: Forward, wanted: readonly Wanted[], streams: readonly DocumentStream[], { context, taker }: Taking): Promise<readonly Reduced[]> {
  const groups = streams.map(() => createGroup(op, wanted, context));
  const totals = streams.map(({ total }) => total);
  const pace = createPace(totals.every((total) => total !== null) ? totals.reduce((sum, total) => sum! + total!, 0) : null, context);
  const [mostTexts, mostRows] = [context.roundTexts ?? ROUND, taker === null ? Number.POSITIVE_INFINITY : Math.max(LEAST_ROWS, ROUND_ROWS / op.taps.length)];
  let waiting: Part[] = [];
  let [texts, rows] = [0, 0];
  const flush = async (last: boolean): Promise<void> => {
    const round = waiting;
    const places = round.flatMap((part) => part.documents.map((document, at) => ({ part, document, at })));
    waiting = [];
    [texts, rows] = [0, 0];
    pace.begin(last);
    await tapDocuments(op, places.map(({ document }) => document), { ...context, onProgress: pace.within, onKept: pace.known }, (index, taps) => {
      const { part, document, at } = places[index]!;
      take(part, document, at, taps);
      if (taker !== null) part.outputs[at] = taps;
    });
    pace.done();
    if (taker !== null) for (const part of round) await taker.put(part.stream, actsOf(part), part.documents.length);
  };
  for (const [s, { pieces }] of streams.entries()) {
    const group = groups[s]!;
    for await (const piece of pieces) {
      const before = group.facts.texts;
      note(group, piece);
      let part = partOf(s, group, piece, before);
      waiting.push(part);
      for (const [i, ids] of piece.ids.entries()) {
        const boundary = piece.boundary?.[i] ?? null;
        const positions = wantedPositions(op.window, ids.length, boundary);
        if (texts === mostTexts || (texts > 0 && rows + positions.length > mostRows)) {
          await flush(false);
          part = partOf(s, group, piece, before + i);
          waiting.push(part);
        }
        part.documents.push({ ids, wanted: positions, ...placesOfEdits(op, ids.length, boundary) });
        texts++;
        rows += positions.length;
      }
    }
  }
  if (waiting.length > 0) await flush(true);
  await taker?.end();
  return groups.map((group) => finish(group));
}

/** Documents of one piece that are run together. */
interface Part {
  readonly stream: number;
  readonly group: Group;
  readonly tokens: Tokens;
  /** The number of the first in the group. */
  readonly from: number;
  readonly documents: Document[];
  readonly outputs: (readonly TapOutput[])[];
}

function partOf(stream: number, group: Group, tokens: Tokens, from: number): Part {
  return { stream, group, tokens, from, documents: [], outputs: [] };
}

/** All that a part gave. */
function actsOf({ group, tokens, from, documents, outputs }: Part): Acts {
  const rows = rowsOf(documents.map(({ ids }) => ids), documents.map(({ wanted }) => wanted), tokens.special);
  return {
    kind: "acts",
    tokens,
    rows: { ...rows, document: rows.document.map((document) => from + document) },
    taps: group.taps.map(({ states: _, cols, ...tap }, t) => ({ ...tap, csr: concatenate(outputs.map((taps) => sparse(taps[t]!)), cols) })),
  };
}

function sparse(output: TapOutput): TapOutput & { readonly kind: "sparse" } {
  if (output.kind !== "sparse") throw new Error("a tap with an SAE gave dense values");
  return output;
}

interface Group {
  readonly taps: readonly (TapPlace & { readonly sae: string; readonly cols: number; readonly states: readonly Accumulator[] })[];
  facts: Reduced["facts"];
  broken: Broken;
}

function createGroup(op: Forward, wanted: readonly Wanted[], { catalog }: ActivationContext): Group {
  return {
    taps: op.taps.map((tap) => {
      const { sae } = tap;
      if (sae === null) throw new Error("a tap without an SAE is not reduced");
      const cols = catalog.sae(sae).spec.dSae;
      return { ...tapPlace(catalog, op, tap), sae: `${sae.name} (${sae.convention})`, cols, states: wanted.map((each) => createAccumulator(each, cols)) };
    }),
    facts: { texts: 0, positions: 0, masked: 0, truncated: 0, model: "", source: "", origin: "", ...editsTold(op) },
    broken: NONE_BROKEN,
  };
}

/** What headers say of texts. */
function note(group: Group, { ids, truncated, model, source, table }: Tokens): void {
  const { texts, truncated: before } = group.facts;
  group.facts = { ...group.facts, texts: texts + ids.length, truncated: before + truncated, model, source, origin: table.origin };
}

/** The figures of a document; `at` is its place in its part. */
function take({ group, tokens, from }: Part, { ids, wanted }: Document, at: number, outputs: readonly TapOutput[]): void {
  const rows = rowsOf([ids], [wanted], tokens.special);
  group.facts = { ...group.facts, positions: group.facts.positions + rows.count, masked: group.facts.masked + rows.masked.reduce((sum, one) => sum + one, 0) };
  group.taps.forEach(({ cols, layer, states }, t) => {
    const { indptr, indices, values } = sparse(outputs[t]!);
    const csr = { rows: rows.count, cols, indptr, indices, values };
    group.broken = both(group.broken, brokenOf(csr, rows, layer, from + at));
    for (const state of states) accumulate(state, csr, rows);
  });
}

function finish({ taps, facts, broken }: Group): Reduced {
  return { kind: "reduced", facts, taps, broken };
}

interface Pace {
  readonly begin: (last: boolean) => void;
  /** Of a round's texts so many were known already. */
  readonly known: (kept: number, all: number) => void;
  readonly within: (progress: Progress) => void;
  readonly done: () => void;
}

/** Progress over rounds: of all texts while others are to come, in the last round of those that are run. */
function createPace(total: number | null, { onProgress, onKept }: ActivationContext): Pace {
  /** Of the rounds that are done. */
  const before = { all: 0, kept: 0, run: 0, tokens: 0 };
  let ends = false;
  let round = { kept: 0, all: 0 };
  let last: Progress = { documents: 0, totalDocuments: 0, tokens: 0, totalTokens: 0 };
  const tell = (progress: Progress): void => {
    if (ends) return onProgress({ documents: before.run + progress.documents, totalDocuments: before.run + progress.totalDocuments, tokens: before.tokens + progress.tokens, totalTokens: before.tokens + progress.totalTokens });
    const documents = before.all + progress.documents;
    const tokens = before.tokens + progress.tokens;
    const all = Math.max(documents, total ?? 0);
    onProgress({ documents, totalDocuments: all, tokens, totalTokens: documents === 0 ? 0 : Math.round((tokens * all) / documents) });
  };
  return {
    begin: (isLast) => (ends = isLast),
    known: (kept, all) => {
      round = { kept, all };
      // Whoever sums it up knows it before the pass is over.
      if (ends) onKept?.(before.kept + kept, before.all + all);
    },
    within: (progress) => {
      last = progress;
      tell(progress);
    },
    done: () => {
      const ran = last.documents > 0;
      before.all += round.all;
      // Equal texts are run once.
      before.run += last.documents;
      before.kept += round.kept;
      before.tokens += last.tokens;
      last = { documents: 0, totalDocuments: 0, tokens: 0, totalTokens: 0 };
      if (before.run > 0 && !(ends && ran)) tell(last);
    },
  };
}
