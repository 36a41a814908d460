/**
 * Without this file a sum of a column would depend on the order of its rows, and a table would have to be held to be summed up.
 *
 * Each total takes values one by one, in any order, and gives what it would give of any other order, bit for bit: sums are exact and are rounded
 * once, and −0 is less than 0.
 */
import { add, createSums, exactly, exceeds, rounded } from "../kernels/exact_sum.ts";
import { ROWS_A_STEP, type Steps } from "./steps.ts";

export interface Total {
  /** A value that is there; true and false are 1 and 0. */
  put(value: number): void;
  /** A row without a value. */
  skip(): void;
  /** Null where there is none. `int`: one is asked for, and what is beyond 2^53 before it is rounded is infinite. */
  value(int?: boolean): number | null;
}

/** Ints end here: 2^53 itself is one. */
const INT_BITS = 53;

/** Aggregates that need no row twice. */
export const TOTALS: Readonly<Record<string, () => Total>> = {
  count: () => total((_, present) => present, () => {}),
  sum: () => {
    const sum = createSum();
    return total((_, __, int) => sum.value(1, int), sum.add);
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
export function* totalOf(name: string, values: ArrayLike<number>, rows = values.length, int = false): Steps<number | null> {
  const state = TOTALS[name]!();
  for (let i = 0; i < rows; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    if (i < values.length) state.put(values[i]!);
    else state.skip();
  }
  return state.value(int);
}

function total(value: (rows: number, present: number, int: boolean) => number | null, take: (value: number) => void): Total {
  let rows = 0;
  let present = 0;
  return {
    put: (each) => {
      rows++;
      present++;
      take(each);
    },
    skip: () => void rows++,
    value: (int = false) => value(rows, present, int),
  };
}

/** The exact sum, divided and rounded once. Infinities and not-a-number are added up aside, which gives one of them in any order. */
function createSum(): { readonly add: (value: number) => void; readonly value: (divisor: number, int?: boolean) => number } {
  const sums = createSums(1);
  let beyond = 0;
  return {
    add: (value) => {
      if (Number.isFinite(value)) add(sums, 0, value);
      else beyond += value;
    },
    value: (divisor, int = false) => {
      if (beyond !== 0) return beyond;
      const exact = exactly(sums, 0);
      return int && exceeds(exact, INT_BITS) ? Number.POSITIVE_INFINITY : rounded(exact, BigInt(divisor));
    },
  };
}
