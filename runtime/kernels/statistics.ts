/** Without this file `stats` could not say how many features are active in a token. */
import { rounded } from "./exact_sum.ts";
import { countedQuantiles } from "./quantile.ts";

/** Mean, sample sd (n − 1) and median; null where there is no such figure: no observation, or one for the sd. */
export interface Spread {
  readonly n: number;
  readonly mean: number | null;
  readonly sd: number | null;
  readonly p50: number | null;
}

/** Spread of non-negative integers given by how often each occurs: exact, each figure rounded once. */
export function spreadOfCounts(counts: ReadonlyMap<number, number>): Spread {
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
  return { n, mean: rounded({ integer: sum, exponent: 0 }, BigInt(n)), sd: deviation(sum, squares, BigInt(n)), p50 };
}

/** Sample sd from Σx and Σx²: (n·Σx² − (Σx)²) / (n·(n − 1)) in integers, then one rounding and a root. */
function deviation(sum: bigint, squares: bigint, n: bigint): number | null {
  return n < 2n ? null : Math.sqrt(rounded({ integer: n * squares - sum * sum, exponent: 0 }, n * (n - 1n)));
}
