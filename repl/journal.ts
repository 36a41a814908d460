/** Without this file a session could not be written down as a script. */
import { parse } from "../grammar/parse.ts";
import { print } from "../grammar/print.ts";
import type { Statement } from "../grammar/ast.ts";
import { bareWords } from "./highlight.ts";

/** A statement that succeeded, and the numbers of the results it showed. */
export interface Success {
  readonly text: string;
  readonly results: readonly number[];
}
export type Journal = readonly Success[];

/**
 * The script that does what a session did, beginning with the `settings` it began with. What only a prompt understands is spelled out: a leading `|`, `_` and `_3`
 * become names bound by `let`.
 */
export function toScript(journal: Journal, settings: Readonly<Record<string, string>>): string {
  const used = new Set(journal.flatMap((entry, i) => references(entry.text, lastResult(journal, i)).map((one) => one.result)));
  const firstResult = journal.findIndex((entry) => entry.results.length > 0);
  // Only a setting made before the first result replaces the one the session began with.
  const already = new Set(journal.slice(0, firstResult < 0 ? undefined : firstResult).flatMap((entry) => settingNames(entry.text)));
  const head = Object.entries(settings).filter(([name]) => !already.has(name)).map(([name, value]) => `set ${name} ${literal(value)}`);
  const body = journal.map((entry, i) => rewrite(entry, lastResult(journal, i), used));
  const text = ["saeq 1", ...head, ...body].join("\n").replace(/^saeq 1\n(?=saeq 1\b)/, "");
  const { script, diagnostics } = parse(text);
  return diagnostics.length === 0 ? print(script) : `${text}\n`;
}

interface Reference {
  readonly start: number;
  readonly end: number;
  readonly result: number;
  readonly text: string;
}

function lastResult(journal: Journal, before: number): number {
  for (let i = before - 1; i >= 0; i--) {
    const result = journal[i]?.results.at(-1);
    if (result !== undefined) return result;
  }
  return 0;
}

function references(text: string, last: number): Reference[] {
  const found: Reference[] = [];
  const leading = /^\s*\|/.exec(text);
  if (leading !== null) found.push({ start: 0, end: leading[0].length, result: last, text: `${nameOf(last)} |` });
  for (const { start, end, name } of bareWords(text)) {
    const match = /^_(\d*)$/.exec(name);
    if (match === null) continue;
    const result = match[1] === "" ? last : Number(match[1]);
    found.push({ start, end, result, text: nameOf(result) });
  }
  return found;
}

function rewrite(entry: Success, last: number, used: ReadonlySet<number>): string {
  let text = entry.text;
  for (const one of references(text, last).sort((a, b) => b.start - a.start)) text = text.slice(0, one.start) + one.text + text.slice(one.end);
  const own = entry.results.at(-1);
  if (own === undefined || !used.has(own)) return text;
  const statement = statements(text).at(-1);
  if (statement === undefined || statement.kind !== "pipelineStatement") return text;
  return `${text.slice(0, statement.span.start)}let ${nameOf(own)} = ${text.slice(statement.span.start)}\n${nameOf(own)}`;
}

function settingNames(text: string): string[] {
  return statements(text).flatMap((statement) =>
    statement.kind !== "set" ? [] : statement.args.filter((_, i) => i % 2 === 0).map((arg) => text.slice(arg.span.start, arg.span.end)));
}

function statements(text: string): readonly Statement[] {
  return parse(text).script.statements;
}

function nameOf(result: number): string {
  return `result_${result}`;
}

function literal(value: string): string {
  return /^([A-Za-z_]\w*|\d+(\.\d+)?)$/.test(value) ? value : JSON.stringify(value);
}
