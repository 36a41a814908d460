/** Without this file two groups could not be drawn over the same bins. */
import { distinct, listedValues, type FloatBag } from "./float_bag.ts";
import { countedQuantiles, quantiles } from "./quantile.ts";

/** Edges [bins + 1], ascending; counts [series][bins], every value in exactly one bin. */
export interface Histogram {
  readonly edges: Float64Array;
  readonly counts: readonly Float64Array[];
}

/** More bins than this show noise, and one outlier could ask for billions. */
const MOST_BINS = 512;
/** Integers get one bin each up to this many, then wider whole-number bins. */
const MOST_INTEGER_BINS = 64;

/**
 * Histogram of finite float32 series over one set of edges, the same whatever the order of series and values.
 * `bins` equal widths from the least to the greatest value; null: by Freedman and Diaconis' rule over all series
 * together (width 2 · IQR · n^(−1/3)), or Sturges' where the quartiles coincide; at most 512. Bins are [a, b), the last
 * one [a, b], as numpy has them. One single value v gives edges v ± 0.5. No values: no bins. O(n).
 */
export function floatHistogram(series: readonly Float32Array[], bins: number | null): Histogram {
  const pooled = pool(series);
  if (pooled.length === 0) return { edges: new Float64Array(0), counts: series.map(() => new Float64Array(0)) };
  let low = pooled[0]!;
  let high = low;
  for (let i = 1; i < pooled.length; i++) {
    if (pooled[i]! < low) low = pooled[i]!;
    if (pooled[i]! > high) high = pooled[i]!;
  }
  const count = bins ?? freedmanDiaconis(pooled.length, low, high, () => quantiles(pooled, QUARTILES));
  const edges = equalEdges(low, high, count);
  return { edges, counts: series.map((values) => tallyCounted(once(values), edges)) };
}

/** The same of finite float64 series, such as columns of a table. O(n log n). */
export function numberHistogram(series: readonly Float64Array[], bins: number | null): Histogram {
  const pooled = new Float64Array(series.reduce((sum, values) => sum + values.length, 0));
  if (pooled.length === 0) return { edges: new Float64Array(0), counts: series.map(() => new Float64Array(0)) };
  series.reduce((offset, values) => (pooled.set(values, offset), offset + values.length), 0);
  pooled.sort();
  const [low, high] = [pooled[0]!, pooled.at(-1)!];
  const count = bins ?? freedmanDiaconis(pooled.length, low, high, () => countedQuantiles(once(pooled), pooled.length, QUARTILES));
  const edges = equalEdges(low, high, count);
  return { edges, counts: series.map((values) => tallyCounted(once(values), edges)) };
}

const QUARTILES = [0.25, 0.75] as const;

/** The same of bags: equal values give equal edges and counts, listed or counted. */
export function bagHistogram(series: readonly FloatBag[], bins: number | null): Histogram {
  if (series.every(({ tables }) => tables === null)) return floatHistogram(series.map(listedValues), bins);
  let low = Number.NaN;
  let high = Number.NaN;
  for (const [value] of distinct(series)) {
    if (Number.isNaN(low)) low = value;
    high = value;
  }
  const size = series.reduce((sum, bag) => sum + bag.size, 0);
  const count = bins ?? freedmanDiaconis(size, low, high, () => countedQuantiles(distinct(series), size, QUARTILES));
  const edges = equalEdges(low, high, count);
  return { edges, counts: series.map((bag) => tallyCounted(distinct([bag]), edges)) };
}

/**
 * Histogram of whole numbers: bins of one whole width w, edges whole numbers, bin [a, a + w) holds
 * a … a + w − 1; the last edge is past the greatest value. w is the least that needs at most `bins` (null: 64) bins.
 */
export function integerHistogram(series: readonly Iterable<number>[], bins: number | null): Histogram {
  return countedIntegers(series.map(tallies), bins);
}

/** How often each number occurs. */
export function tallies(values: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The same of numbers given by how often each occurs. */
export function countedIntegers(series: readonly ReadonlyMap<number, number>[], bins: number | null): Histogram {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const counted of series) {
    for (const value of counted.keys()) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return { edges: new Float64Array(0), counts: series.map(() => new Float64Array(0)) };
  const span = high - low + 1;
  const width = Math.ceil(span / (bins ?? MOST_INTEGER_BINS));
  const count = Math.ceil(span / width);
  const edges = Float64Array.from({ length: count + 1 }, (_, i) => low + i * width);
  const counts = series.map((counted) => {
    const sums = new Float64Array(count);
    for (const [value, times] of counted) {
      const bin = Math.floor((value - low) / width);
      sums[bin] = sums[bin]! + times;
    }
    return sums;
  });
  return { edges, counts };
}

function pool(series: readonly Float32Array[]): Float32Array {
  const pooled = new Float32Array(series.reduce((sum, values) => sum + values.length, 0));
  let offset = 0;
  for (const values of series) {
    pooled.set(values, offset);
    offset += values.length;
  }
  return pooled;
}

function freedmanDiaconis(size: number, low: number, high: number, quartiles: () => readonly number[]): number {
  if (low === high) return 1;
  const [q1, q3] = quartiles() as [number, number];
  // Differences of quarters: those of the numbers themselves could be past the greatest number.
  const width = (2 * (q3 / 4 - q1 / 4)) / Math.cbrt(size);
  const count = width > 0 ? Math.ceil((high / 4 - low / 4) / width) : Math.ceil(Math.log2(size)) + 1;
  return Math.max(1, Math.min(MOST_BINS, count));
}

/** `count` bins between low and high, with exactly those two at the ends; half a unit around a single value, or its neighbours where that is less than they are apart. */
function equalEdges(low: number, high: number, count: number): Float64Array {
  if (low === high) {
    const reach = Math.max(0.5, Math.abs(low) * 2 ** -52);
    return equalEdges(Math.max(-Number.MAX_VALUE, low - reach), Math.min(Number.MAX_VALUE, high + reach), count);
  }
  const edges = new Float64Array(count + 1);
  const step = (high - low) / count;
  for (let i = 0; i < count; i++) edges[i] = Number.isFinite(step) ? low + i * step : low * (1 - i / count) + high * (i / count);
  edges[count] = high;
  return edges;
}

function* once(values: Iterable<number>): Generator<readonly [number, number]> {
  for (const value of values) yield [value, 1];
}

/** Counts by comparison with the edges themselves: the division only guesses where to look. */
function tallyCounted(values: Iterable<readonly [value: number, count: number]>, edges: Float64Array): Float64Array {
  const last = edges.length - 2;
  const low = edges[0]!;
  const perUnit = (last + 1) / (edges[last + 1]! - low);
  const counts = new Float64Array(last + 1);
  for (const [value, times] of values) {
    // Nothing is guessed of a difference past the greatest number.
    let bin = Math.max(0, Math.min(last, Math.floor((value - low) * perUnit) || 0));
    while (bin > 0 && value < edges[bin]!) bin--;
    while (bin < last && value >= edges[bin + 1]!) bin++;
    counts[bin] = counts[bin]! + times;
  }
  return counts;
}
