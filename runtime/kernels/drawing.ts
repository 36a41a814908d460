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
  const weightOf = (id: number): number => Math.exp((row[id]! - most) / temperature);
  const cut = topK !== null && topK < row.length;
  if (!cut && topP === null) return weighed(Int32Array.from(row, (_, id) => id), weightOf);
  const first = cut ? likeliest(row, topK) : Int32Array.from(row, (_, id) => id).sort((a, b) => row[b]! - row[a]! || a - b);
  if (topP === null) return weighed(first.sort(), weightOf);
  const all = weighed(first.slice().sort(), weightOf).weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  for (let before = 0; kept < first.length && (kept === 0 || before < topP * all); kept++) before += weightOf(first[kept]!);
  return weighed(first.subarray(0, kept).sort(), weightOf);
}

function weighed(ids: Int32Array, weightOf: (id: number) => number): Drawable {
  return { ids, weights: Float64Array.from(ids, weightOf) };
}

/**
 * The token at `number`, in [0, 1), of the weights laid end to end by ascending id: the first whose end lies beyond `number` times their sum. Both are
 * added in that order, one after another. @throws Error where no weight is a number
 */
export function draw({ ids, weights }: Drawable, number: number): number {
  let sum = 0;
  for (const weight of weights) sum += weight;
  if (!(sum > 0)) throw new Error("the model's logits are not finite numbers");
  const place = number * sum;
  let end = 0;
  for (let i = 0; i < ids.length; i++) if ((end += weights[i]!) > place) return ids[i]!;
  return ids[weights.findLastIndex((weight) => weight > 0)]!;
}
