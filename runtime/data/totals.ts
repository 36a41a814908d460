/**
 * Without this file a sum of a column would depend on the order of its rows, and a table would have to be held to be summed up.
 *
 * Each total takes values one by one, in any order, and gives what it would give of any other order, bit for bit: sums are exact and are rounded
 * once, and −0 is less than 0.
 */
import { add, createSums, exactly, rounded } from "../kernels/exact_sum.ts";

export interface Total {
  /** A value that is there; true and false are 1 and 0. */
  put(value: number): void;
  /** A row without a value. */
  skip(): void;
  /** Null where there is none. */
  value(): number | null;
}

/** Aggregates that need no row twice. */
export const TOTALS: Readonly<Record<string, () => Total>> = {
  count: () => total((_, present) => present, () => {}),
  sum: () => {
    const sum = createSum();
    return total(() => sum.value(1), sum.add);
  },
  mean: () => {
    const sum = createSum();
    return total((_, present) => (present === 0 ? null : sum.value(present)), sum.add);
  },
  /** Of all rows: a null counts as not true. */
  frac: () => {
    const sum = createSum();
    return total((rows) => (rows === 0 ? null : sum.value(rows)), sum.add);
  },
  min: () => {
    let least = Number.POSITIVE_INFINITY;
    return total((_, present) => (present === 0 ? null : least), (value) => (least = Math.min(least, value)));
  },
  max: () => {
    let most = Number.NEGATIVE_INFINITY;
    return total((_, present) => (present === 0 ? null : most), (value) => (most = Math.max(most, value)));
  },
};

/** A total of values that are all there, of so many rows. */
export function totalOf(name: string, values: readonly number[], rows = values.length): number | null {
  const state = TOTALS[name]!();
  for (const value of values) state.put(value);
  for (let missing = rows - values.length; missing > 0; missing--) state.skip();
  return state.value();
}

function total(value: (rows: number, present: number) => number | null, take: (value: number) => void): Total {
  let rows = 0;
  let present = 0;
  return {
    put: (each) => {
      rows++;
      present++;
      take(each);
    },
    skip: () => void rows++,
    value: () => value(rows, present),
  };
}

/** The exact sum, divided and rounded once. Infinities and not-a-number are added up aside, which gives one of them in any order. */
function createSum(): { readonly add: (value: number) => void; readonly value: (divisor: number) => number } {
  const sums = createSums(1);
  let beyond = 0;
  return {
    add: (value) => {
      if (Number.isFinite(value)) add(sums, 0, value);
      else beyond += value;
    },
    value: (divisor) => (beyond === 0 ? rounded(exactly(sums, 0), BigInt(divisor)) : beyond),
  };
}
