/** Without this file a mistake could not be pointed at: the lines it stands in, cut to a window, its carets, and the words behind them. */
import { broken, characters, columns as columnsOf, fitting, mostColumns } from "./width.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { visible } from "./visible.ts";

/** Columns of a tab in source that is shown. */
export const TAB = 4;
const MAX_LINES = 4;
/** Words below carets are read in lines of at least so many columns; nearer to the edge they stand at the left margin. */
const NARROWEST = 20;

/** How much room there is for source and carets. */
export interface Room {
  readonly columns: number;
  /** Whether a window ends there, which would break what is longer. */
  readonly window: boolean;
  readonly ascii: boolean;
}

/** One line of the source that a diagnostic touches. */
export interface Line {
  readonly number: number;
  /** Counted from 1, in characters of the source. */
  readonly column: number;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
}

/** A line as it is shown, and what stands in the lines below it, of which the carets are the first. */
export interface MarkedLine {
  readonly shown: string;
  /** Each is blanks and then words, for a painter to tell apart. */
  readonly below: readonly { readonly indent: number; readonly text: string }[];
}

/** The part of a line around its mark that fits, its carets, and the label behind them, or below where a window has no room for it. */
export function markedLine(line: Line, label: string, room: Room): MarkedLine {
  const { shown, offset, length } = windowed(line, room, label === "" ? 0 : 1 + columnsOf(label));
  const carets = "^".repeat(length);
  if (label === "") return { shown, below: [{ indent: offset, text: carets }] };
  if (!room.window || offset + length + 1 + columnsOf(label) <= room.columns) return { shown, below: [{ indent: offset, text: `${carets} ${label}` }] };
  return { shown, below: [{ indent: offset, text: carets }, ...beneath(label, offset, room.columns)] };
}

/** A label in lines of its own: under its carets, or, where these are near the edge, in one line as near as it can stand, or at the left margin. */
function beneath(label: string, offset: number, most: number): MarkedLine["below"] {
  const longest = Math.max(...label.split(" ").map(columnsOf));
  const under = most - offset >= Math.max(NARROWEST, longest);
  const indent = under ? offset : Math.max(0, most - columnsOf(label));
  return broken(label, most - indent).map((text) => ({ indent, text }));
}

/** The source lines a span touches: the first ones and the last. */
export function linesOf(text: string, d: Diagnostic): Line[] {
  const start = clamp(d.span.start, text.length);
  const end = Math.max(start, clamp(d.span.end, text.length));
  const found: Line[] = [];
  let lineStart = text.lastIndexOf("\n", start - 1) + 1;
  if (start === 0) lineStart = 0;
  let number = 1;
  for (let i = text.indexOf("\n"); i !== -1 && i < lineStart; i = text.indexOf("\n", i + 1)) number++;
  for (;;) {
    const newline = text.indexOf("\n", lineStart);
    const rawEnd = newline === -1 ? text.length : newline;
    const lineEnd = text[rawEnd - 1] === "\r" && rawEnd > lineStart ? rawEnd - 1 : rawEnd;
    const from = Math.min(Math.max(start, lineStart), lineEnd);
    const to = Math.min(Math.max(end, from), lineEnd);
    // The byte order mark belongs to the file, not to its first line.
    const begin = text.charCodeAt(0) === 0xfeff && lineStart === 0 ? 1 : lineStart;
    found.push({ number, column: Array.from(text.slice(begin, from)).length + 1, before: text.slice(Math.min(begin, from), from), marked: text.slice(from, to), after: text.slice(to, lineEnd) });
    if (newline === -1 || end <= newline + 1) break;
    lineStart = newline + 1;
    number++;
  }
  return found.length <= MAX_LINES ? found : [...found.slice(0, MAX_LINES - 1), found.at(-1)!];
}

const clamp = (offset: number, length: number): number => Math.min(Math.max(Number.isFinite(offset) ? offset : 0, 0), length);

/** Tabs to blanks, everything unseen shown; `column` is where the piece begins. */
function expand(piece: string, column: number): string {
  let out = "";
  for (const part of piece.split(/(\t)/u)) out += part === "\t" ? " ".repeat(TAB - ((column + columnsOf(out)) % TAB)) : visible(part);
  return out;
}

/** The part of a line around its mark that fits, and where the carets go; `label` is how many columns its words take behind them. */
function windowed(line: Line, room: Room, label: number): { readonly shown: string; readonly offset: number; readonly length: number } {
  const more = room.ascii ? "..." : "…";
  const most = room.columns;
  // Only what can be seen is laid out: a line may be a megabyte long.
  const beforeCut = line.before.length > most;
  const before = expand(beforeCut ? tail(line.before, most) : line.before, 0);
  const marked = expand(line.marked.slice(0, most * 2), columnsOf(before));
  const after = expand(line.after.slice(0, most * 2), columnsOf(before) + columnsOf(marked));
  const rest = marked + after;
  const [mostBefore, mostRest] = [mostColumns(before), mostColumns(rest)];
  const cutAfter = line.marked.length > most * 2 || line.after.length > most * 2;
  if (!beforeCut && !cutAfter && mostBefore + mostRest <= most) return { shown: before + rest, offset: columnsOf(before), length: Math.max(columnsOf(marked), 1) };
  const third = Math.floor(most / 3);
  // What goes before a mark near the end of its line is worth more than the room behind it, unless the label needs that.
  const keep = room.window ? Math.max(third, most - more.length - Math.max(mostRest, columnsOf(marked) + label)) : third;
  const lead = !beforeCut && mostBefore <= keep ? before : more + lastColumns(before, keep);
  const left = most - mostColumns(lead);
  const shown = lead + (mostRest > left || cutAfter ? cut(rest, left, room.ascii) : rest);
  return { shown, offset: columnsOf(lead), length: Math.max(Math.min(columnsOf(marked), left), 1) };
}

const tail = (text: string, count: number): string => text.slice(-count).replace(/^[\uDC00-\uDFFF]/, "");

/** As much of the end as fits; no accent is parted from its letter. */
function lastColumns(text: string, most: number): string {
  const letters = characters(text).slice(-most).reverse();
  return letters.slice(0, fitting(letters, most)).reverse().join("");
}

/** As much of the start as fits, with a sign that something was left out. */
export function cut(text: string, most: number, ascii: boolean): string {
  const more = ascii ? "..." : "…";
  const start = text.slice(0, most * 2);
  if (start === text && mostColumns(text) <= most) return text;
  const letters = characters(start);
  return letters.slice(0, fitting(letters, Math.max(0, most - more.length))).join("") + more;
}
