/** Without this file a diagnostic would be a record of offsets instead of a picture of the mistake. */
import { columns as columnsOf, fitting, wrapped } from "./width.ts";
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { visible } from "./visible.ts";

export interface Source {
  readonly name: string;
  readonly text: string;
}
export interface RenderOptions {
  readonly color: boolean;
  readonly width: number;
  readonly ascii?: boolean;
}

const COLORS = { error: "\u001B[1;31m", warning: "\u001B[1;33m", note: "\u001B[1;36m", frame: "\u001B[34m", off: "\u001B[0m" } as const;
const TAB = 4;
const MAX_LINES = 4;
/** Columns of a line that somebody may paste: a terminal breaks it, and gives it back whole. */
const MOST_PASTED = 20_000;

/** The diagnostic as text for a terminal: header, place, source with carets, notes, help and fix. No newline at the end. */
export function renderDiagnostic(d: Diagnostic, source: Source, options: RenderOptions): string {
  const paint = (color: keyof typeof COLORS, text: string) => (options.color && text !== "" ? `${COLORS[color]}${text}${COLORS.off}` : text);
  const marks = options.ascii === true ? { corner: "+-", bar: "|" } : { corner: "┌─", bar: "│" };
  const lines = linesOf(source.text, d);
  const first = lines[0]!;
  const gutter = String(lines.at(-1)!.number).length;
  const pad = " ".repeat(gutter);
  const head = `${paint(d.severity, `${d.severity}[${visible(d.code)}]`)}: ${visible(d.message)}`;
  const name = visible(d.origin ?? source.name);
  const out = [head, `${pad} ${paint("frame", marks.corner)} ${name}:${first.number}:${first.column}`];
  const room = Math.max(options.width - gutter - 3, 20);
  lines.forEach((line, i) => {
    const { shown, offset, length } = windowed(line, room, options.ascii === true);
    const label = i === lines.length - 1 ? visible(d.label ?? "") : "";
    out.push(`${paint("frame", `${String(line.number).padStart(gutter)} ${marks.bar}`)} ${shown}`.trimEnd());
    const caret = `${" ".repeat(offset)}${paint(d.severity, `${"^".repeat(length)}${label === "" ? "" : ` ${label}`}`)}`;
    out.push(`${pad} ${paint("frame", marks.bar)} ${caret}`);
  });
  const entry = (kind: string, text: string) => out.push(`${pad} ${paint("frame", "=")} ${kind}: ${text}`);
  // Notes are for reading and are broken; help and fixes are for pasting: a fix goes on with a pipe in the next line, as a query may.
  const hang = `\n${pad}         `;
  for (const note of d.notes ?? []) entry("note", wrapped(visible(note), Math.max(20, options.width - gutter - 9)).join(hang));
  if (d.help !== undefined) entry("help", visible(d.help));
  if (d.fix !== undefined) {
    const fixed = fixedLines(source.text, d.fix).flatMap((line) => beforePipes(cut(visible(line), MOST_PASTED, options.ascii === true), options.width - gutter - 8));
    if (fixed.length > 0) entry("fix", fixed.join(`\n${pad}        `));
  }
  return out.join("\n");
}

interface Line {
  readonly number: number;
  /** Counted from 1, in characters of the source. */
  readonly column: number;
  readonly before: string;
  readonly marked: string;
  readonly after: string;
}

/** The source lines a span touches: the first ones and the last. */
function linesOf(text: string, d: Diagnostic): Line[] {
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

/** The part of a line around its mark that fits, and where the carets go. */
function windowed(line: Line, room: number, ascii: boolean): { readonly shown: string; readonly offset: number; readonly length: number } {
  const more = ascii ? "..." : "…";
  // Only what can be seen is laid out: a line may be a megabyte long.
  const beforeCut = line.before.length > room;
  const before = expand(beforeCut ? tail(line.before, room) : line.before, 0);
  const marked = expand(line.marked.slice(0, room * 2), columnsOf(before));
  const after = expand(line.after.slice(0, room * 2), columnsOf(before) + columnsOf(marked));
  const whole = before + marked + after;
  const cutAfter = line.marked.length > room * 2 || line.after.length > room * 2;
  if (!beforeCut && !cutAfter && columnsOf(whole) <= room) return { shown: whole, offset: columnsOf(before), length: Math.max(columnsOf(marked), 1) };
  const keep = Math.floor(room / 3);
  const lead = !beforeCut && columnsOf(before) <= keep ? before : more + lastColumns(before, keep);
  const left = room - columnsOf(lead);
  const rest = marked + after;
  const shown = lead + (columnsOf(rest) > left || cutAfter ? cut(rest, left, ascii) : rest);
  return { shown, offset: columnsOf(lead), length: Math.max(Math.min(columnsOf(marked), left), 1) };
}

const tail = (text: string, count: number): string => text.slice(-count).replace(/^[\uDC00-\uDFFF]/, "");

function lastColumns(text: string, columns: number): string {
  const characters = Array.from(text).slice(-columns).reverse();
  return characters.slice(0, fitting(characters, columns)).reverse().join("");
}

function cut(text: string, columns: number, ascii: boolean): string {
  const more = ascii ? "..." : "…";
  const characters = Array.from(text.slice(0, columns * 2));
  if (characters.join("") === text && columnsOf(text) <= columns) return text;
  return characters.slice(0, fitting(characters, Math.max(0, columns - more.length))).join("") + more;
}

/** A line of a query in as few lines as fit, each but the first beginning with a pipe; what has no pipe to break at stays whole. */
function beforePipes(line: string, room: number): string[] {
  const parts: string[] = [];
  let from = 0;
  // A text in quotes, a comment, two pipes together, and a pipe with blanks around it.
  for (const found of line.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*|\|\||(?<= )\|(?= )/gu)) {
    if (found[0] !== "|") continue;
    parts.push(line.slice(from, found.index).trimEnd());
    from = found.index;
  }
  const out: string[] = [];
  for (const part of [...parts, line.slice(from)]) {
    const longer = `${out.at(-1) ?? ""} ${part}`;
    if (out.length > 0 && columnsOf(longer) <= room) out[out.length - 1] = longer;
    else out.push(part);
  }
  return out;
}

/** `line 2`, `lines 2 to 4`. */
function linesIn(text: string, start: number, end: number): string {
  const lineOf = (at: number): number => text.slice(0, at).split("\n").length;
  return lineOf(start) === lineOf(end) ? `line ${lineOf(start)}` : `lines ${lineOf(start)} to ${lineOf(end)}`;
}

/** The lines that the fix changes, as they read afterwards; of lines that it takes away, which. */
function fixedLines(text: string, fix: Fix): string[] {
  const start = text.lastIndexOf("\n", fix.span.start - 1) + 1;
  const newline = text.indexOf("\n", fix.span.end);
  const end = newline === -1 ? text.length : newline;
  const head = text.slice(fix.span.start === 0 ? 0 : start, fix.span.start) + fix.text;
  // Whole lines come or go: those around them stay as they are.
  const whole = (head === "" || head.endsWith("\n")) && (fix.span.start === fix.span.end || text[fix.span.end - 1] === "\n");
  if (whole && head === "" && fix.span.end > fix.span.start) return [`leave out ${linesIn(text, fix.span.start, fix.span.end - 1)}`];
  const fixed = whole ? head : head + text.slice(fix.span.end, end);
  return fixed.replace(/^\uFEFF/, "").split(/\r?\n/).map((line) => line.replace(/\r$/, "").replaceAll("\t", " ".repeat(TAB)).trim()).filter((line) => line !== "").slice(0, 3);
}
