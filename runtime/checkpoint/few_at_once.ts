/** Without this file a model of many shards would be waited for once for each of them. */

/** Files that are open at a time: a shell may allow 64 to a process. */
const FEW = 8;

/**
 * What `each` makes of items, in their order, a few at a time. Of those that fail the first in order is thrown, whichever failed first, and
 * nothing of a group that failed is still going on then.
 */
export async function* fewAtOnce<T, R>(items: readonly T[], each: (item: T) => Promise<R>): AsyncGenerator<readonly [T, R]> {
  for (let from = 0; from < items.length; from += FEW) {
    const group = items.slice(from, from + FEW);
    const settled = await Promise.allSettled(group.map(each));
    for (const [at, result] of settled.entries()) {
      if (result.status === "rejected") throw result.reason;
      yield [group[at]!, result.value];
    }
  }
}
