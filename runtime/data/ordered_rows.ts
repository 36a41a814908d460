/** Without this file sorting many rows would hold up all else until the last is in its place. */
import type { Turns } from "../turns.ts";

/** Rows that are sorted at once: about a millisecond. */
const RUN = 4096;

/**
 * The numbers 0 … rows − 1 in the order of `compare`, those that tie in their own order: runs are sorted, and merged two by two.
 * `compare` must be an order, as for `Array.prototype.sort`.
 */
export async function orderedRows(rows: number, compare: (a: number, b: number) => number, turns: Turns): Promise<Uint32Array> {
  let from = Uint32Array.from({ length: rows }, (_, i) => i);
  for (let start = 0; start < rows; start += RUN) {
    from.subarray(start, start + RUN).sort((a, b) => compare(a, b) || a - b);
    await turns.pass();
  }
  let to = new Uint32Array(rows);
  for (let width = RUN; width < rows; width *= 2) {
    for (let start = 0; start < rows; start += 2 * width) {
      const middle = Math.min(rows, start + width);
      const end = Math.min(rows, middle + width);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        if (turns.due()) await turns.pass();
        const takesLeft = left < middle && (right >= end || compare(from[left]!, from[right]!) <= 0);
        to[at] = takesLeft ? from[left++]! : from[right++]!;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
