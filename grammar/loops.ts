/** Without this file `for layer in [5, 6]:` would be read as a stage named `for`, with a mistake for each of its brackets and colons. */
import type { IToken } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { span, type Span } from "./span.ts";
import * as T from "./tokens.ts";
import { spanOf } from "./words.ts";

/** Statements that begin like a loop of another language become one skipped word each, with a diagnostic. What stands below them is read as it is. */
export function replaceLoops(tokens: readonly IToken[]): { readonly tokens: IToken[]; readonly diagnostics: readonly Diagnostic[]; readonly told: readonly Span[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  const told: Span[] = [];
  for (let start = 0; start < tokens.length; start++) {
    let end = start;
    while (end < tokens.length && tokens[end]!.tokenType !== T.Separator) end++;
    if (isLoop(tokens, start)) {
      diagnostics.push(syntaxError("loop", spanOf(tokens[start]!), []));
      told.push(span(tokens[start]!.startOffset, spanOf(tokens[end - 1]!).end));
      out.push(T.retype(tokens[start]!, T.Skipped));
    } else for (let i = start; i < end; i++) out.push(tokens[i]!);
    if (end < tokens.length) out.push(tokens[end]!);
    start = end;
  }
  return { tokens: out, diagnostics, told };
}

/** `for x in …`, `foreach x in …`, `for (x in …)` */
function isLoop(tokens: readonly IToken[], start: number): boolean {
  const first = tokens[start]!;
  if (!/^for(?:each)?$/i.test(first.image) || (first.tokenType !== T.Word && first.tokenType !== T.CallName)) return false;
  const name = tokens[start + 1]?.tokenType === T.LRound ? start + 2 : start + 1;
  return tokens[name]?.tokenType === T.Word && tokens[name + 1]?.tokenType === T.In;
}
