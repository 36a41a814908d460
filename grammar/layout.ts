/** Without this file newlines would end statements inside brackets, one lost bracket would spoil the rest of a script, and deep nesting would overflow the stack. */
import { createTokenInstance, tokenMatcher } from "chevrotain";
import type { IToken, TokenType } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { span } from "./span.ts";
import * as T from "./tokens.ts";
import { spanOf } from "./words.ts";

/** Brackets inside one another. Measured: a cold parser on Node's default stack overflows between 100 and 140. */
export const MAX_BRACKETS = 64;
/** Brackets and operators that one value may be deep: the tree is walked by recursion later. */
const MAX_DEPTH = 500;

export interface Layout {
  /** Separators instead of newlines and semicolons, every bracket with its partner, depth bounded. */
  readonly tokens: IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** Brackets still open at the end of the text. */
  readonly open: number;
  /** Something was left out because it stood too deep; that is said once in a text. */
  readonly tooDeep: boolean;
}

const CLOSERS: ReadonlyMap<TokenType, { readonly type: TokenType; readonly text: string }> = new Map([
  [T.LRound, { type: T.RRound, text: ")" }],
  [T.LSquare, { type: T.RSquare, text: "]" }],
  [T.LCurly, { type: T.RCurly, text: "}" }],
]);
const closing: ReadonlySet<TokenType> = new Set([...CLOSERS.values()].map((closer) => closer.type));

/** One open bracket, and how many operators surround the place just before it. */
interface Level {
  readonly opener: IToken;
  readonly operators: number;
  /** The bracket was passed on to the parser, so its partner must be too. */
  readonly kept: boolean;
}

/** Is `token` an operator or sign after which a statement cannot end? */
export function goesOn(token: IToken): boolean {
  return token.tokenType === T.Pipe || token.tokenType === T.Comma || token.tokenType === T.Eq || tokenMatcher(token, T.BinaryOp) || tokenMatcher(token, T.PrefixOp);
}

/** Does a line that begins with `token` go on with the one above? No statement begins so. */
export function goesOnAbove(token: IToken): boolean {
  return token.tokenType === T.Pipe || token.tokenType === T.And || token.tokenType === T.Or;
}

/** Decides where statements end and pairs the brackets. */
export function layOut(words: readonly IToken[]): Layout {
  const out: IToken[] = [];
  const diagnostics: Diagnostic[] = [];
  const stack: Level[] = [];
  let operators = 0;
  let depth = 0;
  let tooDeep = false;
  // Set while tokens are left out: the bracket level at which they are taken in again.
  let skipTo: number | null = null;

  const insert = (type: TokenType, at: number, image = "") => out.push(createTokenInstance(type, image, at, at - 1, NaN, NaN, NaN, NaN));
  const end = () => (out.length === 0 ? 0 : spanOf(out.at(-1)!).end);
  const deep = (token: IToken, what: string) => {
    if (!tooDeep) diagnostics.push(syntaxError("nesting-too-deep", spanOf(token), [what]));
    tooDeep = true;
    skipTo = stack.length;
  };
  const pop = () => {
    const level = stack.pop();
    depth -= operators + 1;
    operators = level?.operators ?? 0;
    depth = Math.max(depth, 0);
  };
  const resetOperators = () => {
    depth -= operators;
    operators = 0;
  };
  const closeAll = (until: string) => {
    if (stack.length === 0) return;
    skipTo = null;
    if (!tooDeep) {
      const inner = stack.at(-1)!.opener;
      const missing = stack.map((level) => CLOSERS.get(level.opener.tokenType)!.text).reverse().join("");
      diagnostics.push(syntaxError("unclosed-bracket", spanOf(inner), [inner.image, missing[0] ?? ")", until], { span: span(end(), end()), text: missing }));
    }
    while (stack.length > 0) {
      if (stack.at(-1)!.kept) insert(CLOSERS.get(stack.at(-1)!.opener.tokenType)!.type, end());
      pop();
    }
  };

  for (let i = 0; i < words.length; i++) {
    const token = words[i]!;
    const type = token.tokenType;
    if (type === T.Newline) {
      let next = i + 1;
      while (words[next]?.tokenType === T.Newline) next++;
      i = next - 1;
      const following = words[next];
      const starts = following !== undefined && surelyStarts(words, next);
      const last = out.at(-1);
      const inside = stack.length > 0 || (last !== undefined && goesOn(last));
      if (inside && !starts) continue;
      if (!starts && following !== undefined && goesOnAbove(following)) continue;
      closeAll("the next statement");
      skipTo = null;
      resetOperators();
      if (last !== undefined && last.tokenType !== T.Separator) out.push(T.retype(token, T.Separator));
      continue;
    }
    if (type === T.Semicolon) {
      if (stack.length > 0) {
        if (skipTo === null) diagnostics.push(syntaxError("semicolon-in-brackets", spanOf(token), [], { span: spanOf(token), text: "" }));
        continue;
      }
      skipTo = null;
      resetOperators();
      if (out.length > 0) out.push(T.retype(token, T.Separator));
      continue;
    }
    if (closing.has(type)) {
      closeOne(token);
      continue;
    }
    const closer = CLOSERS.get(type);
    let kept = false;
    if (skipTo !== null && stack.length <= skipTo && (type === T.Pipe || type === T.Comma)) skipTo = null;
    if (skipTo === null && closer !== undefined) {
      if (stack.length >= MAX_BRACKETS || depth >= MAX_DEPTH) {
        deep(token, stack.length >= MAX_BRACKETS ? `at most ${MAX_BRACKETS} brackets may stand inside one another` : `at most ${MAX_DEPTH} brackets and operators may stand inside one another`);
        // A function without its brackets would be two values side by side.
        if (out.at(-1)?.tokenType === T.CallName) out.pop();
        out.push(T.retype(token, T.Skipped));
      } else {
        out.push(token);
        kept = true;
      }
    } else if (skipTo === null) {
      plain(token, i);
    }
    if (closer !== undefined) {
      stack.push({ opener: token, operators, kept });
      depth += 1;
      operators = 0;
    }
  }
  const open = stack.length;
  closeAll("the end");
  return { tokens: out, diagnostics, open, tooDeep };

  function closeOne(token: IToken): void {
    const isRight = (level: Level) => CLOSERS.get(level.opener.tokenType)!.type === token.tokenType;
    const top = stack.at(-1);
    if (top === undefined) {
      diagnostics.push(syntaxError("stray-bracket", spanOf(token), [token.image], { span: spanOf(token), text: "" }));
      return;
    }
    let wanted = token;
    if (!isRight(top)) {
      const right = CLOSERS.get(top.opener.tokenType)!;
      // Close what the writer forgot to close, if the bracket meant is just below; otherwise take this one for the right one.
      const below = stack.at(-2);
      if (below !== undefined && isRight(below)) {
        if (skipTo === null) {
          diagnostics.push(syntaxError("unclosed-bracket", spanOf(top.opener), [top.opener.image, right.text, `this \`${token.image}\``], { span: span(token.startOffset, token.startOffset), text: right.text }));
          insert(right.type, token.startOffset);
        } else if (top.kept) insert(right.type, token.startOffset);
        pop();
      } else {
        if (skipTo === null) diagnostics.push(syntaxError("mismatched-bracket", spanOf(token), [top.opener.image, token.image, right.text], { span: spanOf(token), text: right.text }));
        wanted = T.retype(token, right.type, right.text);
      }
    }
    if (skipTo !== null && stack.length - 1 < skipTo) skipTo = null;
    if (stack.at(-1)!.kept) out.push(wanted);
    pop();
  }

  function plain(token: IToken, i: number): void {
    const last = out.at(-1);
    const atStart = last === undefined || last.tokenType === T.Separator;
    if (token.tokenType === T.Word) {
      const statement = T.STATEMENT_WORDS.get(token.image);
      if (statement !== undefined && atStart && (token.image === "let" || !usedAsName(words, i))) {
        out.push(T.retype(token, statement));
        return;
      }
      if (token.image === "let") {
        out.push(T.retype(token, T.LostLet));
        return;
      }
    }
    if (token.tokenType === T.Pipe || token.tokenType === T.Comma || token.tokenType === T.Eq) resetOperators();
    else if (tokenMatcher(token, T.BinaryOp) || tokenMatcher(token, T.PrefixOp)) {
      // Two values side by side end one argument and begin the next: so does a sign before a value.
      if (token.tokenType === T.Neg && last !== undefined && !goesOn(last)) resetOperators();
      if (depth >= MAX_DEPTH) {
        deep(token, `at most ${MAX_DEPTH} brackets and operators may stand inside one another`);
        if (tokenMatcher(token, T.PrefixOp) || (last !== undefined && goesOn(last))) out.push(T.retype(token, T.Skipped));
        return;
      }
      operators += 1;
      depth += 1;
    } else if (last !== undefined && !goesOn(last)) resetOperators();
    out.push(token);
  }
}

/** A line that starts like this is a new statement even if a bracket or pipe before it is unfinished. */
function surelyStarts(words: readonly IToken[], i: number): boolean {
  const [first, second, third] = [words[i], words[i + 1], words[i + 2]];
  if (first?.tokenType !== T.Word || second === undefined) return false;
  switch (first.image) {
    case "let": return true;
    case "def": return second.tokenType === T.CallName;
    case "param": return second.tokenType === T.Word && third?.tokenType === T.Colon;
    case "use": return second.tokenType === T.Str;
    default: return false;
  }
}

/** `set | top 3` and `use == 1` speak of a table or column, not of a setting; so does `set` above a line that begins with a pipe. */
function usedAsName(words: readonly IToken[], i: number): boolean {
  let behind = i + 1;
  while (words[behind]?.tokenType === T.Newline) behind++;
  if (behind > i + 1 && words[behind]?.tokenType !== T.Pipe) return false;
  const next = words[behind];
  return next !== undefined && (next.tokenType === T.Pipe || next.tokenType === T.Comma || (tokenMatcher(next, T.BinaryOp) && next.tokenType !== T.Minus && !T.RESERVED.has(next.image)));
}
