/**
 * Without this file a histogram of activations would hold every one of them.
 *
 * A bag of finite float32 values: their list while there are few, and from `MOST_LISTED` on a count for each bit pattern, in tables of
 * 65,536 for each upper half that occurs (256 kB; 128 of them for each power of two that values span). Nothing is rounded either way.
 */
import { fromKey, toKey } from "./quantile.ts";

const MOST_LISTED = 1 << 24;
const CHUNK = 1 << 16;

export interface FloatBag {
  size: number;
  chunks: Float32Array[];
  /** By the upper half of the ordered bit pattern; null while values are listed. */
  tables: Map<number, Float64Array> | null;
}

export function createFloatBag(): FloatBag {
  return { size: 0, chunks: [], tables: null };
}

/** `most`: how many are listed before they are counted. */
export function addFloat(bag: FloatBag, value: number, most = MOST_LISTED): void {
  if (bag.tables === null) {
    const at = bag.size % CHUNK;
    if (at === 0) bag.chunks.push(new Float32Array(CHUNK));
    bag.chunks.at(-1)![at] = value;
    bag.size++;
    if (bag.size >= most) count(bag);
    return;
  }
  bag.size++;
  tally(bag.tables, value);
}

function count(bag: FloatBag): void {
  const tables = new Map<number, Float64Array>();
  for (const value of listedValues(bag)) tally(tables, value);
  bag.tables = tables;
  bag.chunks = [];
}

function tally(tables: Map<number, Float64Array>, value: number): void {
  const key = toKey(value);
  let table = tables.get(key >>> 16);
  if (table === undefined) tables.set(key >>> 16, (table = new Float64Array(65536)));
  table[key & 0xffff] = table[key & 0xffff]! + 1;
}

/** All values [size] in one array, while they are listed. */
export function listedValues(bag: FloatBag): Float32Array {
  const values = new Float32Array(bag.size);
  bag.chunks.forEach((chunk, i) => values.set(chunk.subarray(0, Math.min(CHUNK, bag.size - i * CHUNK)), i * CHUNK));
  return values;
}

/** Distinct values of several bags, ascending, each with how often it occurs in all of them. */
export function* distinct(bags: readonly FloatBag[]): Generator<readonly [value: number, count: number]> {
  const counted = bags.map((bag) => {
    if (bag.tables !== null) return bag.tables;
    const tables = new Map<number, Float64Array>();
    for (const value of listedValues(bag)) tally(tables, value);
    return tables;
  });
  const halves = [...new Set(counted.flatMap((tables) => [...tables.keys()]))].sort((a, b) => a - b);
  for (const half of halves) {
    const own = counted.flatMap((tables) => tables.get(half) ?? []);
    for (let low = 0; low < 65536; low++) {
      let times = 0;
      for (const table of own) times += table[low]!;
      if (times > 0) yield [fromKey(half * 65536 + low), times];
    }
  }
}
