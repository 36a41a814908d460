/** Without this file a continuation could only be the likeliest one. */
import { largest, likeliest } from "./softmax.ts";

/** How the next token is drawn: the warpers of transformers' `generate`, in its order. */
export interface Drawing {
  /** Above 0: logits are divided by it. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens; null: all. */
  readonly topK: number | null;
  /** Then only the likeliest tokens that reach this share of the probability together; null: all. */
  readonly topP: number | null;
}

/** Tokens that may be drawn, by ascending id, and their shares before these are made to add up to one. */
export interface Drawable {
  readonly ids: Int32Array;
  readonly weights: Float64Array;
}

/**
 * What is left of a row of logits [vocabulary] (transformers 5.24, `generation/logits_process.py`: TemperatureLogitsWarper, then TopKLogitsWarper,
 * then TopPLogitsWarper), in float64: exp((logit − largest) / temperature). Exactly `topK` tokens stay, of equal ones those of lower ids, where
 * transformers keeps all that equal the last. A token stays by `topP` while those before it, from the likeliest on, have less than that share.
 */
export function drawable(row: Float32Array, { temperature, topK, topP }: Drawing): Drawable {
  const most = largest(row);
  const weigh = (ids: Int32Array): Drawable => {
    const weights = new Float64Array(ids.length);
    for (let at = 0; at < ids.length; at++) weights[at] = Math.exp((row[ids[at]!]! - most) / temperature);
    return { ids, weights };
  };
  const few = topK !== null && topK < row.length ? likeliest(row, topK) : null;
  if (topP === null) return weigh(few === null ? everyId(row.length) : few.sort());
  const least = topP * sumOf(weigh(few === null ? everyId(row.length) : few.slice().sort()).weights);
  // Mostly some tens are enough, and all need not be sorted for them.
  for (const count of few === null ? FIRST : [few.length]) {
    const first = few ?? likeliest(row, count);
    const { weights } = weigh(first);
    let kept = 0;
    for (let before = 0; kept < first.length && (kept === 0 || before < least); kept++) before += weights[kept]!;
    if (kept < first.length || first.length === (few ?? row).length) return weigh(first.subarray(0, kept).sort());
  }
  throw new Error("more tokens than there are");
}

/** Of all tokens so many of the likeliest are looked at first, and then more. */
const FIRST = [64, 512, Number.POSITIVE_INFINITY];

function everyId(count: number): Int32Array {
  const ids = new Int32Array(count);
  for (let id = 0; id < count; id++) ids[id] = id;
  return ids;
}

/** One after another. @throws Error where a weight is no number, or none is above 0 */
function sumOf(weights: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += weights[at]!;
  if (!(sum > 0)) throw new Error("the model's logits are not finite numbers");
  return sum;
}

/**
 * The token at `number`, in [0, 1), of the weights laid end to end by ascending id: the first whose end lies beyond `number` times their sum. Both are
 * added in that order, one after another. @throws Error where no weight is a number
 */
export function draw({ ids, weights }: Drawable, number: number): number {
  const place = number * sumOf(weights);
  let end = 0;
  for (let i = 0; i < ids.length; i++) if ((end += weights[i]!) > place) return ids[i]!;
  return ids[weights.findLastIndex((weight) => weight > 0)]!;
}
