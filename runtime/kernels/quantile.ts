/** Without this file medians would need a full sort of every activation. */

const word = new Float32Array(1);
const bitsOf = new Uint32Array(word.buffer);

/** float32 → unsigned integer of the same order (−0 just below +0). */
export function toKey(value: number): number {
  word[0] = value;
  const bits = bitsOf[0]!;
  return bits >>> 31 === 1 ? ~bits >>> 0 : (bits | 0x80000000) >>> 0;
}

/** The value of a key. */
export function fromKey(key: number): number {
  bitsOf[0] = key >>> 31 === 1 ? key & 0x7fffffff : ~key >>> 0;
  return word[0]!;
}

/**
 * Values of the given ranks (0 = smallest) among `values` [n]: two counting passes over halves of the bit pattern,
 * exact, O(n + 65536 · distinct upper halves met). `values` must be finite float32.
 */
export function orderStatistics(values: Float32Array, ranks: readonly number[]): number[] {
  const upper = new Uint32Array(65536);
  for (let i = 0; i < values.length; i++) {
    const half = toKey(values[i]!) >>> 16;
    upper[half] = upper[half]! + 1;
  }
  const places = ranks.map((rank) => {
    let half = 0;
    let before = 0;
    while (before + upper[half]! <= rank) before += upper[half++]!;
    return { half, within: rank - before };
  });
  const lower = new Map<number, Uint32Array>();
  for (const { half } of places) if (!lower.has(half)) lower.set(half, new Uint32Array(65536));
  for (let i = 0; i < values.length; i++) {
    const key = toKey(values[i]!);
    const counts = lower.get(key >>> 16);
    if (counts !== undefined) counts[key & 0xffff] = counts[key & 0xffff]! + 1;
  }
  return places.map(({ half, within }) => {
    const counts = lower.get(half)!;
    let low = 0;
    let before = 0;
    while (before + counts[low]! <= within) before += counts[low++]!;
    return fromKey(half * 65536 + low);
  });
}

/**
 * Quantiles of finite float32 `values` [n] at `levels` (0 to 1), by linear interpolation between order statistics
 * (position level · (n − 1); numpy's default, Hyndman and Fan's type 7), interpolated in float64. NaN for n = 0.
 */
export function quantiles(values: Float32Array, levels: readonly number[]): number[] {
  const last = values.length - 1;
  if (last < 0) return levels.map(() => Number.NaN);
  const positions = levels.map((level) => level * last);
  const ranks = positions.flatMap((at) => [Math.floor(at), Math.min(Math.floor(at) + 1, last)]);
  const found = orderStatistics(values, ranks);
  return positions.map((at, i) => between(found[2 * i]!, found[2 * i + 1]!, at - Math.floor(at)));
}

/** Quantiles of `n` numbers given as distinct values, ascending, each with how often it occurs; the same rule. */
export function countedQuantiles(counts: Iterable<readonly [value: number, count: number]>, n: number, levels: readonly number[]): number[] {
  if (n === 0) return levels.map(() => Number.NaN);
  const positions = levels.map((level) => level * (n - 1));
  const ranks = positions.flatMap((at) => [Math.floor(at), Math.min(Math.floor(at) + 1, n - 1)]);
  const found = new Array<number>(ranks.length);
  let before = 0;
  for (const [value, count] of counts) {
    ranks.forEach((rank, i) => {
      if (rank >= before && rank < before + count) found[i] = value;
    });
    before += count;
  }
  return positions.map((at, i) => between(found[2 * i]!, found[2 * i + 1]!, at - Math.floor(at)));
}

/** Interpolate from the nearer end: exact at both, and symmetric. */
export function between(low: number, high: number, part: number): number {
  if (!Number.isFinite(high - low)) return low * (1 - part) + high * part;
  return part >= 0.5 ? high - (high - low) * (1 - part) : low + (high - low) * part;
}
