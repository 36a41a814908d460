/** Without this file `is null` would be told as null's, but not where a comment or a line end stands between the two words. */
import type { IToken } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { layOut } from "./layout.ts";
import { span } from "./span.ts";
import * as T from "./tokens.ts";
import { spanOf } from "./words.ts";

/** `is` and `null` of one comparison in several lines, as in brackets they may stand: read as a comparison, and told. What stands between them is left as it is. */
export function joinPhrases(words: readonly IToken[], text: string): { readonly words: readonly IToken[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  // Where statements end, only their layout knows: a bracket may have been left open far above. It is asked for where there is such a phrase.
  let known: ReadonlySet<number> | null = null;
  const ends = (): ReadonlySet<number> => (known ??= new Set(layOut(words).tokens.flatMap(({ tokenType, startOffset }) => (tokenType === T.Separator ? [startOffset] : []))));
  for (let i = 0; i < words.length; i++) {
    const token = words[i]!;
    const value = token.tokenType === T.Word && /^is$/i.test(token.image) ? behind(words, i, ends) : i;
    const not = words[value]?.tokenType === T.Not ? value : null;
    const last = not === null ? value : behind(words, not, ends);
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

/** The next token that is no line end; the same where a statement ends there. */
function behind(words: readonly IToken[], i: number, ends: () => ReadonlySet<number>): number {
  let next = i + 1;
  while (words[next]?.tokenType === T.Newline) next++;
  return next > i + 1 && ends().has(words[i + 1]!.startOffset) ? i : next;
}
