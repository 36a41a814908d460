/** Without this file the logits of a position would be a row of numbers as long as the vocabulary, and no prediction. */

/** Which tokens of the vocabulary are told of each row of logits. */
export type Asked =
  /** The likeliest, in order; equal logits by ascending id. */
  | { readonly kind: "top"; readonly count: number }
  /** These, in their order. */
  | { readonly kind: "named"; readonly ids: readonly number[] }
  /** The token that came, one for each row. */
  | { readonly kind: "came"; readonly ids: ArrayLike<number> };

/** What is told of rows of logits: arrays [rows × tokens of a row]. */
export interface Predictions {
  readonly ids: Int32Array;
  /** From 1: tokens with a larger logit, or an equal one and a lower id, and this one. */
  readonly ranks: Int32Array;
  /** float32, as capped. */
  readonly logits: Float32Array;
  /** Natural logarithms of probabilities, ≤ 0. */
  readonly logProbabilities: Float64Array;
}

/** Logits of rows times vocabulary at a time: 128 MiB. */
const MOST_LOGITS = 2 ** 25;

/** Rows of one run of a head; two at least, as one row alone takes another kernel and gives other bits. */
export function rowsAtOnce(vocabulary: number): number {
  return Math.max(2, Math.floor(MOST_LOGITS / vocabulary));
}

/** Tokens that are told of one row. */
export function tokensOf(asked: Asked, vocabulary: number): number {
  switch (asked.kind) {
    case "top":
      return Math.min(asked.count, vocabulary);
    case "named":
      return asked.ids.length;
    case "came":
      return 1;
    default:
      return asked satisfies never;
  }
}

/**
 * Logits as the model means them: cap · tanh(logit / cap) where it caps them (Gemma 2, arXiv 2408.00118, section 2), rounded to float32 once; in
 * place. Numbers that the cap makes equal are equal, as they are for torch.
 */
export function capLogits(logits: Float32Array, cap: number | null): void {
  if (cap === null) return;
  for (let i = 0; i < logits.length; i++) logits[i] = cap * Math.tanh(logits[i]! / cap);
}

/** log Σ exp(logit − `most`), in float64, added by ascending id. */
export function logSum(row: Float32Array, most: number): number {
  let sum = 0;
  for (let id = 0; id < row.length; id++) sum += Math.exp(row[id]! - most);
  return Math.log(sum);
}

export function largest(row: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < row.length; id++) if (row[id]! > most) most = row[id]!;
  return most;
}

/** Predictions of rows [n, vocabulary], whose first is number `first` of all that `came` counts. */
export function predictions(rows: readonly Float32Array[], asked: Asked, first: number): Predictions {
  const width = tokensOf(asked, rows[0]?.length ?? 0);
  const size = rows.length * width;
  const made: Predictions = { ids: new Int32Array(size), ranks: new Int32Array(size), logits: new Float32Array(size), logProbabilities: new Float64Array(size) };
  rows.forEach((row, at) => {
    const most = largest(row);
    const log = logSum(row, most);
    const ids = asked.kind === "top" ? likeliest(row, width) : asked.kind === "named" ? asked.ids : [asked.ids[first + at]!];
    for (let i = 0; i < width; i++) {
      const id = ids[i]!;
      const place = at * width + i;
      const logit = row[id]!;
      made.ids[place] = id;
      made.ranks[place] = asked.kind === "top" ? i + 1 : rankOf(row, id);
      made.logits[place] = logit;
      made.logProbabilities[place] = logit - most - log;
    }
  });
  return made;
}

/** From 1; ties to the lower id. */
function rankOf(row: Float32Array, id: number): number {
  const own = row[id]!;
  let before = 1;
  for (let other = 0; other < id; other++) if (row[other]! >= own) before++;
  for (let other = id + 1; other < row.length; other++) if (row[other]! > own) before++;
  return before;
}

/** More than this are found by sorting all. */
const INSERTED = 512;

/** The ids of the `count` largest numbers of a row, the largest first; of equal ones the lower id comes first, and NaN last, among the lowest. */
export function likeliest(row: Float32Array, count: number): Int32Array {
  if (count > INSERTED || hasNaN(row)) return descending(row).slice(0, count);
  const order = (a: number, b: number): number => row[b]! - row[a]! || a - b;
  const ids = Int32Array.from({ length: Math.min(count, row.length) }, (_, id) => id).sort(order);
  const last = ids.length - 1;
  if (last < 0) return ids;
  let least = row[ids[last]!]!;
  for (let id = ids.length; id < row.length; id++) {
    const value = row[id]!;
    // A later id is put behind its equals.
    if (value <= least) continue;
    let at = last;
    for (; at > 0 && row[ids[at - 1]!]! < value; at--) ids[at] = ids[at - 1]!;
    ids[at] = id;
    least = row[ids[last]!]!;
  }
  return ids;
}

function hasNaN(row: Float32Array): boolean {
  for (let id = 0; id < row.length; id++) if (Number.isNaN(row[id])) return true;
  return false;
}

/** Ids fit below this, and it times 2³² is exact. */
const MOST_IDS = 2 ** 21;
const SIGN = 0x80000000;

/**
 * All ids, those of the largest numbers first. Numbers with their ids are sorted as one number each, without a call for each pair: the bits of a float32, turned where its
 * sign says so, stand in the order of what they mean (Knuth, TAOCP 3, 5.2.5, of radix sorting), and ids decide below them. Of 128,256 tokens the draw by `top_p` took 285 ms where all were compared pair by pair, and takes 13.
 */
function descending(row: Float32Array): Int32Array {
  if (row.length > MOST_IDS) throw new Error(`a vocabulary of ${row.length} tokens`);
  // −0 is 0, and NaN the lowest.
  const canonical = new Float32Array(row.length);
  for (let id = 0; id < row.length; id++) canonical[id] = Number.isNaN(row[id]) ? Number.NEGATIVE_INFINITY : row[id]! + 0;
  const bits = new Uint32Array(canonical.buffer);
  const keys = new Float64Array(row.length);
  for (let id = 0; id < row.length; id++) keys[id] = (bits[id]! >= SIGN ? bits[id]! : SIGN - 1 - bits[id]!) * MOST_IDS + id;
  keys.sort();
  return Int32Array.from(keys, (key) => key % MOST_IDS);
}
