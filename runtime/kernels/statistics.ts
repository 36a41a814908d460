/** Without this file `stats` could not say how a group of texts activates an SAE. */
import type { Csr, Rows } from "./csr.ts";
import { activeValues, type NonFinite } from "./active.ts";
import { type Exact, add, addSingle, createSums, exactly, rounded } from "./exact_sum.ts";
import { countedQuantiles, integerQuantiles, quantiles } from "./quantile.ts";

/** mean, sd (sample, n − 1) and max; null where there is no such figure: no observation, or one for the sd. */
export interface Spread {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly min: number | null;
  readonly p5: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

/** Quantiles by linear interpolation between order statistics (numpy's default); all others exact, rounded once. */
export interface GroupStatistics {
  readonly documents: number;
  /** Rows that count: special tokens left out. */
  readonly tokens: number;
  readonly masked: number;
  /** Active features per token. */
  readonly l0: Spread;
  /** Activations over all active (token, feature) pairs. */
  readonly activation: Spread;
  /** Active (token, feature) pairs. */
  readonly active: number;
  /** Features active at least once. */
  readonly live: number;
  readonly features: number;
  /** Share of features never active, 0 to 1. */
  readonly neverActive: number;
  readonly nonFinite: NonFinite;
}

const LEVELS = [0.05, 0.5, 0.95] as const;

/** Describe one group: matrix [rows, cols] and its rows; `documents` counts those without any row too. O(cols + nnz). */
export function statistics(csr: Csr, rows: Rows, documents: number, threshold = 0): GroupStatistics {
  const { values, l0, nonFinite } = activeValues(csr, rows, threshold);
  const live = countLive(csr, rows, threshold);
  return {
    documents,
    tokens: l0.length,
    masked: rows.count - l0.length,
    l0: spreadOfIntegers(l0),
    activation: spreadOf(values),
    active: values.length,
    live,
    features: csr.cols,
    neverActive: csr.cols === 0 ? 0 : (csr.cols - live) / csr.cols,
    nonFinite,
  };
}

function countLive(csr: Csr, rows: Rows, threshold: number): number {
  const bound = Math.fround(threshold);
  const seen = new Uint8Array(csr.cols);
  let live = 0;
  for (let row = 0; row < csr.rows; row++) {
    if (rows.masked[row] === 1) continue;
    for (let entry = csr.indptr[row]!; entry < csr.indptr[row + 1]!; entry++) {
      const value = csr.values[entry]!;
      const feature = csr.indices[entry]!;
      if (seen[feature] === 1 || !(value > bound && value < Number.POSITIVE_INFINITY)) continue;
      seen[feature] = 1;
      live++;
    }
  }
  return live;
}

const NOTHING: Spread = { mean: null, sd: null, min: null, p5: null, p50: null, p95: null, max: null };

/** Spread of finite float32 `values` [n], exact whatever their order. */
export function spreadOf(values: Float32Array): Spread {
  if (values.length === 0) return NOTHING;
  const sums = createSums(1);
  const squares = createSums(1);
  let min = values[0]!;
  let max = min;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    addSingle(sums, 0, value);
    // A float32 squared has 48 bits: exact in a double.
    add(squares, 0, value * value);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const [p5, p50, p95] = quantiles(values, LEVELS) as [number, number, number];
  return { ...moments(exactly(sums, 0), exactly(squares, 0), values.length), min, p5, p50, p95, max };
}

/** Spread of non-negative integers [n]. */
export function spreadOfIntegers(values: Uint32Array): Spread {
  if (values.length === 0) return NOTHING;
  let min = values[0]!;
  let max = min;
  let sum = 0n;
  let squares = 0n;
  for (const value of values) {
    sum += BigInt(value);
    squares += BigInt(value) * BigInt(value);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const [p5, p50, p95] = integerQuantiles(values, LEVELS) as [number, number, number];
  return { ...moments({ integer: sum, exponent: 0 }, { integer: squares, exponent: 0 }, values.length), min, p5, p50, p95, max };
}

/** Mean, sd and median of non-negative integers given by how often each occurs; the figures of `spreadOfIntegers`. */
export function spreadOfCounts(counts: ReadonlyMap<number, number>): Pick<Spread, "mean" | "sd" | "p50"> & { readonly n: number } {
  let n = 0;
  let sum = 0n;
  let squares = 0n;
  for (const [value, times] of counts) {
    n += times;
    sum += BigInt(value) * BigInt(times);
    squares += BigInt(value) * BigInt(value) * BigInt(times);
  }
  if (n === 0) return { n, mean: null, sd: null, p50: null };
  const [p50] = countedQuantiles([...counts].sort(([a], [b]) => a - b), n, [0.5]) as [number];
  return { n, ...moments({ integer: sum, exponent: 0 }, { integer: squares, exponent: 0 }, n), p50 };
}

/** Mean and sample sd from Σx and Σx²: (n·Σx² − (Σx)²) / (n·(n − 1)) in integers, then one rounding and a root. */
function moments(sum: Exact, squares: Exact, n: number): { readonly mean: number; readonly sd: number | null } {
  const count = BigInt(n);
  const mean = rounded(sum, count);
  if (n < 2) return { mean, sd: null };
  const exponent = Math.min(squares.exponent, 2 * sum.exponent);
  const left = (count * squares.integer) << BigInt(squares.exponent - exponent);
  const right = (sum.integer * sum.integer) << BigInt(2 * sum.exponent - exponent);
  return { mean, sd: Math.sqrt(rounded({ integer: left - right, exponent }, count * (count - 1n))) };
}
