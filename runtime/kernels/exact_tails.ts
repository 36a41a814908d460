/** Without this file each exact test would count its tails, and keep what it has counted, by itself. */

/** Counts by pattern of ties: many features have the same, and the last ones asked for are kept. */
const MOST_KNOWN = 256;

/**
 * Two-sided p, twice the smaller tail and at most 1, of a test whose every outcome can be counted. `waysOf`: in how many ways a pattern gives each value of the statistic, as
 * whole numbers below 2⁵³; asked for once for each `name`, as long as that is kept.
 */
export function createExactTest(): (name: string, waysOf: () => Float64Array, found: number) => number {
  const known = new Map<string, Float64Array>();
  return (name, waysOf, found) => {
    const ways = known.get(name) ?? waysOf();
    known.delete(name);
    known.set(name, ways);
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
    let [less, equal, all] = [0, 0, 0];
    ways.forEach((count, at) => {
      all += count;
      if (at < found) less += count;
      else if (at === found) equal += count;
    });
    return Math.min(1, (2 * Math.min(less + equal, all - less)) / all);
  };
}
