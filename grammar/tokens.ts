/** Without this file the parser would see characters instead of words, numbers and signs. */
import { createToken, Lexer } from "chevrotain";
import type { CustomPatternMatcherFunc, IToken, ITokenConfig, TokenType } from "chevrotain";
import { CURLY_QUOTES, FOREIGN_COMMENT, foreignPattern, phrasePattern } from "./habits.ts";
import { UNSEEN } from "./visible.ts";

/** Operators that stand between two values. */
export const BinaryOp = createToken({ name: "BinaryOp", label: "an operator", pattern: Lexer.NA });
/** Operators that stand before a value. */
export const PrefixOp = createToken({ name: "PrefixOp", label: "`not` or `-`", pattern: Lexer.NA });
/** What cannot begin an argument: the parser steps over it and `build.ts` reports it. */
export const Stray = createToken({ name: "Stray", label: "a sign", pattern: Lexer.NA });

// Chevrotain drops the `u` flag from plain regular expressions and cannot analyse look-behind:
// such patterns are matched by a function and say themselves with which characters they may begin.
function match(pattern: RegExp): CustomPatternMatcherFunc {
  const sticky = new RegExp(pattern.source, pattern.flags.includes("i") ? "iuy" : "uy");
  return (text, offset) => {
    sticky.lastIndex = offset;
    return sticky.exec(text);
  };
}
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"];
const digits = [..."0123456789"];
// Above 255 Chevrotain sorts first characters into bins of 255: one code for each bin is enough.
const foreignCodes = Array.from({ length: 385 }, (_, i) => (i < 128 ? 128 + i : 256 + (i - 128) * 255)).filter((c) => c < 65536);

function special(name: string, label: string, pattern: RegExp, starts: readonly (string | number)[], more: Partial<ITokenConfig> = {}): TokenType {
  return createToken({ name, label, pattern: match(pattern), start_chars_hint: [...starts], line_breaks: false, ...more });
}
function sign(name: string, text: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, label: `\`${text}\``, pattern: text, categories });
}
/** Recognised by its text after lexing: see `RESERVED` and `layout.ts`. */
function word(name: string, text: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, label: `\`${text}\``, pattern: Lexer.NA, categories });
}

const START = "[\\p{L}_]";
const PART = "[\\p{L}\\p{M}\\p{N}_]";
const WORD = `${START}${PART}*`;

export const Blank = special("Blank", "a blank", new RegExp(`(?:(?!\\n)[${UNSEEN}\\p{Zs}])+`, "u"), [...Array.from({ length: 33 }, (_, i) => i).filter((c) => c !== 10), 127, ...foreignCodes], { group: Lexer.SKIPPED });
export const CommentText = createToken({ name: "CommentText", label: "a comment", pattern: /#[^\n\r]*/, group: "comments" });
export const Newline = createToken({ name: "Newline", label: "the end of the line", pattern: "\n", line_breaks: true });
export const Semicolon = sign("Semicolon", ";");
/** Ends a statement: what `layout.ts` leaves of newlines and semicolons. */
export const Separator = createToken({ name: "Separator", label: "the end of the statement", pattern: Lexer.NA });
/** Stands for text that `layout.ts` left out and reported. */
export const Skipped = createToken({ name: "Skipped", label: "skipped text", pattern: Lexer.NA });

export const Word = special("Word", "a word", new RegExp(`${WORD}(?:\\.(?:${WORD}|\`[^\`\\r\\n]+\`))*`, "u"), [...letters, ...foreignCodes]);
export const Quoted = special("Quoted", "a `name`", new RegExp(`\`[^\`\\r\\n]*\`(?:\\.(?:${WORD}|\`[^\`\\r\\n]+\`))*`, "u"), ["`"]);
export const OpenQuoted = createToken({ name: "OpenQuoted", label: "an open name", pattern: /`[^`\n\r]*/ });
/** A word with `(` directly behind it. */
export const CallName = word("CallName", "name(");
export const ParamRef = special("ParamRef", "a `$name`", new RegExp(`\\$${WORD}`, "u"), ["$"]);

const NUMBER = "\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?:[eE][+-]?\\d+)?";
export const UNITS = "[KMGT]i?B|B|ms|min|s|h|d|%";
export const Num = special("Num", "a number", new RegExp(`${NUMBER}(?:(?:${UNITS.replace("|%", "")})|%(?![\\p{L}\\p{N}_$(\\["'\`]))?(?![\\p{L}\\p{N}_]|\\.\\d)`, "u"), digits);
export const BadNum = special("BadNum", "a number", /\.?\d(?:[\p{L}\p{N}_]|\.(?=[\p{L}\p{N}_]))*/u, [...digits, "."]);

/** Strings may run over lines … */
export const Str = createToken({ name: "Str", label: "a text in quotes", pattern: /"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'/, line_breaks: true });
const OpenRest = createToken({ name: "OpenRest", label: "an open text", pattern: /["'][^]*/, line_breaks: true });
/** … but once some quote is never closed, each must close on its own line, so that the error stands where the quote does. */
const LineStr = createToken({ name: "LineStr", label: "a text in quotes", pattern: /"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"|'[^'\\\n]*(?:\\[^\n][^'\\\n]*)*'/, categories: [Str] });
export const OpenStr = createToken({ name: "OpenStr", label: "an open text", pattern: /["'][^\n\r]*/, categories: [Str] });

export const Foreign = special("Foreign", "a sign of another language", foreignPattern, [..."&|!<=*%:-/\\~>+", ...foreignCodes]);
export const Phrase = special("Phrase", "words of another language", phrasePattern, [..."iInN"]);
export const DashFlag = special("DashFlag", "a `--flag`", /(?<=^|[\s([,|=])--\p{L}[\p{L}\p{N}_]*(?:-[\p{L}\p{N}_]+)*(?:=(?!=))?/u, ["-"]);

export const Or = word("Or", "or", [BinaryOp, Stray]);
export const And = word("And", "and", [BinaryOp, Stray]);
export const In = word("In", "in", [BinaryOp, Stray]);
export const Not = word("Not", "not", [PrefixOp]);
export const True = word("True", "true");
export const False = word("False", "false");
export const Null = word("Null", "null");
export const Asc = word("Asc", "asc", [Stray]);
export const Desc = word("Desc", "desc", [Stray]);

export const EditionWord = word("EditionWord", "saeq");
export const UseWord = word("UseWord", "use");
export const ParamWord = word("ParamWord", "param");
export const SetWord = word("SetWord", "set");
export const LetWord = word("LetWord", "let");
export const DefWord = word("DefWord", "def");
/** `let` anywhere but at the start of a statement. */
export const LostLet = word("LostLet", "let", [Stray]);

export const Neg = special("Neg", "`-`", /(?<=^|[\s([,|=])-(?=\S)/u, ["-"], { categories: [PrefixOp] });
export const EqEq = sign("EqEq", "==", [BinaryOp, Stray]);
export const NotEq = sign("NotEq", "!=", [BinaryOp, Stray]);
export const LessEq = sign("LessEq", "<=", [BinaryOp, Stray]);
export const MoreEq = sign("MoreEq", ">=", [BinaryOp, Stray]);
export const Near = sign("Near", "~=", [BinaryOp, Stray]);
export const Matches = sign("Matches", "=~", [BinaryOp, Stray]);
export const DotDot = sign("DotDot", "..", [BinaryOp, Stray]);
export const Less = sign("Less", "<", [BinaryOp, Stray]);
export const More = sign("More", ">", [BinaryOp, Stray]);
export const Plus = sign("Plus", "+", [BinaryOp, Stray]);
export const Minus = sign("Minus", "-", [BinaryOp, PrefixOp]);
export const Star = sign("Star", "*", [BinaryOp, Stray]);
export const Slash = sign("Slash", "/", [BinaryOp, Stray]);
export const Percent = sign("Percent", "%", [BinaryOp, Stray]);
export const Caret = sign("Caret", "^", [BinaryOp, Stray]);
export const Eq = sign("Eq", "=", [Stray]);
export const Colon = sign("Colon", ":", [Stray]);
export const Comma = sign("Comma", ",", [Stray]);
export const Dot = sign("Dot", ".", [Stray]);
export const Pipe = sign("Pipe", "|");
export const LRound = sign("LRound", "(");
export const RRound = sign("RRound", ")");
export const LSquare = sign("LSquare", "[");
export const RSquare = sign("RSquare", "]");
export const LCurly = sign("LCurly", "{");
export const RCurly = sign("RCurly", "}");

/** Words that cannot name anything unless they stand in backquotes. `let` is the tenth: see `layout.ts`. */
export const RESERVED: ReadonlyMap<string, TokenType> = new Map([
  ["and", And], ["or", Or], ["not", Not], ["in", In], ["true", True], ["false", False], ["null", Null], ["asc", Asc], ["desc", Desc],
]);
/** Words that open a statement, and are ordinary words elsewhere. */
export const STATEMENT_WORDS: ReadonlyMap<string, TokenType> = new Map([
  ["saeq", EditionWord], ["use", UseWord], ["param", ParamWord], ["set", SetWord], ["let", LetWord], ["def", DefWord],
]);

const strings = [Str, OpenRest];
const lineStrings = [LineStr, OpenStr];
// The first pattern that matches wins: longer signs stand before their beginnings.
const signs = [
  Blank, CommentText, Newline, Phrase, Word, Num, DotDot, BadNum, ParamRef, Quoted, OpenQuoted,
  DashFlag, Foreign, Neg, EqEq, NotEq, LessEq, MoreEq, Near, Matches, Less, More, Plus, Minus, Star, Slash, Percent, Caret,
  Eq, Colon, Comma, Dot, Pipe, LRound, RRound, LSquare, RSquare, LCurly, RCurly, Semicolon,
];
const derived = [
  BinaryOp, PrefixOp, Stray, Separator, Skipped, CallName, Or, And, In, Not, True, False, Null, Asc, Desc,
  EditionWord, UseWord, ParamWord, SetWord, LetWord, DefWord, LostLet,
];
/** Every token type, for the parser. */
export const VOCABULARY: TokenType[] = [...signs, ...strings, ...lineStrings, ...derived];

/** The lexer, its tokens held against Chevrotain's rules for them where `checked`: that takes as long as making it, and a test does it. */
export function createLexer(checked: boolean): Lexer {
  return new Lexer(
    { modes: { lines: [...strings, ...signs, ...derived], line: [...lineStrings, ...signs, ...derived] }, defaultMode: "lines" },
    { positionTracking: "onlyOffset", ensureOptimizations: true, deferDefinitionErrorsHandling: false, skipValidations: !checked },
  );
}

const lexer = createLexer(false);

export interface Lexed {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  /** Characters that begin no token. */
  readonly illegal: readonly { readonly offset: number; readonly length: number }[];
  /** Some quote has no partner in the whole text. */
  readonly open: boolean;
}

/** All that may hold a quote: comments, texts and names in quotes; the last group is a text that never closes. */
const QUOTING = new RegExp(`#[^\\n\\r]*|${FOREIGN_COMMENT.source}|${CURLY_QUOTES.source}|\`[^\`\\r\\n]*\`?|${Str.PATTERN instanceof RegExp ? Str.PATTERN.source : ""}|(["'][^]*)`, "gu");

/** What `lex` says of a text that is open, in a small part of the time. */
export function hasOpenQuote(text: string): boolean {
  for (const [, open] of text.matchAll(QUOTING)) if (open !== undefined) return true;
  return false;
}

/** The same token under another type. */
export function retype(token: IToken, type: TokenType, image = token.image): IToken {
  return { ...token, image, tokenType: type, tokenTypeIdx: type.tokenTypeIdx ?? 0 };
}

/** Characters of a text that are read at once: a tenth of this is read in a millisecond. */
const PORTION = 65_536;

/** Of a text in which some quote is known to have no partner. */
export interface KnownOpen {
  readonly open: true;
}

/** Characters to tokens; knows no statements yet. `known`: the text is a part of a larger one that is like that. */
export function lex(text: string, known?: KnownOpen): Lexed {
  for (const steps = lexing(text, known); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps. A text is cut behind line ends, where only a text in quotes can go on: then the portion grows to where that closes. */
export function* lexing(text: string, known?: KnownOpen, portion = PORTION): Generator<void, Lexed> {
  if (known !== undefined) return yield* lexingLines(text, portion);
  const found: Lexed = { tokens: [], comments: [], illegal: [], open: false };
  let most = portion;
  for (let from = 0; from < text.length; yield) {
    const to = lineEnd(text, from + most);
    const part = read(text, from, to, "lines");
    if (!part.open) {
      append(found, part);
      from = to;
      most = portion;
    } else if (to < text.length) most *= 2;
    else return yield* lexingLines(text, portion);
  }
  return found;
}

/** A text with a quote that nobody closes: no text in quotes leaves its line. */
function* lexingLines(text: string, most: number): Generator<void, Lexed> {
  const found: Lexed = { tokens: [], comments: [], illegal: [], open: true };
  for (let from = 0; from < text.length; yield) {
    const to = lineEnd(text, from + most);
    append(found, read(text, from, to, "line"));
    from = to;
  }
  return found;
}

/** Behind the line end at or after an offset; the end of the text where there is none. */
function lineEnd(text: string, at: number): number {
  const newline = at >= text.length ? -1 : text.indexOf("\n", at);
  return newline === -1 ? text.length : newline + 1;
}

function append(all: Lexed, part: Lexed): void {
  for (const token of part.tokens) (all.tokens as IToken[]).push(token);
  for (const token of part.comments) (all.comments as IToken[]).push(token);
  (all.illegal as Lexed["illegal"][number][]).push(...part.illegal);
}

function read(text: string, from: number, to: number, mode: "lines" | "line"): Lexed {
  const result = lexer.tokenize(from === 0 && to === text.length ? text : text.slice(from, to), mode);
  const comments = result.groups["comments"] ?? [];
  // `onlyOffset` leaves the ends out; later a token's text may be replaced, its place never.
  for (const token of [...result.tokens, ...comments]) {
    token.startOffset += from;
    token.endOffset = token.startOffset + token.image.length - 1;
  }
  const tokens = result.tokens.map((token) => {
    if (token.tokenType === LineStr) return retype(token, Str);
    if (token.tokenType !== Word) return token;
    const reserved = RESERVED.get(token.image);
    if (reserved !== undefined) return retype(token, reserved);
    return text[token.startOffset + token.image.length] === "(" ? retype(token, CallName) : token;
  });
  return { tokens, comments, illegal: result.errors.map(({ offset, length }) => ({ offset: offset + from, length })), open: mode === "lines" && result.tokens.at(-1)?.tokenType === OpenRest };
}
