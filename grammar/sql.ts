/** Without this file `SELECT a FROM t` would be read as a stage named SELECT with odd words behind it. */
import type { IToken } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { span, type Span } from "./span.ts";
import { turnedRound } from "./sql_clauses.ts";
import * as T from "./tokens.ts";
import { spanOf } from "./words.ts";

/** Words that go on with a query in a line of their own. */
const GOES_ON = /^(?:from|where|group|having|order|limit|offset|fetch|join|inner|left|right|full|cross|on|using|union|intersect|except|window)$/i;

/** Statements that begin like a query in SQL, over as many lines as it has, become one skipped word, with a diagnostic that turns them round. */
export function replaceSql(tokens: IToken[], text: string): { readonly tokens: IToken[]; readonly diagnostics: readonly Diagnostic[]; readonly told: readonly Span[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  /** Queries, whose words are told all at once. */
  const told: Span[] = [];
  for (let start = 0; start < tokens.length; ) {
    let end = endOf(tokens, start);
    const from = start + (isLet(tokens, start) ? 3 : 0);
    if (isSelect(tokens.slice(from, end), tokens[end + 1])) {
      while (asksOn(tokens, start, end)) end = endOf(tokens, end + 1);
      const at = span(tokens[from]!.startOffset, spanOf(tokens[end - 1]!).end);
      const query = text.slice(at.start, at.end);
      // What stands behind a sign of a comment is part of no clause.
      const turned = /#|--|\/\*/.test(query) ? null : turnedRound(query.replace(/\s*\r?\n\s*/g, " "));
      diagnostics.push(syntaxError("sql-statement", spanOf(tokens[from]!), [], turned === null ? undefined : { span: at, text: turned }));
      told.push(at);
      out.push(...tokens.slice(start, from), T.retype(tokens[from]!, T.Skipped));
    } else for (const token of tokens.slice(start, end)) out.push(token);
    if (end < tokens.length) out.push(tokens[end]!);
    start = end + 1;
  }
  return { tokens: out, diagnostics, told };
}

/** Whether what begins at `start` is a query of SQL that goes on behind the line end at `end`. */
export function asksOn(tokens: readonly IToken[], start: number, end: number): boolean {
  const next = tokens[end + 1];
  if (tokens[end] === undefined || tokens[end].image === ";" || !beginsClause(next)) return false;
  return isSelect(tokens.slice(start + (isLet(tokens, start) ? 3 : 0), end), next);
}

/** Where the statement ends that begins at `start`. */
function endOf(tokens: readonly IToken[], start: number): number {
  let end = start;
  while (end < tokens.length && tokens[end]!.tokenType !== T.Separator) end++;
  return end;
}

/** `let x =` */
function isLet(tokens: readonly IToken[], start: number): boolean {
  return tokens[start]!.tokenType === T.LetWord && tokens[start + 2]?.tokenType === T.Eq;
}

/** `next`: what the next line begins with. */
function isSelect(statement: readonly IToken[], next: IToken | undefined): boolean {
  const first = statement[0];
  if (first?.tokenType !== T.Word || !/^select$/i.test(first.image)) return false;
  const isFrom = (token: IToken): boolean => token.tokenType === T.Word && /^from$/i.test(token.image);
  return first.image === "SELECT" || statement.some(isFrom) || (next !== undefined && isFrom(next));
}

/** Whether a query of SQL may go on so in another line. */
export function beginsClause(token: IToken | undefined): boolean {
  return token?.tokenType === T.Word && GOES_ON.test(token.image);
}
