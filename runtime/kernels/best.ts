/** Without this file the best of a large matrix would have to be looked for in all of it at once. */

/** Numbers of columns and their values, the best first. */
export interface Ranked {
  readonly values: Float32Array;
  readonly ids: Uint32Array;
}

/** The first of what came so far. */
export interface Best {
  /** Values and what they are of; a number that comes again counts once. */
  readonly add: (values: ArrayLike<number>, ids: ArrayLike<number>) => void;
  /** In order: the best value first, of equal ones the lower number. */
  readonly take: () => Ranked;
}

interface Entry {
  readonly id: number;
  readonly value: number;
}

/** The first `count` of numbers that come in pieces, by value (the largest first, or else the smallest) and then by number, in whatever order the pieces come. */
export function createBest(count: number, largest: boolean): Best {
  let held: Entry[] = [];
  const order = (a: Entry, b: Entry): number => (a.value === b.value ? a.id - b.id : (a.value < b.value) === largest ? 1 : -1);
  return {
    add: (values, ids) => {
      const all = [...held, ...Array.from(ids, (id, i): Entry => ({ id, value: values[i]! }))].sort(order);
      const met = new Set<number>();
      held = all.filter(({ id }) => met.size !== met.add(id).size).slice(0, count);
    },
    take: () => ({ values: Float32Array.from(held, ({ value }) => value), ids: Uint32Array.from(held, ({ id }) => id) }),
  };
}
