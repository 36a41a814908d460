/** Without this file texts could not be set each against itself, before and after a change, and what differs between them would drown in what differs among them. */
import { createExactTest } from "./exact_tails.ts";
import { normalTails } from "./normal_tail.ts";
import type { RankTest } from "./rank_test.ts";

/** The two scores of each pair, side by side. */
export interface Pairs {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Pairs in all: those beyond the arrays have equal scores. */
  readonly size: number;
}

/** Pairs that differ up to which p counts all 2ⁿ ways of turning them: below 2⁵³, so exact. */
const EXACT_PAIRS = 50;
const Z95 = 1.959963984540054;
/** Differences of means and shares that are equal in exact numbers differ by a few last bits of what was subtracted. */
const SAME = 2 ** -48;

/**
 * Compare pairs by the ranks of their differences, those of 0 left out and ties shared (Wilcoxon 1945). p is two-sided: exact given the ties (twice the smaller tail, at most 1) where at
 * most 50 pairs differ, above that normal with tie and continuity correction. `delta` is the share of all pairs where a is greater minus the share where b is (Cliff 1993, the within-pair
 * d), its interval that of two matched shares with half a pair added to each cell (Agresti and Min 2005). Without any pair `delta` is 0, p 1 and the interval null. O(n log n), exact p O(n³) once
 * for each pattern of ties.
 */
export function signedRankTest({ a, b, size }: Pairs): RankTest {
  const differing = differencesOf(a, b);
  const greater = differing.reduce((count, { sign }) => count + Number(sign > 0), 0);
  const less = differing.length - greater;
  const ties = tiesOf(differing);
  const doubled = doubledRanks(differing, ties);
  return {
    delta: size === 0 ? 0 : (greater - less) / size,
    interval: size === 0 ? null : matchedShares(greater, less, size),
    p: differing.length <= EXACT_PAIRS ? exactP(ties.join(), () => waysOf(ties), doubled) : normalP(ties, doubled / 2),
  };
}

/** The smallest p that so many pairs can have where it is exact; null where it is not, or there are none. */
export function smallestPairedP(pairs: number): number | null {
  return pairs === 0 || pairs > EXACT_PAIRS ? null : Math.min(1, 2 / 2 ** pairs);
}

interface Difference {
  readonly size: number;
  readonly sign: number;
  /** What the sizes of its scores leave uncertain of it. */
  readonly slack: number;
}

/** Differences other than 0, by size. */
function differencesOf(a: Float64Array, b: Float64Array): Difference[] {
  const found: Difference[] = [];
  a.forEach((score, at) => {
    const difference = score - b[at]!;
    const slack = SAME * Math.max(Math.abs(score), Math.abs(b[at]!));
    if (Math.abs(difference) > slack) found.push({ size: Math.abs(difference), sign: Math.sign(difference), slack });
  });
  return found.sort((x, y) => x.size - y.size);
}

/** How many differences have each size, ascending. */
function tiesOf(differing: readonly Difference[]): number[] {
  const ties: number[] = [];
  let first: Difference | undefined;
  for (const each of differing) {
    if (first !== undefined && each.size - first.size <= Math.max(each.slack, first.slack)) ties[ties.length - 1]!++;
    else {
      ties.push(1);
      first = each;
    }
  }
  return ties;
}

/** Twice the sum of the ranks of those where a is greater: whole, as shared ranks are halves. */
function doubledRanks(differing: readonly Difference[], ties: readonly number[]): number {
  let sum = 0;
  let at = 0;
  for (const tied of ties) {
    for (let i = 0; i < tied; i++) if (differing[at + i]!.sign > 0) sum += rankOf(at, tied);
    at += tied;
  }
  return sum;
}

/** Twice the shared rank of `tied` that stand behind `below` others. */
const rankOf = (below: number, tied: number): number => 2 * below + tied + 1;

function matchedShares(greater: number, less: number, size: number): readonly [number, number] {
  const center = (greater - less) / (size + 2);
  const half = (Z95 * Math.sqrt(Math.max(0, greater + less + 1 - (greater - less) ** 2 / (size + 2)))) / (size + 2);
  return [Math.max(-1, center - half), Math.min(1, center + half)];
}

function normalP(ties: readonly number[], w: number): number {
  const n = ties.reduce((sum, tied) => sum + tied, 0);
  const sd = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties.reduce((sum, tied) => sum + tied ** 3 - tied, 0) / 48);
  return Math.min(1, normalTails(Math.max(0, Math.abs(w - (n * (n + 1)) / 4) - 0.5) / sd));
}

const exactP = createExactTest();

/** How many ways of turning the pairs give each doubled sum of ranks, [n (n + 1) + 1]. */
function waysOf(ties: readonly number[]): Float64Array {
  const n = ties.reduce((sum, tied) => sum + tied, 0);
  const ways = new Float64Array(n * (n + 1) + 1);
  ways[0] = 1;
  let reached = 0;
  let below = 0;
  for (const tied of ties) {
    const rank = rankOf(below, tied);
    for (let i = 0; i < tied; i++) {
      for (let at = reached; at >= 0; at--) if (ways[at]! > 0) ways[at + rank]! += ways[at]!;
      reached += rank;
    }
    below += tied;
  }
  return ways;
}
