/** Without this file `is null` would be told as null's, but not where a comment or a line end stands between the two words. */
import type { IToken, TokenType } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { span } from "./span.ts";
import * as T from "./tokens.ts";
import { spanOf } from "./words.ts";

const OPENS: ReadonlySet<TokenType> = new Set([T.LRound, T.LSquare, T.LCurly]);
const CLOSES: ReadonlySet<TokenType> = new Set([T.RRound, T.RSquare, T.RCurly]);

/** `is` and `null` of one comparison in several lines, as in brackets they may stand: read as a comparison, and told. What stands between them is left as it is. */
export function joinPhrases(words: readonly IToken[], text: string): { readonly words: readonly IToken[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  let open = 0;
  for (let i = 0; i < words.length; i++) {
    const token = words[i]!;
    if (OPENS.has(token.tokenType)) open++;
    else if (CLOSES.has(token.tokenType)) open = Math.max(0, open - 1);
    const value = open > 0 && token.tokenType === T.Word && /^is$/i.test(token.image) ? behind(words, i) : i;
    const not = words[value]?.tokenType === T.Not ? value : null;
    const last = not === null ? value : behind(words, not);
    if (last === i || words[last]?.tokenType !== T.Null) {
      out.push(token);
      continue;
    }
    const [write, type] = not === null ? ["==", T.EqEq] : ["!=", T.NotEq];
    const at = spanOf(token);
    const upTo = not === null ? at.end : spanOf(words[not]!).end;
    const between = not === null ? "" : text.slice(at.end, words[not]!.startOffset);
    diagnostics.push(syntaxError("is-null", span(at.start, spanOf(words[last]!).end), [`${write} null`], { span: span(at.start, upTo), text: `${write}${between.trim() === "" ? "" : between.replace(/[ \t]+$/, "")}` }));
    out.push(T.retype(token, type, write));
    i = last - 1;
  }
  return { words: diagnostics.length === 0 ? words : out, diagnostics };
}

/** The next token that is no line end. */
function behind(words: readonly IToken[], i: number): number {
  let next = i + 1;
  while (words[next]?.tokenType === T.Newline) next++;
  return next;
}
