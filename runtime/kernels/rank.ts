/** Without this file nobody could ask which features fire most. */
import type { RankBy } from "../../src/ops/op.ts";

/**
 * What every feature did over the unmasked rows; arrays [cols]. `sum` is exact, then rounded once; `mean` is the exact
 * sum over `count`, rounded once. Features never active have count 0, sum 0, mean and max NaN (no value).
 */
export interface FeatureTotals {
  readonly cols: number;
  /** Unmasked rows: the denominator of `frac`. */
  readonly rows: number;
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly mean: Float64Array;
  readonly max: Float32Array;
}

/** Features in rank order; arrays [n] side by side. */
export interface Ranked {
  readonly features: Uint32Array;
  /** Rows where the feature is active. */
  readonly count: Float64Array;
  readonly sum: Float64Array;
  /** Mean over the rows where the feature is active. */
  readonly mean: Float64Array;
  readonly max: Float64Array;
  /** count / unmasked rows. */
  readonly frac: Float64Array;
  /** What was ranked by: one of the above. */
  readonly score: Float64Array;
}

export interface Ranking {
  readonly count: number;
  readonly by: RankBy;
  readonly descending: boolean;
}

/** The first `count` of the features active at least once; ties go to the lower feature, whichever the direction. */
export function rankTotals(totals: FeatureTotals, { count, by, descending }: Ranking): Ranked {
  const score = scoresOf(totals, by);
  const live = new Uint32Array(totals.cols).map((_, feature) => feature).filter((feature) => totals.count[feature]! > 0);
  live.sort((a, b) => {
    const x = score[a]!;
    const y = score[b]!;
    return x === y ? a - b : x < y === descending ? 1 : -1;
  });
  return ranked(totals, live.slice(0, count), score);
}

function scoresOf(totals: FeatureTotals, by: RankBy): ArrayLike<number> {
  switch (by) {
    case "count":
    case "frac":
      // One denominator for all: the order of the counts, without a division.
      return totals.count;
    case "mean":
      return totals.mean;
    case "max":
      return totals.max;
    case "sum":
      return totals.sum;
    default:
      return by satisfies never;
  }
}

function ranked(totals: FeatureTotals, features: Uint32Array, score: ArrayLike<number>): Ranked {
  const pick = (from: ArrayLike<number>): Float64Array => Float64Array.from(features, (feature) => from[feature]!);
  return {
    features,
    count: pick(totals.count),
    sum: pick(totals.sum),
    mean: pick(totals.mean),
    max: pick(totals.max),
    frac: Float64Array.from(features, (feature) => (totals.rows === 0 ? Number.NaN : totals.count[feature]! / totals.rows)),
    score: pick(score),
  };
}
