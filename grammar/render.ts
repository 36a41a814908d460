/** Without this file a diagnostic would be a record of offsets instead of a picture of the mistake. */
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { filled, folded, type Rows } from "./folded.ts";
import { cut, linesOf, markedLine, TAB, type Room } from "./marked_line.ts";
import { visible } from "./visible.ts";
import { broken, wrapped } from "./width.ts";

export interface Source {
  readonly name: string;
  readonly text: string;
}
export interface RenderOptions {
  readonly color: boolean;
  readonly width: number;
  /** The width is a window's, which breaks longer lines anywhere: what is wrong and labels are broken at words, help at pipes and commas. */
  readonly window?: boolean;
  readonly ascii?: boolean;
}

const COLORS = { error: "\u001B[1;31m", warning: "\u001B[1;33m", note: "\u001B[1;36m", frame: "\u001B[34m", off: "\u001B[0m" } as const;
/** Columns of a line that somebody may paste: a terminal breaks it, and gives it back whole. */
const MOST_PASTED = 20_000;

/** The diagnostic as text for a terminal: header, place, source with carets, notes, help and fix. No newline at the end. */
export function renderDiagnostic(d: Diagnostic, source: Source, options: RenderOptions): string {
  const paint: Paint = (color, text) => (options.color && text !== "" ? `${COLORS[color]}${text}${COLORS.off}` : text);
  const marks = options.ascii === true ? { corner: "+-", bar: "|" } : { corner: "┌─", bar: "│" };
  const lines = linesOf(source.text, d);
  const first = lines[0]!;
  const gutter = String(lines.at(-1)!.number).length;
  const pad = " ".repeat(gutter);
  const name = visible(d.origin ?? source.name);
  const out = [headOf(d, options, paint), `${pad} ${paint("frame", marks.corner)} ${name}:${first.number}:${first.column}`];
  const room: Room = { columns: Math.max(options.width - gutter - 3, 20), window: options.window === true, ascii: options.ascii === true };
  lines.forEach((line, i) => {
    const { shown, below } = markedLine(line, i === lines.length - 1 ? visible(d.label ?? "") : "", room);
    out.push(`${paint("frame", `${String(line.number).padStart(gutter)} ${marks.bar}`)} ${shown}`.trimEnd());
    for (const { indent, text } of below) out.push(`${pad} ${paint("frame", marks.bar)} ${" ".repeat(indent)}${paint(d.severity, text)}`);
  });
  const entry = (kind: string, text: string) => out.push(`${pad} ${paint("frame", "=")} ${kind}: ${text}`);
  // Notes are for reading and are broken; help and fixes are for pasting: a fix goes on with a pipe in the next line, as a query may.
  const hang = `\n${pad}         `;
  for (const note of d.notes ?? []) entry("note", wrapped(visible(note), Math.max(20, options.width - gutter - 9)).join(hang));
  const window = options.window === true;
  if (d.help !== undefined) entry("help", helpLines(visible(d.help), window ? { from: gutter + 9, to: options.width } : null).join(hang));
  if (d.fix !== undefined) {
    const fixed = fixedLines(source.text, d.fix).flatMap((line) => folded(cut(visible(line), MOST_PASTED, options.ascii === true), options.width - gutter - 8, window));
    if (fixed.length > 0) entry("fix", (window ? fixed.map((line) => filled(line, { from: gutter + 8, to: options.width })) : fixed).join(`\n${pad}        `));
  }
  const untold = d.untold ?? 0;
  if (untold > 0) out.push(`${untold} more ${d.severity === "error" ? "error" : "warning"}${untold === 1 ? " is" : "s are"} not shown`);
  return out.join("\n");
}

type Paint = (color: keyof typeof COLORS, text: string) => string;

/** `error[code]: what is wrong`; in a window, in lines of its width. */
function headOf(d: Diagnostic, options: RenderOptions, paint: Paint): string {
  const kind = `${d.severity}[${visible(d.code)}]`;
  const head = `${kind}: ${visible(d.message)}`;
  const [first = head] = options.window === true ? broken(head, options.width) : [];
  const rest = head.slice(first.length).trimStart();
  return [paint(d.severity, first.slice(0, kind.length)) + first.slice(kind.length), ...(rest === "" ? [] : broken(rest, options.width - 2))].join("\n  ");
}

/** A help is one line; in a window a query goes on in the next line, as a fix does. Lines for a shell or for the REPL's commands stay one line, which is only filled up where the window breaks it. */
function helpLines(help: string, window: Rows | null): string[] {
  if (window === null) return [help];
  const lines = /^(saeq |\.)/.test(help) ? [help] : folded(help, window.to - window.from, true);
  return lines.map((line) => filled(line, window));
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
