/** Without this file the caret could stop inside an emoji or an accent, and columns would not line up. */
import { graphemes } from "../grammar/graphemes.ts";
import { UNSEEN } from "../grammar/visible.ts";
import { columns } from "../grammar/width.ts";

/** How far around the caret is segmented: a whole pasted file would cost too much for one key. */
const WINDOW = 128;

/** Offset of the grapheme boundary before `at`; 0 at the start. */
export function previousStop(text: string, at: number): number {
  if (isAscii(text.charCodeAt(at - 1))) return at - 1;
  const from = Math.max(0, at - WINDOW);
  let last = from;
  for (const part of graphemes(text.slice(from, at))) last = from + part.index;
  return at === 0 ? 0 : last;
}

/** Offset of the grapheme boundary after `at`; the length of the text at its end. */
export function nextStop(text: string, at: number): number {
  if (at >= text.length) return text.length;
  // Nearly all text is this, and a segmenter for each letter of a long paste would take seconds.
  if (isAscii(text.charCodeAt(at)) && (at + 1 === text.length || isAscii(text.charCodeAt(at + 1)))) return at + 1;
  for (const part of graphemes(text.slice(at, at + WINDOW))) return at + part.segment.length;
  return text.length;
}

/** Printable ASCII and line ends: nothing of it joins with a neighbour of its kind. */
function isAscii(code: number): boolean {
  return (code >= 32 && code < 127) || code === 10;
}

const WORD = /[\p{L}\p{N}\p{M}_]/u;

/** Start of the word at or before `at`, as Alt-B finds it. */
export function wordLeft(text: string, at: number): number {
  let i = at;
  while (i > 0 && !WORD.test(text.slice(previousStop(text, i), i))) i = previousStop(text, i);
  while (i > 0 && WORD.test(text.slice(previousStop(text, i), i))) i = previousStop(text, i);
  return i;
}

/** End of the word at or after `at`, as Alt-F finds it. */
export function wordRight(text: string, at: number): number {
  let i = at;
  while (i < text.length && !WORD.test(text.slice(i, nextStop(text, i)))) i = nextStop(text, i);
  while (i < text.length && WORD.test(text.slice(i, nextStop(text, i)))) i = nextStop(text, i);
  return i;
}

/** Start of the blank-separated word before `at`, as Ctrl-W cuts it. */
export function blankLeft(text: string, at: number): number {
  let i = at;
  while (i > 0 && /\s/u.test(text.slice(i - 1, i))) i--;
  while (i > 0 && !/\s/u.test(text.slice(i - 1, i))) i--;
  return i;
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

export function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** Terminal cells a text takes. */
export function cells(text: string): number {
  return columns(text);
}

/** The offset in `text` from `start` to `end` whose distance in cells from `start` is nearest below `column`. */
export function offsetAtColumn(text: string, start: number, end: number, column: number): number {
  let at = start;
  let width = 0;
  while (at < end) {
    const next = nextStop(text, at);
    width += cells(text.slice(at, next));
    if (width > column) break;
    at = next;
  }
  return at;
}

/** Cut to `width` cells, with `…` (or `~` in ASCII mode) where something was left out. */
export function clip(text: string, width: number, more = "…"): string {
  if (cells(text) <= width) return text;
  const end = offsetAtColumn(text, 0, text.length, Math.max(0, width - cells(more)));
  return width < cells(more) ? "" : text.slice(0, end) + more;
}

/** What may be typed or pasted: no escapes, control or direction characters; Windows and old Mac line ends become `\n`. */
export function cleanInput(text: string): string {
  if (/^[\x20-\x7e\n]*$/.test(text)) return text;
  return text
    .replace(/\r\n?/g, "\n")
    // Whole terminal sequences go, not only their escape character: the rest would stay behind as text.
    .replace(/\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P^_][^\x1b]*\x1b\\|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g, "")
    .replace(/\t/g, "  ")
    .replace(dropped, "")
    .replace(/(\p{M}{8})\p{M}+/gu, "$1");
}

/** What is neither seen nor needed to write: all of it but line ends and the joiners of emoji and some scripts. */
const dropped = new RegExp(`(?![\\n\\u200C\\u200D])[${UNSEEN}]`, "gu");
