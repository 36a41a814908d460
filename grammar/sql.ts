/** Without this file `SELECT a FROM t` would be read as a stage named SELECT with odd words behind it. */
import type { IToken } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { span, type Span } from "./span.ts";
import { turnedRound } from "./sql_clauses.ts";
import * as T from "./tokens.ts";
import { spanOf } from "./words.ts";

/** Statements that begin like a query in SQL become one skipped word, with a diagnostic that turns them round. */
export function replaceSql(tokens: IToken[], text: string): { readonly tokens: IToken[]; readonly diagnostics: readonly Diagnostic[]; readonly turned: readonly Span[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  /** Statements whose words are told all at once. */
  const whole: Span[] = [];
  for (let start = 0; start < tokens.length; ) {
    let end = start;
    while (end < tokens.length && tokens[end]!.tokenType !== T.Separator) end++;
    const statement = tokens.slice(start, end);
    if (isSelect(statement)) {
      const at = span(statement[0]!.startOffset, spanOf(statement.at(-1)!).end);
      const turned = turnedRound(text.slice(at.start, at.end));
      diagnostics.push(syntaxError("sql-statement", spanOf(statement[0]!), [], turned === null ? undefined : { span: at, text: turned }));
      if (turned !== null) whole.push(at);
      out.push(T.retype(statement[0]!, T.Skipped));
    } else for (const token of statement) out.push(token);
    if (end < tokens.length) out.push(tokens[end]!);
    start = end + 1;
  }
  return { tokens: out, diagnostics, turned: whole };
}

function isSelect(statement: readonly IToken[]): boolean {
  const first = statement[0];
  if (first?.tokenType !== T.Word || !/^select$/i.test(first.image)) return false;
  return first.image === "SELECT" || statement.some((token) => token.tokenType === T.Word && /^from$/i.test(token.image));
}
