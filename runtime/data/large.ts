/** Without this file a table with more than 16 million different values could not be counted, joined or made distinct: V8's maps and sets end there. */
import { getHeapStatistics } from "node:v8";

/**
 * Entries of one map at most. V8 allows 2²⁴; but a map that grows holds its old table and one of twice the size at once, which must not be much of what
 * memory there is.
 */
const MOST = Math.min(4_000_000, Math.floor(getHeapStatistics().heap_size_limit / 1024));

/** A map that goes on in a second one where the first is full; entries in the order of their first `set`. */
export class LargeMap<K, V> {
  private readonly parts: Map<K, V>[] = [new Map()];
  private readonly most: number;

  constructor(most = MOST) {
    this.most = most;
  }

  get size(): number {
    return this.parts.reduce((sum, { size }) => sum + size, 0);
  }

  get(key: K): V | undefined {
    for (const part of this.parts) {
      const found = part.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  has(key: K): boolean {
    return this.parts.some((part) => part.has(key));
  }

  set(key: K, value: V): this {
    const last = this.parts.at(-1)!;
    const part = this.parts.length === 1 ? last : (this.parts.find((each) => each.has(key)) ?? last);
    if (part.size < this.most || part.has(key)) part.set(key, value);
    else this.parts.push(new Map([[key, value]]));
    return this;
  }

  *keys(): Generator<K> {
    for (const part of this.parts) yield* part.keys();
  }

  *values(): Generator<V> {
    for (const part of this.parts) yield* part.values();
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    for (const part of this.parts) yield* part;
  }
}

/** A set that goes on in a second one where the first is full. */
export class LargeSet<T> {
  private readonly parts: Set<T>[] = [new Set()];
  private readonly most: number;

  constructor(most = MOST) {
    this.most = most;
  }

  get size(): number {
    return this.parts.reduce((sum, { size }) => sum + size, 0);
  }

  has(value: T): boolean {
    return this.parts.some((part) => part.has(value));
  }

  /** Whether it is new. */
  add(value: T): boolean {
    const last = this.parts.at(-1)!;
    for (const part of this.parts) if (part !== last && part.has(value)) return false;
    const before = last.size;
    if (before >= this.most && !last.has(value)) this.parts.push(new Set([value]));
    else last.add(value);
    return this.parts.at(-1) !== last || last.size > before;
  }
}
