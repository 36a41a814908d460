/** Without this file the engine and its tests would pad documents to lengths at which attention gives other bits. */
import { cacheWidth } from "./attention.ts";
import type { DecoderSpec } from "./specs.ts";

/** Columns of a head that a product of queries and keys sums in one go, however many keys there are. */
const ONE_SUM = 128;
/** Keys in a block from which on a sum is cut as in every larger block, and even. */
const MANY_KEYS = 66;
/** Second-level caches that processors have, as far as we know, in bytes. */
const CACHES: readonly number[] = [0.25, 0.5, 1, 1.25, 1.5, 2, 2.5, 3, 4, 6, 8, 12, 16, 24, 32].map((megabytes) => megabytes * 2 ** 20);

/**
 * Widths of a model's heads, as the operator takes them, at which the bits of a token depend on how its document is padded. The CPU's attention goes
 * through queries and keys in blocks (onnxruntime 1.30: keys of a block = second-level cache / (32 · width), queries of one = that or 2 · width, whichever
 * is less). Narrower heads, and those of 128 columns, have blocks of an even number of queries on every cache of whole quarters of a megabyte, and one sum.
 */
export function unevenHeads(model: DecoderSpec): readonly number[] {
  const widths = model.blocks.flatMap(({ attention }) => (attention.kind === "softmax" ? [cacheWidth(model, attention)] : []));
  return [...new Set(widths)].filter((width) => width > 64 && width !== 128).sort((a, b) => a - b);
}

/** The same, for a graph to say. */
export function paddedAs(model: DecoderSpec): { readonly unevenHeads?: readonly number[] } {
  const uneven = unevenHeads(model);
  return uneven.length === 0 ? {} : { unevenHeads: uneven };
}

/**
 * Tokens that a document of `length` is fed as, the longest of a batch. Even: a block of one query row takes another kernel. For uneven heads also so many that the
 * last block of queries is no single row of the document, and that in the last block of keys with one of the document the sum over a head is cut as in whole blocks:
 * MLAS chooses its strides by the shape of a product. `cache`: bytes of the second-level cache; null: not known, so that it is right for any that processors have.
 */
export function paddedLength(length: number, uneven: readonly number[] = [], cache: number | null = null): number {
  let columns = length + (length % 2);
  const caches = cache === null ? CACHES : [cache];
  while (uneven.some((width) => caches.some((bytes) => !steady(length, columns, width, bytes)))) columns += 2;
  return columns;
}

/** Tokens at most that a document of `length` is fed as, whatever its model and the cache. */
export function mostPadded(length: number): number {
  return length + (length % 2) + MANY_KEYS;
}

/** Rows of a table of positions for documents of `length` tokens, which the largest padding reads too. */
export function paddedPositions(length: number, uneven: readonly number[]): number {
  const even = length + (length % 2);
  return uneven.length === 0 ? even : uneven.some((width) => width > ONE_SUM) ? mostPadded(length) : even + 2;
}

function steady(length: number, columns: number, width: number, cache: number): boolean {
  // Sinks are computed without blocks: all keys are one.
  if (width > ONE_SUM && columns < MANY_KEYS) return false;
  const keys = Math.max(1, Math.floor(cache / (32 * width)));
  const queries = Math.min(keys, 2 * width);
  if (columns === length && queries > 1 && columns % queries === 1) return false;
  const start = Math.floor((length - 1) / keys) * keys;
  return sums(width, Math.min(keys, columns - start)) === sums(width, keys);
}

/** In how many runs the sum over a head is cut where a block has so many keys: 128 columns each, twice as many for each halving of 128 keys down to 16 (MLAS, `MlasSgemmOperation`). */
function sums(width: number, keys: number): number {
  let run = ONE_SUM;
  for (let few = 64; few >= 16 && keys <= few; few /= 2) run *= 2;
  return Math.ceil(width / run);
}
