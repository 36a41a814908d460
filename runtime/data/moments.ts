/**
 * Without this file the spread of numbers that are large beside it (times, ids, a constant on top) would be that of their rounding errors, and the
 * correlation of very large numbers none.
 *
 * Columns are scaled by a power of two, which rounds nothing, so that no square leaves the range of doubles. Means and sums of products are exact and
 * rounded once, and each value's distance from its mean is rounded by itself: all figures are the same in any order of the rows, bit for bit.
 */
import { add, createSums, exactly, rounded, scaled } from "../kernels/exact_sum.ts";
import { ROWS_A_STEP, type Steps } from "./steps.ts";

/** Sample variance (n − 1) of two values or more; not-a-number where one is not finite. `values` are changed. */
export function* variance(values: Float64Array): Steps<number> {
  const { squares, power } = yield* spread(values);
  return scaled(squares / (values.length - 1), 2 * power);
}

/** The root of the variance, also where that itself would be too large or too small for a double. `values` are changed. */
export function* deviation(values: Float64Array): Steps<number> {
  const { squares, power } = yield* spread(values);
  return scaled(Math.sqrt(squares / (values.length - 1)), power);
}

/** Pearson's r of two columns, of one length; null where one does not vary. Held within −1 … 1. Both are changed. */
export function* pearson(left: Float64Array, right: Float64Array): Steps<number | null> {
  const a = yield* centred(left, yield* scaledDown(left));
  const b = yield* centred(right, yield* scaledDown(right));
  return bounded(yield* product(a, b), yield* product(a, a), yield* product(b, b));
}

/** left · right / |left| |right|; null where one is all zero. Held within −1 … 1. Both are changed. */
export function* cosineOf(left: Float64Array, right: Float64Array): Steps<number | null> {
  const a = { values: left, rest: Number.isNaN(yield* scaledDown(left)) ? Number.NaN : 0 };
  const b = { values: right, rest: Number.isNaN(yield* scaledDown(right)) ? Number.NaN : 0 };
  return bounded(yield* product(a, b), yield* product(a, a), yield* product(b, b));
}

/** The root is taken once: of a column with itself it is exact. */
function bounded(both: number, left: number, right: number): number | null {
  const size = Math.sqrt(left * right);
  return size === 0 ? null : Math.max(-1, Math.min(1, both / size));
}

function* spread(values: Float64Array): Steps<{ readonly squares: number; readonly power: number }> {
  const power = yield* scaledDown(values);
  const column = yield* centred(values, power);
  return { squares: yield* product(column, column), power };
}

/** Divides the values by a power of two, after which the greatest is about 1 in size; gives the exponent, not-a-number where a value is not finite. */
function* scaledDown(values: Float64Array): Steps<number> {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    const size = Math.abs(values[i]!);
    if (!(size <= most)) most = size;
    if (!Number.isFinite(most)) return Number.NaN;
  }
  if (most === 0) return 0;
  const power = Math.floor(Math.log2(most));
  // 2 to the power itself may be no double.
  const [one, other] = [2 ** -Math.trunc(power / 2), 2 ** (Math.trunc(power / 2) - power)];
  for (let i = 0; i < values.length; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    values[i] = values[i]! * one * other;
  }
  return power;
}

/** `rest`: what the distances add up to, which is not 0 where the mean had to be rounded; not-a-number where a value is not finite. */
interface Centred {
  readonly values: Float64Array;
  readonly rest: number;
}

/** The distances of scaled values from their mean, in their place. */
function* centred(values: Float64Array, power: number): Steps<Centred> {
  if (Number.isNaN(power)) return { values, rest: power };
  const mean = yield* total(values.length, (row) => values[row]!, values.length);
  for (let i = 0; i < values.length; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    values[i] = values[i]! - mean;
  }
  return { values, rest: yield* total(values.length, (row) => values[row]!) };
}

/** Sum of the products, less what rounding both means added to it. */
function* product({ values: a, rest: left }: Centred, { values: b, rest: right }: Centred): Steps<number> {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN;
  return (yield* total(a.length, (row) => a[row]! * b[row]!)) - (left * right) / a.length;
}

/** The exact sum over rows, divided and rounded once. */
function* total(rows: number, at: (row: number) => number, divisor = 1): Steps<number> {
  const sums = createSums(1);
  for (let row = 0; row < rows; row++) {
    if (row % ROWS_A_STEP === 0) yield;
    add(sums, 0, at(row));
  }
  return rounded(exactly(sums, 0), BigInt(divisor));
}
