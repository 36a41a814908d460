/** Without this file documents would not become batches that are short enough to cancel and small enough for memory. */
import { paddedLength } from "../../src/emit/padding.ts";
import { secondCache } from "../processor.ts";
import { windowFeeds } from "./edited_places.ts";
import type { Document, Feeds, TapOutput } from "./port.ts";
import type { Outputs } from "./protocol.ts";

/** A batch should take this long: progress stays live. */
const TARGET_MS = 250;
/** Padded tokens of a batch at most: bounds the model's own intermediate values. */
export const MOST_TOKENS = 4096;
/** Wanted rows of a batch at most: with tiles of 8192 features, 1024 rows are 32 MiB. */
export const MOST_ROWS = 1024;
/** Active features of a row that memory is reckoned with. SAEs that were trained for their model have some hundred; any other may have thousands. */
export const MOST_ACTIVE = 2048;
/** Share of padding allowed before a shorter document starts a batch of its own. */
export const MOST_PADDING = 1 / 8;
/**
 * Tokens of a batch that is quick, even where it takes longer than `TARGET_MS`: bfloat16 weights are cast, and packed for their products, in each
 * batch, and more tokens share that; many more no longer fit the processor's caches. 120 texts of 100 tokens, 15 layers of 576: 9.7 s by 2 texts,
 * 8.8 s by 5, 9.4 s by 10. 20 such texts, shapes of Llama-3.1-8B: 55 s one by one, 33 s by 5.
 */
const QUICK_TOKENS = 512;
/**
 * The same where each token goes through few of the weights that a batch casts: of 128 experts of a block 8. Shapes of Qwen3-30B-A3B, processor time of
 * a token and block: 3.2 ms by 250 tokens, 2.35 by 500, 1.9 by 1,000, 1.75 by 2,000; and a batch of 48 blocks takes long enough to be cancelled.
 */
const QUICK_TOKENS_OF_EXPERTS = 2 * QUICK_TOKENS;
/** What is left is one batch up to so many times the others. */
const SCRAP = 1.25;
/** Fewest tokens asked of a batch: for less, another process need not be opened. */
export const FEWEST_TOKENS = 256;

/**
 * Batches that wait behind the one a lane works on, so that it need not wait while its answer is taken apart and the next batch is put together.
 * Several lanes fill each other's gaps, and the last batches are best left to whichever is free first.
 */
export function batchesAhead(lanes: number): number {
  return lanes === 1 ? 1 : 0;
}

/** Speed of one lane, smoothed, in units (padded tokens, rows) per millisecond. */
export interface Pace {
  perMs: number;
  measured: boolean;
  /** Units of a batch that is quick. */
  readonly quick: number;
}

/** A guess from the work a unit takes, at 10 billion operations a second, until something was measured. */
export function guessPace(flopsPerUnit: number, experts = false): Pace {
  return { perMs: 1e7 / Math.max(flopsPerUnit, 1e5), measured: false, quick: experts ? QUICK_TOKENS_OF_EXPERTS : QUICK_TOKENS };
}

export function observe(pace: Pace, units: number, ms: number): void {
  const seen = units / Math.max(ms, 0.1);
  pace.perMs = pace.measured ? 0.5 * pace.perMs + 0.5 * seen : seen;
  pace.measured = true;
}

/** Units of a job, in all and not yet dealt. */
export interface Remaining {
  readonly total: number;
  readonly left: number;
}

/**
 * Units for the next batch: about `TARGET_MS` of work but no fewer than are quick, the job in equal parts, as many to each lane; large parts
 * become smaller towards the end, so that lanes end together, and no scrap is left over. `unit`: units of the next piece, which is not cut.
 */
export function budget(pace: Pace, { total, left }: Remaining, lanes: number, most: number, unit = 0): number {
  const full = fullBatch(pace, most);
  const rounds = Math.max(1, Math.round(total / (lanes * full)));
  const share = Math.min(Math.max(FEWEST_TOKENS, total / (lanes * rounds)), Math.max(pace.quick, left / lanes));
  return Math.min(most, Math.max(share + unit / 2, left <= SCRAP * share ? left : 0));
}

/** Units of a batch where there is work enough: about `TARGET_MS`, and no fewer than are quick. */
export function fullBatch(pace: Pace, most: number): number {
  return Math.min(most, Math.max(pace.quick, pace.perMs * TARGET_MS));
}

/** Whether one lane has done so much before another is worth its start. */
export function isBrief(pace: Pace, units: number): boolean {
  return units <= pace.perMs * TARGET_MS;
}

/** Numbers of the documents that want something, longest first (ties by number), so that the last batches are short. */
export function arrange(documents: readonly Document[]): Uint32Array {
  const order = Uint32Array.from(documents, (_, i) => i).filter((i) => documents[i]!.wanted.length > 0);
  return order.sort((a, b) => documents[b]!.ids.length - documents[a]!.ids.length || a - b);
}

/** How many documents of `order` from `from` on make the next batch of at most `tokens` padded tokens and `most` wanted rows: at least one. `fixed` overrides all limits. */
export function take(documents: readonly Document[], order: Uint32Array, from: number, tokens: number, fixed: number | null, most = MOST_ROWS): number {
  if (fixed !== null) return Math.min(fixed, order.length - from);
  const longest = documents[order[from]!]!.ids.length;
  let real = 0;
  let rows = 0;
  let count = 0;
  for (let i = from; i < order.length; i++) {
    const { ids, wanted } = documents[order[i]!]!;
    real += ids.length;
    rows += wanted.length;
    const padded = (count + 1) * longest;
    if (count > 0 && (padded > tokens || rows > most || padded - real > MOST_PADDING * padded)) break;
    count++;
  }
  return count;
}

/** Wanted rows of the next batches where `most` would do for `MOST_ACTIVE` active features a row, and `outputs` of one over so many rows had more. */
export function fewerRows(most: number, outputs: Outputs, rows: number): number {
  const entries = Object.entries(outputs).reduce((largest, [name, { data }]) => (name.endsWith("_feature") ? Math.max(largest, data.length) : largest), 0);
  const active = entries / Math.max(1, rows);
  return active <= MOST_ACTIVE ? most : Math.max(1, Math.floor((most * MOST_ACTIVE) / active));
}

/** Documents side by side, ready to feed, and where each one's rows start. */
export interface Batch {
  readonly chosen: Uint32Array;
  readonly feeds: Feeds;
  /** [documents + 1]: rows of document i are rowStart[i] … rowStart[i + 1] of the outputs. */
  readonly rowStart: Uint32Array;
  /** B · S. */
  readonly paddedTokens: number;
}

/** Columns that a document of `length` takes in a batch whose longest it is, on this machine (`paddedLength`). */
export function fedAs(length: number, uneven: readonly number[] = []): number {
  return uneven.length === 0 ? paddedLength(length) : paddedLength(length, uneven, secondCache());
}

/**
 * Feeds of a forward graph: input_ids int64 [B, S] padded on the right, layout int64 [3] = B, S, −1, lengths int32 [B],
 * total int32 [1] = S, wanted int64 [N] = b·S + position. Padding counts as real tokens (lengths are all S): a token
 * never sees what comes after it. S is a length at which attention gives the same bits as at any other such (`paddedLength`);
 * a single row takes another kernel, hence N ≥ 2 (a lone wanted row goes in twice).
 */
export function assemble(documents: readonly Document[], chosen: Uint32Array, uneven: readonly number[] = []): Batch {
  const rowStart = new Uint32Array(chosen.length + 1);
  let longest = 0;
  chosen.forEach((document, i) => {
    const { ids, wanted } = documents[document]!;
    rowStart[i + 1] = rowStart[i]! + wanted.length;
    longest = Math.max(longest, ids.length);
  });
  const columns = fedAs(longest, uneven);
  const rows = rowStart[chosen.length]!;
  const ids = new BigInt64Array(chosen.length * columns);
  const wanted = new BigInt64Array(Math.max(2, rows));
  chosen.forEach((document, i) => {
    const { ids: tokens, wanted: positions } = documents[document]!;
    for (let s = 0; s < tokens.length; s++) ids[i * columns + s] = BigInt(tokens[s]!);
    for (let p = 0; p < positions.length; p++) wanted[rowStart[i]! + p] = BigInt(i * columns + positions[p]!);
  });
  if (rows === 1) wanted[1] = wanted[0]!;
  return {
    chosen,
    rowStart,
    paddedTokens: ids.length,
    feeds: {
      input_ids: { type: "int64", data: ids, dims: [chosen.length, columns] },
      layout: { type: "int64", data: BigInt64Array.of(BigInt(chosen.length), BigInt(columns), -1n), dims: [3] },
      lengths: { type: "int32", data: new Int32Array(chosen.length).fill(columns), dims: [chosen.length] },
      total: { type: "int32", data: Int32Array.of(columns), dims: [1] },
      wanted: { type: "int64", data: wanted, dims: [wanted.length] },
      ...windowFeeds(Array.from(chosen, (document) => documents[document]!.edited), columns),
    },
  };
}

/** Outputs of tap `tap` cut at `rowStart` [parts + 1]; rows beyond the last are the guard's and vanish. */
export function cut(outputs: Outputs, tap: number, rowStart: Uint32Array): TapOutput[] {
  const dense = outputs[`tap${tap}_dense`];
  if (dense !== undefined) return cutDense(dense.data as Float32Array, dense.dims[1]!, rowStart);
  const [row, feature, value] = ["row", "feature", "value"].map((name) => outputs[`tap${tap}_${name}`]?.data);
  if (!(row instanceof Int32Array) || !(feature instanceof Int32Array) || !(value instanceof Float32Array)) throw new Error(`the graph has no outputs for tap ${tap}`);
  const parts: TapOutput[] = [];
  let entry = 0;
  for (let part = 0; part + 1 < rowStart.length; part++) {
    const first = entry;
    const from = rowStart[part]!;
    const indptr = new Uint32Array(rowStart[part + 1]! - from + 1);
    for (let r = 0; r + 1 < indptr.length; r++) {
      while (entry < row.length && row[entry] === from + r) entry++;
      indptr[r + 1] = entry - first;
    }
    parts.push({ kind: "sparse", indptr, indices: Uint32Array.from(feature.subarray(first, entry)), values: value.slice(first, entry) });
  }
  return parts;
}

function cutDense(values: Float32Array, width: number, rowStart: Uint32Array): TapOutput[] {
  return Array.from(rowStart.subarray(1), (to, part) => ({ kind: "dense", width, values: values.slice(rowStart[part]! * width, to * width) }));
}
