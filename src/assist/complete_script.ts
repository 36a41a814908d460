/** Without this file completion in the middle of a file would see either none of the names above it, or have to check them all at each key. */
import { tokenize } from "../../grammar/parse.ts";
import type { Scope } from "../check/scope.ts";
import type { Analysis } from "./analyse.ts";
import { bodyScopeOf } from "./body_scope.ts";
import { complete, type CompleteContext, type Completions } from "./complete.ts";
import { signatureAt, type Signature } from "./signature.ts";

type Names = Pick<CompleteContext, "models" | "saes" | "checkpoints">;

/** The statement that an offset stands in: where it starts, and what is known before it. */
interface Here {
  readonly start: number;
  readonly scope: Scope;
}

/** What can stand at an offset of a script. `names`: models and SAEs that the line with the offset can name. */
export function completeAt(analysis: Analysis, offset: number, names: (line: string) => Names = () => ({})): Completions {
  const { start, scope } = statementAt(analysis, offset);
  if (inComment(analysis.text.slice(start, offset))) return { from: offset, to: offset, items: [], signature: null };
  const line = analysis.text.indexOf("\n", offset);
  const text = analysis.text.slice(start, line < 0 ? undefined : line);
  const found = complete(text, offset - start, { scope, facts: analysis.around.facts, ...names(text) });
  return { ...found, from: found.from + start, to: found.to + start };
}

/** The signature that an offset of a script stands in. */
export function signatureIn(analysis: Analysis, offset: number): Signature | null {
  const { start, scope } = statementAt(analysis, offset);
  const text = analysis.text.slice(start, offset);
  return inComment(text) ? null : signatureAt(text, text.length, scope);
}

function statementAt({ script, text, scopeBefore }: Analysis, offset: number): Here {
  const last = script.statements.findLastIndex(({ span }) => span.start <= offset);
  const statement = script.statements[last];
  if (statement === undefined) return { start: 0, scope: scopeBefore(0) };
  const between = text.slice(statement.span.end, offset);
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  const fresh = /[\n;]/.test(between) && !/\|\s*$/.test(text.slice(0, Math.max(line, statement.span.end))) && !/^\s*\|/.test(text.slice(line, offset));
  if (statement.kind === "def" && !fresh) {
    const equals = text.indexOf("=", (statement.formals.at(-1) ?? statement.name).span.end);
    if (equals >= 0 && equals < offset) return { start: equals + 1, scope: bodyScopeOf(statement, scopeBefore(last)) };
  }
  return fresh ? { start: Math.max(line, statement.span.end), scope: scopeBefore(last + 1) } : { start: statement.span.start, scope: scopeBefore(last) };
}

function inComment(text: string): boolean {
  const last = tokenize(text).at(-1);
  return last?.kind === "comment" && last.span.end === text.length;
}
