/** Without this file a column such as `score (%)` or `user id`, written as its file has it, would be told as words that have no place. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import { beyondHelp } from "./scope.ts";
import { works, type Trial } from "./tried.ts";

/** What of a stage is no place for a column: texts and names in quotes, and comments. */
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*/gu;
/** So much of a stage is looked through. */
const LONGEST = 2000;

/**
 * Mistakes of a stage from `since` on that come of columns which are no plain words and stand without backquotes: they are told as that, where the stage then works and nothing that was told mends it. `df.n` is
 * the column `n` where there is no other.
 */
export function tellColumnsAsWritten(at: Span, from: Plan | null, since: number, trial: Trial): void {
  const { report } = trial;
  const { diagnostics } = report;
  if (from === null || !from.schema.known || report.trial === true || beyondHelp(report) || report.expansions.nested > 0) return;
  const told = diagnostics.slice(since);
  if (!told.some(({ severity }) => severity === "error")) return;
  const names = from.schema.columns.map(({ name }) => name);
  const text = stageFrom(report.text, at).replace(/\s+$/, "");
  const found = occurrences(text, names);
  const [first] = found;
  if (first === undefined || told.some(({ fix }) => fix !== undefined && fix.span.start >= at.start && fix.span.end <= at.start + text.length && works(text.slice(0, fix.span.start - at.start) + fix.text + text.slice(fix.span.end - at.start), from, trial))) return;
  const mended = found.toReversed().reduce((done, { start, end, name }) => done.slice(0, start) + printColumn(name) + done.slice(end), text);
  if (!works(mended, from, trial)) return;
  const span = { start: at.start + first.start, end: at.start + first.end };
  const same = text.slice(first.start, first.end) === first.name;
  const more = { label: same ? "a name that is no plain word stands in backquotes" : `write \`${printColumn(first.name)}\``, fix: { span: { start: at.start, end: at.start + text.length }, text: mended } };
  diagnostics.splice(since, told.length, ...told.filter(({ severity }) => severity !== "error"), { severity: "error", code: "unknown-column", message: same ? `\`${first.name}\` is a column, and read as more than one word` : `no column \`${text.slice(first.start, first.end)}\``, span, ...more });
}

/** A stage as it stands in the text, also behind a sign that ended its tree: up to the next pipe or bracket that is not its own. */
function stageFrom(text: string, { start }: Span): string {
  const rest = text.slice(start, start + LONGEST).split("\n", 1)[0]!;
  let depth = 0;
  for (const { 0: sign, index } of rest.matchAll(new RegExp(`${QUOTED.source}|[()[\\]{}|]`, "gu"))) {
    if ("([{".includes(sign)) depth++;
    else if (")]}".includes(sign) && --depth < 0) return rest.slice(0, index);
    else if (sign === "|" && depth === 0) return rest.slice(0, index);
    else if (sign.startsWith("#")) return rest.slice(0, index);
  }
  return rest;
}

interface Found {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** Where columns stand that are no plain words, the longest where several begin; of `df.n` and `df["n"]` where `df` is nothing, the whole. */
function occurrences(text: string, names: readonly string[]): readonly Found[] {
  const odd = names.filter((name) => printColumn(name) !== name && /\S/.test(name) && !name.includes("`")).sort((a, b) => b.length - a.length);
  const masked = text.replace(QUOTED, (each) => "\0".repeat(each.length));
  const found: Found[] = [];
  const free = (start: number, end: number): boolean => found.every((each) => end <= each.start || start >= each.end);
  for (const name of odd) {
    for (let at = masked.indexOf(name); at >= 0; at = masked.indexOf(name, at + name.length)) {
      const end = at + name.length;
      if (!isInWord(masked, at, end) && free(at, end)) found.push({ start: at, end, name });
    }
  }
  for (const { 0: whole, 1: dotted, 2: quoted, index } of text.matchAll(/(?<![\p{L}\p{N}_.$`"'])[\p{L}_][\p{L}\p{N}_]*(?:\.([\p{L}_][\p{L}\p{N}_]*)(?![\p{L}\p{N}_.(])|\[["']([^"'\]]+)["']\])/gu)) {
    const name = dotted ?? quoted!;
    if (names.includes(name) && !names.includes(whole) && masked[index] !== "\0" && free(index, index + whole.length)) found.push({ start: index, end: index + whole.length, name });
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Whether a place begins or ends within a longer word. */
function isInWord(text: string, start: number, end: number): boolean {
  const letter = /[\p{L}\p{M}\p{N}_]/u;
  const joins = (left: string | undefined, right: string | undefined): boolean => left !== undefined && right !== undefined && letter.test(left) && letter.test(right);
  return joins(text[start - 1], text[start]) || joins(text[end - 1], text[end]);
}
