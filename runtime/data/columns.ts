/** Without this file functions that look at whole columns, such as correlation and rank, would not be computed. */
import type { Column } from "./frame.ts";
import { LargeMap } from "./large.ts";
import { cosineOf, pearson } from "./moments.ts";
import { requireRoom, ROWS_A_LOOK } from "./room.ts";
import { ROWS_A_STEP, type Steps } from "./steps.ts";

/** The values of two columns of numbers in the rows where both are present. */
function* pairs(x: Column, y: Column): Steps<{ readonly left: Float64Array; readonly right: Float64Array }> {
  const rows = x.values.length;
  const left = new Float64Array(rows);
  const right = new Float64Array(rows);
  let present = 0;
  for (let i = 0; i < rows; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    if (x.valid?.[i] === 0 || y.valid?.[i] === 0) continue;
    left[present] = Number(x.values[i]);
    right[present++] = Number(y.values[i]);
  }
  return { left: left.subarray(0, present), right: right.subarray(0, present) };
}

/** Pearson's r; null with fewer than two rows or where a column does not vary. */
export function* correlation(x: Column, y: Column): Steps<number | null> {
  const { left, right } = yield* pairs(x, y);
  return left.length < 2 ? null : yield* pearson(left, right);
}

/** x · y / |x| |y|; null where there is no row or a column is all zero. */
export function* cosine(x: Column, y: Column): Steps<number | null> {
  const { left, right } = yield* pairs(x, y);
  return left.length === 0 ? null : yield* cosineOf(left, right);
}

/** Entropy in bits of the shares of the distinct values that are present; null where none is. */
export function* entropy(column: Column): Steps<number | null> {
  const counts = new LargeMap<number | string, number>();
  let present = 0;
  for (let i = 0; i < column.values.length; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    if (column.valid !== null && column.valid[i] === 0) continue;
    const value = column.values[i]!;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    present++;
    if (present % ROWS_A_LOOK === 0) requireRoom(() => `the different values of ${column.name}`);
  }
  if (present === 0) return null;
  let bits = 0;
  for (const count of counts.values()) bits += (count / present) * Math.log2(present / count);
  return bits;
}

/** Places from 1 in ascending order; equal values share the mean of their places; null and not-a-number have none. */
export function ranks(column: Column): (number | null)[] {
  const { values, valid } = column;
  const rows = Uint32Array.from({ length: values.length }, (_, i) => i).filter((i) => (valid === null || valid[i] === 1) && values[i] === values[i]);
  rows.sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b));
  const places = new Array<number | null>(values.length).fill(null);
  for (let from = 0; from < rows.length; ) {
    let to = from + 1;
    while (to < rows.length && values[rows[to]!] === values[rows[from]!]) to++;
    for (let at = from; at < to; at++) places[rows[at]!] = (from + 1 + to) / 2;
    from = to;
  }
  return places;
}
