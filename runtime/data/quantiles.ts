/** Without this file medians and quantiles of a column would take the square of its rows where many are equal. */
import { between } from "../kernels/quantile.ts";
import { atOnce, ROWS_A_STEP, type Steps } from "./steps.ts";
import { totalOf } from "./totals.ts";

/** Values that are sorted at once: about a millisecond. */
const RUN = 16_384;

/** The mean of the middle two. All of these take at least one value, are the same in any order of the values, and are not-a-number where one value is. */
export function* median(values: Float64Array): Steps<number> {
  const ascending = yield* sorted(values);
  return ascending === null ? Number.NaN : middle(ascending);
}

/** The median distance from the median. */
export function* medianDistance(values: Float64Array): Steps<number> {
  const centre = yield* median(values);
  const distances = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    distances[i] = Math.abs(values[i]! - centre);
  }
  return yield* median(distances);
}

/** The quantile at `level` (0 to 1), by linear interpolation between the two nearest ranks (position level · (n − 1); numpy's default). */
export function* quantile(values: Float64Array, level: number): Steps<number> {
  const ascending = yield* sorted(values);
  if (ascending === null) return Number.NaN;
  const at = level * (ascending.length - 1);
  const below = Math.floor(at);
  // What is beside a value that is met exactly may be infinite.
  return at === below ? ascending[below]! : between(ascending[below]!, ascending[below + 1]!, at - below);
}

function middle(ascending: Float64Array): number {
  const half = ascending.length >> 1;
  if (ascending.length % 2 === 1) return ascending[half]!;
  return atOnce(totalOf("mean", [ascending[half - 1]!, ascending[half]!]))!;
}

/** A copy in ascending order; null where a value is not a number. −0 becomes 0, so that no order of the two is left. Runs are sorted, and merged two by two. */
function* sorted(values: Float64Array): Steps<Float64Array | null> {
  const { length } = values;
  let from = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    if (Number.isNaN(values[i]!)) return null;
    from[i] = values[i]! + 0;
  }
  for (let start = 0; start < length; start += RUN) {
    from.subarray(start, start + RUN).sort();
    yield;
  }
  let to = new Float64Array(RUN < length ? length : 0);
  for (let width = RUN; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const half = Math.min(length, start + width);
      const end = Math.min(length, half + width);
      let left = start;
      let right = half;
      for (let at = start; at < end; at++) {
        if (at % ROWS_A_STEP === 0) yield;
        to[at] = left < half && (right >= end || from[left]! <= from[right]!) ? from[left++]! : from[right++]!;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
