/** Without this file an SAE in which nearly all features are active would fill memory before anybody knew. */
import { fewerRows } from "./batching.ts";
import type { Document, JobLimits, TapOutput } from "./port.ts";
import type { Outputs } from "./protocol.ts";

/** How many rows of a job go into a batch, from what was seen of its active features. */
export interface ActiveRows {
  /** Wanted rows of the next batch, unless one text has more. */
  most(): number;
  /** Wanted rows of a text that go into one batch: of one that has more, the others go into batches of their own. */
  ofText(): number;
  /** What a batch of so many rows gave. */
  saw(outputs: Outputs, rows: number): void;
}

/**
 * Until a batch was seen a row may have all features active, and no more rows are taken than there is room for then; afterwards as many as the largest
 * mean of a batch leaves room for. `known`: means of earlier jobs of the engine, by what they are of.
 */
export function activeRows({ rows, active }: JobLimits, known: Map<string, number>): ActiveRows {
  if (active === undefined) {
    let most = rows;
    return { most: () => most, ofText: () => Infinity, saw: (outputs, seen) => void (most = Math.min(most, fewerRows(rows, outputs, seen))) };
  }
  const { of, features, room } = active;
  const within = (): number => Math.max(1, Math.floor(room / Math.max(1, known.get(of) ?? features)));
  return {
    most: () => Math.min(rows, within()),
    ofText: within,
    saw: (outputs, seen) => {
      const entries = Object.entries(outputs).reduce((sum, [name, { data }]) => sum + (name.endsWith("_feature") ? data.length : 0), 0);
      // A row that is alone goes in twice.
      known.set(of, Math.max(known.get(of) ?? 0, entries / Math.max(2, seen)));
    },
  };
}

/** The first `rows` wanted positions of a document and the others, each as a document. */
export function cutDocument(document: Document, rows: number): readonly [Document, Document] {
  return [{ ...document, wanted: document.wanted.subarray(0, rows) }, { ...document, wanted: document.wanted.subarray(rows) }];
}

/** Outputs of a document whose wanted positions were cut, put together once there are all of them. */
export interface Mending {
  /** Outputs from wanted position `from` on; those of the whole document, or null while some are missing. */
  add(document: number, wanted: number, from: number, taps: readonly TapOutput[]): readonly TapOutput[] | null;
}

export function mending(): Mending {
  const waiting = new Map<number, { readonly from: number; readonly taps: readonly TapOutput[] }[]>();
  return {
    add: (document, wanted, from, taps) => {
      if (rowsOf(taps[0]) === wanted) return taps;
      const parts = [...(waiting.get(document) ?? []), { from, taps }].sort((a, b) => a.from - b.from);
      waiting.set(document, parts);
      if (parts.reduce((sum, part) => sum + rowsOf(part.taps[0]), 0) < wanted) return null;
      waiting.delete(document);
      return taps.map((_, tap) => joined(parts.map((part) => part.taps[tap]!)));
    },
  };
}

function rowsOf(output: TapOutput | undefined): number {
  if (output === undefined) return 0;
  return output.kind === "sparse" ? output.indptr.length - 1 : output.values.length / output.width;
}

/** Rows of one document, behind one another. */
function joined(parts: readonly TapOutput[]): TapOutput {
  const [first] = parts;
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let entries = 0;
  if (first?.kind === "dense") {
    for (const part of parts) {
      values.set(part.values, entries);
      entries += part.values.length;
    }
    return { kind: "dense", width: first.width, values };
  }
  const indptr = new Uint32Array(1 + parts.reduce((sum, part) => sum + rowsOf(part), 0));
  const indices = new Uint32Array(values.length);
  let row = 0;
  for (const part of parts) {
    if (part.kind !== "sparse") throw new Error("one tap gave triples and dense rows");
    for (let i = 1; i < part.indptr.length; i++) indptr[++row] = entries + part.indptr[i]!;
    indices.set(part.indices, entries);
    values.set(part.values, entries);
    entries += part.values.length;
  }
  return { kind: "sparse", indptr, indices, values };
}
