/** Without this file a diagnostic would be a record of offsets instead of a picture of the mistake. */
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { cut, linesOf, markedLine, TAB, type Room } from "./marked_line.ts";
import { visible } from "./visible.ts";
import { broken, columns as columnsOf, wrapped } from "./width.ts";

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
  if (d.help !== undefined) entry("help", helpLines(visible(d.help), window ? options.width - gutter - 9 : Infinity, window).join(hang));
  if (d.fix !== undefined) {
    const fixed = fixedLines(source.text, d.fix).flatMap((line) => folded(cut(visible(line), MOST_PASTED, options.ascii === true), options.width - gutter - 8, window));
    if (fixed.length > 0) entry("fix", fixed.join(`\n${pad}        `));
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

/** A help is one line; in a window a query goes on in the next line, as a fix does. Lines for a shell or for the REPL's commands stay whole. */
function helpLines(help: string, room: number, window: boolean): string[] {
  return /^(saeq |\.)/.test(help) ? [help] : folded(help, room, window);
}

/**
 * A line of a query in as few lines as fit: broken before pipes, then before `and` and `or`, then behind commas, outside of brackets where that is enough, else inside of those that do not fit.
 * Without `commas` behind commas only where a bracket would be broken otherwise, and before words nowhere; what has no place to break at stays whole.
 */
function folded(line: string, room: number, commas: boolean): string[] {
  const cuts = cutsAt(line);
  const deepest = Math.max(-1, ...cuts.map(({ depth }) => depth));
  const fits = (from: number, to: number): boolean => columnsOf(shown(from, to)) <= room;
  // What goes on behind a comma, or with a joining word, is set in.
  const shown = (from: number, to: number): string => `${line[from - 1] === "," || /^(?:and|or) /.test(line.slice(from, from + 4)) ? "  " : ""}${line.slice(from, to).trim()}`;
  const fold = (from: number, to: number, level: number): string[] => {
    const depth = Math.floor(level / SIGNS.length);
    if (fits(from, to) || depth > deepest) return [shown(from, to)];
    const inside = cuts.filter(({ at }) => at > from && at < to);
    const sign = SIGNS[level % SIGNS.length]!;
    const taken = sign === "|" || commas || (sign === "," && inside.some((cut) => cut.sign === "|" && cut.depth > depth));
    const ends = [...inside.filter((cut) => taken && cut.sign === sign && cut.depth === depth).map(({ at }) => at), to];
    const lines: (readonly [from: number, to: number])[] = [];
    for (const end of ends) {
      const last = lines.at(-1);
      if (last !== undefined && fits(last[0], end)) lines[lines.length - 1] = [last[0], end];
      else lines.push([last?.[1] ?? from, end]);
    }
    return lines.flatMap(([start, end]) => fold(start, end, level + 1));
  };
  return fold(0, line.length, 0);
}

/** Where a line is cut, in this order: before pipes and joining words, and behind commas. */
const SIGNS = ["|", "and", ","] as const;

/** A place where a line may be cut. */
interface Cut {
  readonly sign: (typeof SIGNS)[number];
  readonly at: number;
  /** How many brackets are open there. */
  readonly depth: number;
}

/** Before each pipe, `and` and `or`, and behind each comma, with blanks around it. */
function cutsAt(line: string): readonly Cut[] {
  const cuts: Cut[] = [];
  let depth = 0;
  // A text in quotes, a comment, two pipes together, a bracket, and a sign.
  for (const { 0: found, index } of line.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*|\|\||[()[\]{}]|(?<= )\|(?= )|,(?= )|(?<= )(?:and|or)(?= )/gu)) {
    if ("([{".includes(found)) depth++;
    else if (")]}".includes(found)) depth = Math.max(0, depth - 1);
    else if (found === "|" || found === ",") cuts.push({ sign: found, at: found === "|" ? index : index + 1, depth });
    else if (found === "and" || found === "or") cuts.push({ sign: "and", at: index, depth });
  }
  return cuts;
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
