/** Without this file each `def`, and each call of one, would copy all names of a script, which costs the square of its length. */

interface Entry<T> {
  readonly value: T;
  readonly at: number;
  /** What the name stood for before it was bound again. */
  readonly before: Entry<T> | null;
}

/** What is bound, and how often something was. */
interface Bound<T> {
  readonly names: Map<string, Entry<T>>;
  times: number;
}

/** Hears what is done with names. */
export interface Watcher<T> {
  /** Null: all of them. */
  read(name: string | null): void;
  bound(name: string, value: T): void;
}

/** Names in the order in which they were bound, and what they stood for at any time. */
export class Names<T> implements ReadonlyMap<string, T> {
  readonly #bound: Bound<T>;
  /** What is bound from here on is not seen. */
  readonly #end: number;
  /** Names in front of these, which they hide. */
  readonly #front: ReadonlyMap<string, T>;
  readonly #watcher: Watcher<T> | null;

  private constructor(bound: Bound<T>, end: number, front: ReadonlyMap<string, T>, watcher: Watcher<T> | null = null) {
    this.#bound = bound;
    this.#end = end;
    this.#front = front;
    this.#watcher = watcher;
  }

  static of<T>(from: Iterable<readonly [string, T]>): Names<T> {
    const names = new Names<T>({ names: new Map(), times: 0 }, Infinity, new Map());
    for (const [name, value] of from) names.bind(name, value);
    return names;
  }

  bind(name: string, value: T): void {
    this.#watcher?.bound(name, value);
    this.#bound.names.set(name, { value, at: this.#bound.times++, before: this.#bound.names.get(name) ?? null });
  }

  /** As they are now, whatever is bound later. */
  now(): Names<T> {
    this.#watcher?.read(null);
    return this.asOf(this.#bound.times);
  }

  /** How often something was bound so far. */
  get times(): number {
    return this.#bound.times;
  }

  /** As they were when something had been bound so often. */
  asOf(times: number): Names<T> {
    return new Names<T>(this.#bound, Math.min(this.#end, times), this.#front);
  }

  /** The same names, with somebody who hears which of them are read. What is made of them later is not heard. */
  watched(watcher: Watcher<T>): Names<T> {
    return new Names<T>(this.#bound, this.#end, this.#front, watcher);
  }

  /** These with others in front. */
  behind(front: Iterable<readonly [string, T]>): Names<T> {
    this.#watcher?.read(null);
    return new Names<T>(this.#bound, Math.min(this.#end, this.#bound.times), new Map([...this.#front, ...front]));
  }

  get(name: string): T | undefined {
    this.#watcher?.read(name);
    const first = this.#front.get(name);
    if (first !== undefined || this.#front.has(name)) return first;
    return this.#seen(this.#bound.names.get(name))?.value;
  }

  #seen(entry: Entry<T> | null | undefined): Entry<T> | null {
    let at = entry ?? null;
    while (at !== null && at.at >= this.#end) at = at.before;
    return at;
  }

  has(name: string): boolean {
    this.#watcher?.read(name);
    return this.#front.has(name) || this.#seen(this.#bound.names.get(name)) !== null;
  }

  get size(): number {
    let size = 0;
    for (const _ of this.entries()) size++;
    return size;
  }

  *entries(): MapIterator<[string, T]> {
    this.#watcher?.read(null);
    for (const [name, latest] of this.#bound.names) {
      const entry = this.#seen(latest);
      if (entry !== null && !this.#front.has(name)) yield [name, entry.value];
    }
    yield* this.#front;
  }

  *keys(): MapIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): MapIterator<T> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }

  forEach(tell: (value: T, name: string, names: ReadonlyMap<string, T>) => void): void {
    for (const [name, value] of this.entries()) tell(value, name, this);
  }
}

/** Names as they are now, whatever is bound later. */
export function namesNow<T>(names: ReadonlyMap<string, T>): Names<T> {
  return names instanceof Names ? (names as Names<T>).now() : Names.of(names);
}

/** Bind a name in names that the caller made for itself. */
export function bind<T>(names: ReadonlyMap<string, T>, name: string, value: T): void {
  (names as Names<T>).bind(name, value);
}
