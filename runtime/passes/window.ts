/** Without this file `last 50` and `of continuation` would not be positions. */
import { windowsOf, type Edit } from "../../src/ops/edit.ts";
import type { Window } from "../../src/ops/op.ts";
import type { Document } from "../engine/port.ts";

/**
 * Where a window lies in a document of `length` tokens: its first position, and the one behind its last. `boundary` is where the continuation starts (null: no
 * continuation is known). `last n` / `first n` count the tokens of the part named by `of`; a document with fewer gives all it has.
 */
function placeOf(window: Window, length: number, boundary: number | null): readonly [from: number, to: number] {
  let from = 0;
  let to = length;
  if (window.of === "continuation") from = Math.min(boundary ?? length, length);
  if (window.of === "prompt") to = Math.min(boundary ?? length, length);
  if (window.last !== null) from = Math.max(from, to - window.last);
  if (window.first !== null) to = Math.min(to, from + window.first);
  return [from, Math.max(from, to)];
}

/** Wanted positions of a document, ascending. */
export function wantedPositions(window: Window, length: number, boundary: number | null): Uint32Array {
  const [from, to] = placeOf(window, length, boundary);
  return Uint32Array.from({ length: to - from }, (_, i) => from + i);
}

/** Where a document is edited, as a part of it: nothing where edits have no windows, so that it is named as it was before there were any. */
export function placesOfEdits({ edits = [] }: { readonly edits?: readonly Pick<Edit, "window">[] }, length: number, boundary: number | null): Pick<Document, "edited"> {
  const windows = windowsOf(edits);
  return windows.length === 0 ? {} : { edited: Int32Array.from(windows.flatMap((window) => placeOf(window, length, boundary))) };
}
