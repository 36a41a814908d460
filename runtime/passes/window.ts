/** Without this file `last 50` and `of continuation` would not be positions. */
import type { Window } from "../../src/ops/op.ts";

/**
 * Wanted positions of a document of `length` tokens, ascending. `boundary` is where the continuation starts (null: no
 * continuation is known). `last n` / `first n` count the tokens of the part named by `of`; a document with fewer gives all it has.
 */
export function wantedPositions(window: Window, length: number, boundary: number | null): Uint32Array {
  let from = 0;
  let to = length;
  if (window.of === "continuation") from = Math.min(boundary ?? length, length);
  if (window.of === "prompt") to = Math.min(boundary ?? length, length);
  if (window.last !== null) from = Math.max(from, to - window.last);
  if (window.first !== null) to = Math.min(to, from + window.first);
  const positions = new Uint32Array(Math.max(0, to - from));
  for (let i = 0; i < positions.length; i++) positions[i] = from + i;
  return positions;
}
