/**
 * Without this file figures over many documents would need all their activations at once.
 *
 * Each state is a commutative monoid over integers and total orders: counts, exact sums, maxima. What it holds after a set of documents
 * does not depend on their order or on how they were cut into pieces, and its size does not grow with them.
 */
import type { Csr, Rows } from "./csr.ts";
import { eachActive } from "./active.ts";
import { addSingle, createSums, exactly, exactTotal, rounded, type ExactSums } from "./exact_sum.ts";
import { addFloat, createFloatBag, type FloatBag } from "./float_bag.ts";
import type { FeatureTotals } from "./rank.ts";

/** What to remember of activations above `threshold`: sums by feature, how many features a token has, or how often each value occurs. */
export interface Wanted {
  readonly of: "features" | "l0" | "values";
  readonly threshold: number;
}

export type Accumulator =
  | { readonly of: "features"; readonly threshold: number; readonly sums: FeatureSums }
  | { readonly of: "l0"; readonly threshold: number; readonly counts: Map<number, number> }
  | { readonly of: "values"; readonly threshold: number; readonly bag: FloatBag };

interface FeatureSums {
  readonly cols: number;
  rows: number;
  /** Whole numbers, which a float64 counts past 2³². */
  readonly count: Float64Array;
  readonly max: Float32Array;
  readonly sums: ExactSums;
}

export function createAccumulator({ of, threshold }: Wanted, cols: number): Accumulator {
  switch (of) {
    case "features":
      return { of, threshold, sums: { cols, rows: 0, count: new Float64Array(cols), max: new Float32Array(cols).fill(Number.NaN), sums: createSums(cols) } };
    case "l0":
      return { of, threshold, counts: new Map() };
    case "values":
      return { of, threshold, bag: createFloatBag() };
    default:
      return of satisfies never;
  }
}

/** Take in a matrix [rows, cols] and its row table. */
export function accumulate(state: Accumulator, csr: Csr, rows: Rows): void {
  switch (state.of) {
    case "features":
      return addFeatures(state.sums, csr, rows, state.threshold);
    case "l0": {
      const perRow = new Uint32Array(csr.rows);
      eachActive(csr, rows, state.threshold, (row) => (perRow[row] = perRow[row]! + 1));
      perRow.forEach((l0, row) => {
        if (rows.masked[row] === 0) state.counts.set(l0, (state.counts.get(l0) ?? 0) + 1);
      });
      return;
    }
    case "values":
      eachActive(csr, rows, state.threshold, (_row, _feature, value) => addFloat(state.bag, value));
      return;
    default:
      return state satisfies never;
  }
}

function addFeatures(state: FeatureSums, csr: Csr, rows: Rows, threshold: number): void {
  const { count, max, sums } = state;
  eachActive(csr, rows, threshold, (_row, feature, value) => {
    count[feature] = count[feature]! + 1;
    if (!(value <= max[feature]!)) max[feature] = value;
    addSingle(sums, feature, value);
  });
  for (let row = 0; row < rows.count; row++) if (rows.masked[row] === 0) state.rows++;
}

/** The figures of every feature; each rounded once, here. */
export function totalsOfSums({ cols, rows, count, max, sums }: FeatureSums): FeatureTotals {
  const sum = new Float64Array(cols);
  const mean = new Float64Array(cols).fill(Number.NaN);
  for (let feature = 0; feature < cols; feature++) {
    if (count[feature] === 0) continue;
    const total = exactly(sums, feature);
    sum[feature] = rounded(total);
    mean[feature] = rounded(total, BigInt(count[feature]!));
  }
  return { cols, rows, count: count.slice(), sum, mean, max: max.slice() };
}

/** Active pairs, features active at least once, mean and greatest activation when active; null where nothing is active. */
export function overallOf({ count, max, sums }: FeatureSums): { readonly active: number; readonly live: number; readonly mean: number | null; readonly max: number | null } {
  let active = 0;
  let live = 0;
  let most: number | null = null;
  count.forEach((times, feature) => {
    active += times;
    if (times === 0) return;
    live++;
    if (most === null || max[feature]! > most) most = max[feature]!;
  });
  return { active, live, mean: active === 0 ? null : rounded(exactTotal(sums), BigInt(active)), max: most };
}
