/** Without this file completion in the middle of a file would see either none of the names above it, or have to check them all at each key. */
import type { Statement } from "../../grammar/ast.ts";
import { tokenize } from "../../grammar/parse.ts";
import type { Scope } from "../check/scope.ts";
import type { Analysis, Part } from "./analyse.ts";
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

function statementAt({ parts, text, scopeBefore }: Analysis, offset: number): Here {
  const found = lastStatement(parts(), offset);
  if (found === null) return { start: 0, scope: scopeBefore(0) };
  const { statement, index, start: from } = found;
  const [start, end] = [statement.span.start + from, statement.span.end + from];
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  const fresh = /[\n;]/.test(text.slice(end, offset)) && !/\|\s*$/.test(text.slice(start, Math.max(line, end))) && !/^\s*\|/.test(text.slice(line, offset));
  if (statement.kind === "def" && !fresh) {
    const equals = text.indexOf("=", (statement.formals.at(-1) ?? statement.name).span.end + from);
    if (equals >= 0 && equals < offset) return { start: equals + 1, scope: bodyScopeOf(statement, scopeBefore(index)) };
  }
  return fresh ? { start: Math.max(line, end), scope: scopeBefore(index + 1) } : { start, scope: scopeBefore(index) };
}

/** The last statement that begins before an offset, how many stand before it, and where its part begins. */
function lastStatement(parts: readonly Part[], offset: number): { readonly statement: Statement; readonly index: number; readonly start: number } | null {
  for (let at = parts.findLastIndex((part) => part.start <= offset); at >= 0; at--) {
    const { start, script } = parts[at]!;
    const last = script.statements.findLastIndex(({ span }) => span.start + start <= offset);
    if (last < 0) continue;
    let index = last;
    for (let i = 0; i < at; i++) index += parts[i]!.script.statements.length;
    return { statement: script.statements[last]!, index, start };
  }
  return null;
}

function inComment(text: string): boolean {
  const last = tokenize(text).at(-1);
  return last?.kind === "comment" && last.span.end === text.length;
}
