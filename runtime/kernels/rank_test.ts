/** Without this file nobody could say whether two groups of documents differ by more than chance. */
import { createExactTest } from "./exact_tails.ts";
import { normalTails } from "./normal_tail.ts";

/** One feature's scores in two groups: those above 0, and the number of documents. */
export interface TwoGroups {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Documents in each group, with those whose score is 0. */
  readonly sizes: readonly [number, number];
}

export interface RankTest {
  /** P(A > B) − P(A < B) of two documents drawn at random: Cliff's δ, −1 to 1. */
  readonly delta: number;
  /** 95 % interval of δ; null where no document of one group lies between those of the other, so that there is no spread to go by. */
  readonly interval: readonly [number, number] | null;
  /** Two-sided p of the Mann–Whitney U test. */
  readonly p: number;
}

/** Documents in all up to which p counts every way of dealing them into two groups. */
export const EXACT_DOCUMENTS = 40;
const Z95 = 1.959963984540054;

/** Documents of one score. */
interface Tie {
  readonly a: number;
  readonly b: number;
}

/**
 * Compare two groups of documents by rank, ties shared. p is exact (the permutation distribution of U given the ties, twice the
 * smaller tail) for up to 40 documents, above that normal with tie and continuity correction; the interval is DeLong's variance of
 * P(A > B) + ½ P(A = B) on the logit scale (DeLong, DeLong and Clarke-Pearson 1988; Newcombe 2006, method 5 without its tail term).
 * O(k log k) in scores above 0, exact p O(n⁴) once for each pattern of ties.
 */
export function rankTest({ a, b, sizes }: TwoGroups): RankTest {
  const ties = tiesOf(a, b, sizes);
  const { auc, variance } = placements(ties, sizes);
  const doubled = Math.round(2 * auc * sizes[0] * sizes[1]);
  return {
    delta: 2 * auc - 1,
    interval: intervalOf(auc, variance),
    p: sizes[0] + sizes[1] <= EXACT_DOCUMENTS ? exactP(ties, sizes, doubled) : normalP(ties, sizes, doubled / 2),
  };
}

/** Documents by score, ascending: those at 0 first. */
function tiesOf(a: Float64Array, b: Float64Array, sizes: readonly [number, number]): Tie[] {
  const left = a.slice().sort();
  const right = b.slice().sort();
  const ties: Tie[] = [{ a: sizes[0] - a.length, b: sizes[1] - b.length }];
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const score = Math.min(left[i] ?? Number.POSITIVE_INFINITY, right[j] ?? Number.POSITIVE_INFINITY);
    const from: Tie = { a: i, b: j };
    while (left[i] === score) i++;
    while (right[j] === score) j++;
    ties.push({ a: i - from.a, b: j - from.b });
  }
  return ties.filter((tie) => tie.a + tie.b > 0);
}

/** P(A > B) + ½ P(A = B), and its variance: that of the share of the other group below each document, in either group. */
function placements(ties: readonly Tie[], [m, n]: readonly [number, number]): { readonly auc: number; readonly variance: number } {
  let [belowA, belowB] = [0, 0];
  let [sumA, squaresA, sumB, squaresB] = [0, 0, 0, 0];
  for (const tie of ties) {
    const ofA = belowB + tie.b / 2;
    const ofB = belowA + tie.a / 2;
    sumA += tie.a * ofA;
    squaresA += tie.a * ofA * ofA;
    sumB += tie.b * ofB;
    squaresB += tie.b * ofB * ofB;
    belowA += tie.a;
    belowB += tie.b;
  }
  const spread = (sum: number, squares: number, count: number, other: number): number => (squares - (sum * sum) / count) / (count - 1) / (other * other) / count;
  return { auc: sumA / (m * n), variance: spread(sumA, squaresA, m, n) + spread(sumB, squaresB, n, m) };
}

function intervalOf(auc: number, variance: number): readonly [number, number] | null {
  if (!(variance > 1e-12 && auc > 0 && auc < 1)) return null;
  const half = (Z95 * Math.sqrt(variance)) / (auc * (1 - auc));
  const logit = Math.log(auc / (1 - auc));
  const at = (x: number): number => 2 / (1 + Math.exp(-x)) - 1;
  return [at(logit - half), at(logit + half)];
}

/** Normal approximation with tie and continuity correction. */
function normalP(ties: readonly Tie[], [m, n]: readonly [number, number], u: number): number {
  const all = m + n;
  const tied = ties.reduce((sum, tie) => sum + (tie.a + tie.b) ** 3 - (tie.a + tie.b), 0);
  const sd = Math.sqrt(((m * n) / 12) * (all + 1 - tied / (all * (all - 1))));
  if (sd === 0) return 1;
  return Math.min(1, normalTails(Math.max(0, Math.abs(u - (m * n) / 2) - 0.5) / sd));
}

const exactTest = createExactTest();

function exactP(ties: readonly Tie[], sizes: readonly [number, number], doubled: number): number {
  const pattern = ties.map((tie) => tie.a + tie.b);
  return exactTest(`${sizes.join()}:${pattern.join()}`, () => waysOf(pattern, sizes), doubled);
}

/** How many ways of dealing give each 2U, [2mn + 1]: counts below 2⁵³, so exact. `pattern`: documents of each score, ascending. */
function waysOf(pattern: readonly number[], [m, n]: readonly [number, number]): Float64Array {
  const width = 2 * m * n + 1;
  let ways = Array.from({ length: m + 1 }, () => new Float64Array(0));
  ways[0] = new Float64Array(width);
  ways[0][0] = 1;
  let dealt = 0;
  for (const size of pattern) {
    const next = Array.from({ length: m + 1 }, () => new Float64Array(0));
    ways.forEach((counts, inA) => {
      if (counts.length === 0) return;
      for (let more = 0; more <= size && inA + more <= m; more++) {
        if (dealt - inA + size - more > n) continue;
        const shift = more * (2 * (dealt - inA) + size - more);
        const factor = choose(size, more);
        const into = (next[inA + more]!.length > 0 ? next[inA + more] : (next[inA + more] = new Float64Array(width)))!;
        for (let at = 0; at + shift < width; at++) if (counts[at]! > 0) into[at + shift]! += counts[at]! * factor;
      }
    });
    ways = next;
    dealt += size;
  }
  return ways[m]!;
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = Math.round((ways * (n - k + i)) / i);
  return ways;
}

/** Benjamini and Hochberg (1995): the smallest share of false discoveries at which each p would be called one. [p] → [q], same order. */
export function falseDiscoveryRates(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => p[j]! - p[i]!);
  const q = new Array<number>(p.length);
  let least = 1;
  order.forEach((i, rank) => {
    least = Math.min(least, (p[i]! * p.length) / (p.length - rank));
    q[i] = least;
  });
  return q;
}
