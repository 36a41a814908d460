/** Without this file functions that look at whole columns, such as correlation and rank, would not be computed. */
import type { Column } from "./frame.ts";
import { LargeMap } from "./large.ts";
import { requireRoom, ROWS_A_LOOK } from "./room.ts";
import { cellAt } from "./table.ts";

/** The values of two columns of numbers in the rows where both are present. */
function pairs(x: Column, y: Column): { readonly left: Float64Array; readonly right: Float64Array } {
  const left: number[] = [];
  const right: number[] = [];
  for (let i = 0; i < x.values.length; i++) {
    const a = cellAt(x, i);
    const b = cellAt(y, i);
    if (a === null || b === null) continue;
    left.push(Number(a));
    right.push(Number(b));
  }
  return { left: Float64Array.from(left), right: Float64Array.from(right) };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const product = (a: Float64Array, b: Float64Array): number => a.reduce((total, value, i) => total + value * b[i]!, 0);

/** Pearson's r in two passes; null with fewer than two rows or where a column does not vary. Held within -1 … 1. */
export function correlation(x: Column, y: Column): number | null {
  const { left, right } = pairs(x, y);
  if (left.length < 2 || left.every((value) => value === left[0]) || right.every((value) => value === right[0])) return null;
  const centred = (values: Float64Array): Float64Array => {
    const mean = sum(values) / values.length;
    return values.map((value) => value - mean);
  };
  return bounded(centred(left), centred(right));
}

/** x · y / |x| |y|; null where there is no row or a column is all zero. */
export function cosine(x: Column, y: Column): number | null {
  const { left, right } = pairs(x, y);
  return bounded(left, right);
}

function bounded(a: Float64Array, b: Float64Array): number | null {
  const scale = Math.sqrt(product(a, a)) * Math.sqrt(product(b, b));
  return scale === 0 ? null : Math.max(-1, Math.min(1, product(a, b) / scale));
}

/** Entropy in bits of the shares of the distinct values that are present; null where none is. */
export function entropy(column: Column): number | null {
  const counts = new LargeMap<number | string, number>();
  let present = 0;
  for (let i = 0; i < column.values.length; i++) {
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
