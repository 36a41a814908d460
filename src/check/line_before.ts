/** Without this file what belongs on a line of its own could be told, and not put there. */
import type { Statement } from "../../grammar/ast.ts";
import type { Fix } from "../../grammar/diagnostic.ts";
import type { Report, Scope } from "./scope.ts";

/** From here on mistakes are those of this statement. */
export function enterStatement(report: Report, statement: Statement): void {
  report.statement = { start: statement.span.start, documented: "doc" in statement && statement.doc !== "" };
}

/** A line before the statement, and other words in place of those that say the same there; null in the body of a definition, and where a `##` comment would be torn from what it is about. */
export function withLineBefore(line: string, { span, text }: Fix, { text: whole, statement, expansions, trial }: Report): Fix | null {
  if (statement === undefined || statement.documented || expansions.nested > 0 || trial === true || span.start < statement.start) return null;
  return { span: { start: statement.start, end: span.end }, text: `${line}\n${whole.slice(statement.start, span.start)}${text}` };
}

/** A name near to one that is taken, or that one where it is free. */
export function freeName(name: string, { relations, params, standard, stages }: Scope): string {
  const taken = (each: string): boolean => relations.has(each) || params.has(each) || standard.has(each) || stages.has(each);
  if (!taken(name)) return name;
  let number = 2;
  while (taken(`${name}_${number}`)) number++;
  return `${name}_${number}`;
}
