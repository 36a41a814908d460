/** Without this file a long paste would push everything else off the screen. */
import type { Line } from "./line.ts";

/** A stretch of the line that was pasted and is shown as one label. */
export interface Fold {
  readonly from: number;
  readonly text: string;
}

/** More lines than this are folded. */
const MOST_LINES = 20;

/** The fold of what a paste has put between two lines; null where it is short enough to show. */
export function foldPaste(before: Line, after: Line): Fold | null {
  const from = Math.min(before.caret, after.caret);
  const text = after.text.slice(from, after.caret);
  return lines(text) > MOST_LINES ? { from, text } : null;
}

/** The same fold in the line after an edit; null where the edit, or the caret, is inside of it. */
export function carryFold(fold: Fold | null, before: Line, after: Line): Fold | null {
  if (fold === null) return null;
  const moved = fold.from + after.text.length - before.text.length;
  const from = [fold.from, moved].find((at) => at >= 0 && after.text.startsWith(fold.text, at));
  if (from === undefined || (after.caret > from && after.caret < from + fold.text.length)) return null;
  return { ...fold, from };
}

/** `[pasted 132 lines]` */
export function foldLabel(fold: Fold): string {
  return `[pasted ${lines(fold.text).toLocaleString("en-US")} lines]`;
}

function lines(text: string): number {
  let count = text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
