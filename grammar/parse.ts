/** Without this file nobody could turn text into a script: it runs the phases of `grammar/` in their order. */
import { tokenMatcher } from "chevrotain";
import type { IToken } from "chevrotain";
import type { Script } from "./ast.ts";
import { building } from "./build.ts";
import { emptyLines, readComments } from "./comments.ts";
import { firstOfEach, type Diagnostic } from "./diagnostic.ts";
import { lastLines } from "./last_lines.ts";
import { goesOn, layOut, type Layout } from "./layout.ts";
import { replaceLoops } from "./loops.ts";
import { parsing } from "./parser.ts";
import type { Span } from "./span.ts";
import { joinPhrases } from "./parted_phrases.ts";
import { replaceSql } from "./sql.ts";
import * as T from "./tokens.ts";
import { isWord, readWords, spanOf } from "./words.ts";

/** More than this many errors help nobody; how many more there are is told. */
export const MAX_ERRORS = 10;

export interface Parsed {
  readonly script: Script;
  /** In the order of the text, at most `MAX_ERRORS`. */
  readonly diagnostics: readonly Diagnostic[];
}

/** A text from this length on is kept with its tree until another is parsed: it is compiled again whenever more is known of files and models. */
const LONG = 2000;
let last: { readonly text: string; readonly parsed: Parsed } | null = null;

/**
 * Text to tree. Never throws; whatever is wrong is in `diagnostics`, and the tree has holes there.
 * @example parse("sample perfect 10 | acts layer 7").script.statements.length // 1
 */
export function parse(text: string): Parsed {
  return atOnce(parseInSteps(text));
}

function atOnce<V>(steps: Generator<void, V>): V {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps, for whoever has something else to do meanwhile; `parse` of the same text gives it at once then. */
export function* parseInSteps(text: string): Generator<void, Parsed> {
  if (last?.text === text) return last.parsed;
  const parsed = yield* parsingAnew(text);
  if (text.length >= LONG) last = { text, parsed };
  return parsed;
}

/** Characters of a script at most: more is not written by people. */
export const MOST_TEXT = 16 * 2 ** 20;
/** Words and signs of a script at most: more take longer than anybody waits. */
export const MOST_WORDS = 750_000;

function* parsingAnew(text: string): Generator<void, Parsed> {
  const read = yield* reading(text);
  if (typeof read === "string") {
    const start = text.search(/\S|$/);
    return { script: { kind: "script", statements: [], comments: [], blankLines: [], wordStarts: [], span: { start: 0, end: text.length } }, diagnostics: [{ severity: "error", code: "too-large", span: { start, end: start + 1 }, message: read }] };
  }
  return { script: read.script, diagnostics: select(read.diagnostics, read.openAt) };
}

/** A text, or a part of one, as it was read, before anything of what is wrong is left out. */
export interface Read {
  readonly script: Script;
  readonly diagnostics: readonly Diagnostic[];
  /** Where the first text starts that is never closed. */
  readonly openAt: number | null;
  /** Words, signs and line ends. */
  readonly words: readonly IToken[];
  readonly layout: Layout;
  /** The grammar could not place some of the words. */
  readonly lost: boolean;
}

/** All phases of reading, or why there are too many words. `known`: see `lex`. */
export function readText(text: string, known?: T.KnownOpen): Read | string {
  return atOnce(reading(text, known));
}

function* reading(text: string, known?: T.KnownOpen): Generator<void, Read | string> {
  const words = yield* readingWords(text, known);
  if (typeof words === "string") return words;
  yield;
  const layout = layOut(words.tokens);
  yield;
  const sql = replaceSql(layout.tokens, text);
  const loops = replaceLoops(sql.tokens);
  yield;
  const site = { text, diagnostics: [] as Diagnostic[], following: "" };
  const newlines = words.tokens.filter((token) => token.tokenType === T.Newline);
  const wordStarts = words.tokens.filter(isWord).map((token) => token.startOffset);
  const { script, lost } = yield* building(parsing(loops.tokens), { comments: readComments(words.comments, text), blankLines: emptyLines(newlines, text), wordStarts }, site);
  const told = words.diagnostics.filter(({ span }) => ![...sql.told, ...loops.told].some(({ start, end }) => span.start >= start && span.end <= end));
  return { script, diagnostics: [...told, ...layout.diagnostics, ...sql.diagnostics, ...loops.diagnostics, ...site.diagnostics], openAt: words.openAt, words: words.tokens, layout, lost };
}

/** The words of a text, or why there are too many. */
export function wordsOf(text: string, known?: T.KnownOpen): ReturnType<typeof readWords> | string {
  return atOnce(readingWords(text, known));
}

function* readingWords(text: string, known?: T.KnownOpen): Generator<void, ReturnType<typeof readWords> | string> {
  try {
    const read = readWords(text, yield* T.lexing(text, known));
    const joined = joinPhrases(read.tokens, text);
    const words = { ...read, tokens: joined.words, diagnostics: [...read.diagnostics, ...joined.diagnostics] };
    return words.tokens.length <= MOST_WORDS ? words : `a script has at most ${MOST_WORDS} words and signs, this one has ${words.tokens.length}`;
  } catch (error) {
    // Patterns that go back over millions of characters leave the stack.
    if (error instanceof RangeError) return "a text in quotes is too long to be read";
    throw error;
  }
}

/** What is told of what is wrong, in the order of the text. */
export function select(all: readonly Diagnostic[], openAt: number | null): Diagnostic[] {
  // After a quote that never closes nothing can be trusted, and brackets before it close inside of it.
  const trusted = openAt === null ? all : all.filter((d) => d.code === "open-string" || (d.span.start < openAt && d.code !== "unclosed-bracket"));
  return firstOfEach(trusted.toSorted((a, b) => a.span.start - b.span.start), MAX_ERRORS);
}

/** For colouring: what a stretch of text is. */
export type HighlightKind = "word" | "number" | "string" | "operator" | "pipe" | "keyword" | "comment" | "param" | "bracket" | "error";
export interface HighlightToken {
  readonly kind: HighlightKind;
  readonly span: Span;
}

/** The words of a text, in order, for colouring. Never throws. `known`: see `lex`. */
export function tokenize(text: string, known?: T.KnownOpen): HighlightToken[] {
  const lexed = T.lex(text, known);
  const opening = new Set<number>();
  for (const token of layOut(lexed.tokens).tokens) if (T.STATEMENT_WORDS.get(token.image) === token.tokenType) opening.add(token.startOffset);
  const found = lexed.tokens.flatMap((token): HighlightToken[] => {
    if (token.tokenType === T.Newline) return [];
    return [{ kind: opening.has(token.startOffset) ? "keyword" : kindOf(token), span: spanOf(token) }];
  });
  const comments = lexed.comments.map((token): HighlightToken => ({ kind: "comment", span: spanOf(token) }));
  const illegal = lexed.illegal.map(({ offset, length }): HighlightToken => ({ kind: "error", span: { start: offset, end: offset + length } }));
  return [...found, ...comments, ...illegal].sort((a, b) => a.span.start - b.span.start);
}

const WORDS: ReadonlySet<unknown> = new Set([T.Word, T.Quoted, T.CallName]);
const KEYWORDS: ReadonlySet<unknown> = new Set(T.RESERVED.values());
const BRACKETS: ReadonlySet<unknown> = new Set([T.LRound, T.RRound, T.LSquare, T.RSquare, T.LCurly, T.RCurly]);
const ERRORS: ReadonlySet<unknown> = new Set([T.OpenStr, T.OpenQuoted, T.BadNum, T.Foreign, T.Phrase, T.DashFlag]);

function kindOf(token: IToken): HighlightKind {
  const type = token.tokenType;
  if (WORDS.has(type)) return "word";
  if (type === T.Num) return "number";
  if (type === T.Str) return "string";
  if (type === T.ParamRef) return "param";
  if (type === T.Pipe) return "pipe";
  if (KEYWORDS.has(type)) return "keyword";
  if (BRACKETS.has(type)) return "bracket";
  return ERRORS.has(type) ? "error" : "operator";
}

/** Characters of a text from which on only its last lines are read for that, and how many of these at least. */
const LONG_TYPED = 20_000;
const LEAST = 2000;

/** May Enter run this text? Not while a bracket or quote is open, or a `|`, `,` or operator waits for what follows. */
export function isComplete(text: string): boolean {
  return (text.length < LONG_TYPED ? null : endsComplete(lastLines(text, LEAST))) ?? endsComplete(text) ?? true;
}

/** Null where nothing is written. */
function endsComplete(text: string): boolean | null {
  const lexed = T.lex(text);
  if (lexed.open) return false;
  const layout = layOut(lexed.tokens);
  if (layout.open > 0) return false;
  const last = lexed.tokens.findLast((token) => token.tokenType !== T.Newline);
  return last === undefined ? null : !(goesOn(last) || tokenMatcher(last, T.BinaryOp));
}
