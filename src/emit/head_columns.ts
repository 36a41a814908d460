/** Without this file heads whose size or turned part the attention operator refuses could not be computed. */
import type { RopeSpec } from "./attention_specs.ts";

/** How the columns of one head are laid out for GroupQueryAttention. */
export interface HeadColumns {
  /** Columns of a head as the operator takes it. */
  readonly width: number;
  /** How many of them turn, pairs (i, i + turned/2). */
  readonly turned: number;
  /** For each of `width` columns of queries and keys the column of the head that stands there, −1 for a zero; null: they are the head's own. */
  readonly order: readonly number[] | null;
  /** The same of values and of what the head gives, which nothing turns: their own wherever there are no zeros. */
  readonly values: readonly number[] | null;
  /** Of heads with slopes the first of the columns, behind all others, whose products are what is added to a score. */
  readonly place?: number;
}

/**
 * The operator wants a head of a multiple of 8 columns, of 16 where it turns, and tables of a multiple of 8 (its own checks in onnxruntime
 * 1.30). Other heads get columns of zeros, which change no dot product: between the halves that turn, so that
 * pairs stay pairs, and at the end. Pairs of neighbours are put apart, the first of each in one half and the second in the other, on every device
 * in the same way: a dot product does not ask in which order its columns stand.
 */
export function headColumns(headDim: number, rope: RopeSpec | null, sloped = 0): HeadColumns {
  const run = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
  const zeros = (count: number): number[] => new Array<number>(count).fill(-1);
  if (rope === null) {
    const width = Math.ceil((headDim + sloped) / 8) * 8;
    const order = width === headDim ? null : [...run(0, headDim), ...zeros(width - headDim)];
    return { width, turned: 0, order, values: order, ...(sloped > 0 ? { place: headDim } : {}) };
  }
  const up = (count: number): number => Math.ceil(count / 16) * 16;
  const half = rope.dimensions / 2;
  const turned = up(rope.dimensions);
  const width = up(turned + headDim - rope.dimensions);
  if (turned === rope.dimensions && width === headDim && rope.interleaved === undefined && rope.reversed === undefined) return { width, turned, order: null, values: null };
  const gap = turned / 2 - half;
  const rest = run(rope.dimensions, headDim - rope.dimensions);
  const pairs = rope.interleaved === true ? [0, 1].map((second) => run(0, half).map((pair) => 2 * pair + second)) : [run(0, half), run(half, half)];
  // Turned the other way round, the second of a pair does what the first does else.
  const halves = rope.reversed === true ? pairs.toReversed() : pairs;
  const order = [...halves.flatMap((columns) => [...columns, ...zeros(gap)]), ...rest, ...zeros(width - turned - rest.length)];
  return { width, turned, order, values: width === headDim ? null : order };
}
