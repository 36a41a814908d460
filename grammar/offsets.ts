/** Without this file each look-up of a place in a text would be a search of its own. */

/** How many of the items stand before `at`. They are in the order of their offsets. */
export function countBefore<T>(items: readonly T[], at: number, offsetOf: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offsetOf(items[middle]!) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An offset as an item of its own. */
export const itself = (offset: number): number => offset;
