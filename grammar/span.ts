/** Without this file no phase could say where in the text something stands. */

/** A half-open range of UTF-16 offsets into one source text. Lines and columns exist only in `render.ts`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export function span(start: number, end: number): Span {
  return { start, end };
}

/** The smallest span that covers both. */
export function cover(a: Span, b: Span): Span {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
