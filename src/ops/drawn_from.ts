/** Without this file what depends on a seed would be known to the stage that draws rows, and not be told of one that draws tokens. */
import type { Op } from "./op.ts";

/** The stream that an op draws from, rows or tokens; null where it draws nothing. */
export function drawnFrom(op: Op): string | null {
  if (op.op === "sample") return op.stream;
  return op.op === "generate" ? (op.drawn?.stream ?? null) : null;
}
