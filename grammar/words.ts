/** Without this file broken words, unseen characters and signs of other languages would reach the parser and fail there in ways nobody understands. */
import type { IToken, TokenType } from "chevrotain";
import { syntaxError } from "./codes.ts";
import type { Diagnostic, Fix } from "./diagnostic.ts";
import { CURLY_QUOTES, FOREIGN_COMMENT, JOINED_LINE, MISCASED, PARTED_NOT_EQUAL, SIGNS } from "./habits.ts";
import { span } from "./span.ts";
import type { Span } from "./span.ts";
import * as T from "./tokens.ts";
import { escapeOf, UNSEEN, visible } from "./visible.ts";

export interface Words {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** Where the first text starts that is never closed. */
  readonly openAt: number | null;
}

/** The source range of a token; an inserted token has an empty one. */
export function spanOf(token: IToken): Span {
  return span(token.startOffset, Math.max(token.startOffset, (token.endOffset ?? token.startOffset) + 1));
}

const ILLEGAL_LIMIT = 20;
const unseenOrBlank = new RegExp(`(?![\\t\\r\\n ])(?:(?:(?!\\n)[${UNSEEN}])+|\\p{Zs}+)`, "gu");
const byName: ReadonlyMap<string, TokenType> = new Map(T.VOCABULARY.map((type) => [type.name, type]));
const typed = (name: string): TokenType => byName.get(name) ?? T.Skipped;
const whole = (pattern: RegExp): RegExp => new RegExp(`^(?:${pattern.source})`, "u");
const curly = whole(CURLY_QUOTES);
const joined = whole(JOINED_LINE);
const comment = whole(FOREIGN_COMMENT);
const parted = whole(PARTED_NOT_EQUAL);
/** In a text that is never closed, a bar before a word is sooner the next stage than part of the text. */
const STAGE_BEHIND = /(?<=.)\s*\|\s*[a-z_]+(?=$|[\s|])/;

/** Tokens that the parser can trust, and what was wrong with the words. */
export function readWords(text: string, lexed = T.lex(text)): Words {
  const diagnostics: Diagnostic[] = [];
  const tokens: IToken[] = [];
  for (const token of lexed.tokens) repair(token, text, tokens, diagnostics);
  for (const { offset, length } of lexed.illegal.slice(0, ILLEGAL_LIMIT)) {
    const at = span(offset, offset + length);
    const plain = text.slice(at.start, at.end).normalize("NFKC");
    diagnostics.push(syntaxError("illegal-character", at, [clip(text.slice(at.start, at.end))], /^[\w.]+$/.test(plain) ? { span: at, text: plain } : undefined));
  }
  diagnostics.push(...unseen(text, lexed.tokens));
  const openAt = lexed.open ? (lexed.tokens.find((token) => token.tokenType === T.OpenStr)?.startOffset ?? null) : null;
  return { tokens, comments: lexed.comments, diagnostics, openAt };
}

/** Whether a token is written in any layout: line ends and semicolons part statements, and come and go. */
export function isWord({ tokenType }: IToken): boolean {
  return tokenType !== T.Newline && tokenType !== T.Semicolon;
}

/** Long input is cut where it is quoted in a message. */
export function clip(text: string): string {
  const shown = visible(text.length > 40 ? `${text.slice(0, 39)}…` : text);
  return shown;
}

function repair(token: IToken, text: string, tokens: IToken[], diagnostics: Diagnostic[]): void {
  const at = spanOf(token);
  const image = token.image;
  const replace = (write: string) => ({ span: at, text: write });
  switch (token.tokenType) {
    case T.OpenStr: {
      const quote = image[0] ?? '"';
      const inner = image.slice(0, STAGE_BEHIND.exec(image)?.index);
      const end = span(at.start + inner.length, at.start + inner.length);
      if (!diagnostics.some((d) => d.code === "open-string")) {
        diagnostics.push(syntaxError("open-string", span(at.start, at.start + 1), [quote === '"' ? "double quote" : "single quote"], { span: end, text: quote }));
      }
      tokens.push(T.retype(token, T.Str, inner + quote));
      return;
    }
    case T.OpenQuoted:
      diagnostics.push(syntaxError("open-name", span(at.start, at.start + 1), [], { span: span(at.end, at.end), text: "`" }));
      tokens.push(T.retype(token, T.Quoted, `${image}\``));
      return;
    case T.BadNum: {
      const hook = hookOf(tokens, token);
      if (hook !== null) {
        tokens.splice(-hook.words);
        diagnostics.push(syntaxError("foreign-hook", hook.at, [clip(text.slice(hook.at.start, hook.at.end)), clip(hook.write)], { span: hook.at, text: hook.write }));
        tokens.push(T.retype(token, T.Skipped));
        return;
      }
      const [advice, write] = numberAdvice(image);
      diagnostics.push(syntaxError("bad-number", at, [clip(image), advice], write === null ? undefined : replace(write)));
      tokens.push(T.retype(token, T.Skipped));
      return;
    }
    case T.DashFlag: {
      const valued = image.endsWith("=");
      const write = image.slice(2, valued ? -1 : undefined).replaceAll("-", "_");
      diagnostics.push(syntaxError("dashed-flag", at, [clip(image), clip(write)], replace(valued ? `${write} ` : write)));
      tokens.push(T.retype(token, T.Word, write));
      return;
    }
    case T.Phrase: {
      if (/^not/i.test(image)) {
        // The operator is read as `in`; its fix needs the left side, so `operators.ts` reports it.
        tokens.push(T.retype(token, T.In));
        return;
      }
      const write = /not/i.test(image) ? "!= null" : "== null";
      diagnostics.push(syntaxError("is-null", at, [write], replace(write)));
      tokens.push(T.retype(token, write.startsWith("!") ? T.NotEq : T.EqEq), T.retype(token, T.Null));
      return;
    }
    case T.Foreign:
      foreign(token, text, tokens, diagnostics);
      return;
    case T.Word:
    case T.CallName: {
      const write = MISCASED.get(image);
      if (write === undefined || text[at.end] === "=") break;
      diagnostics.push(syntaxError("keyword-case", at, [image, write], replace(write)));
      tokens.push(T.retype(token, T.RESERVED.get(write) ?? T.Word, write));
      return;
    }
  }
  tokens.push(token);
}

function foreign(token: IToken, text: string, tokens: IToken[], diagnostics: Diagnostic[]): void {
  const at = spanOf(token);
  const image = token.image;
  const sign = parted.test(image) ? "≠" : image;
  const habit = Object.hasOwn(SIGNS, sign) ? SIGNS[sign] : undefined;
  const turned = image === "->" ? renamed(tokens, text, at) : null;
  if (turned !== null) {
    tokens.splice(-1, 1, T.retype(tokens.at(-1)!, T.Skipped));
    diagnostics.push(syntaxError("foreign-operator", at, [image, turned.text], turned));
  } else if (image === "||" && tokens.at(-1)?.tokenType === T.Word && stageOf(tokens).length === 1) {
    diagnostics.push(syntaxError("foreign-operator", at, [image, "|"], { span: at, text: "|" }));
    tokens.push(T.retype(token, T.Pipe));
  } else if (image === "||" && (tokens.at(-1)?.tokenType === T.Str || /^\s*["']/.test(text.slice(at.end, at.end + 100)))) {
    diagnostics.push(syntaxError("foreign-operator", at, [image, "+"], { span: at, text: "+" }));
    tokens.push(T.retype(token, T.Plus));
  } else if (habit !== undefined) {
    // A word operator needs a blank on either side, a prefix none behind a bracket.
    const touches = /^[a-z]+$/.test(habit.write) ? /\S/ : /[\p{L}\p{M}\p{N}_"'`)\]}]/u;
    const before = (/^[a-z]/.test(habit.write) || sign !== image) && touches.test(text[at.start - 1] ?? " ") ? " " : "";
    const after = /^[a-z]+$/.test(habit.write) && /\S/.test(text[at.end] ?? " ") ? " " : "";
    diagnostics.push(syntaxError("foreign-operator", at, [image, habit.write.trim()], { span: at, text: (before + habit.write + after).replace(/ $/, /\s/.test(text[at.end] ?? "") ? "" : " ") }));
    for (const name of habit.reads) tokens.push(T.retype(token, typed(name)));
  } else if (curly.test(image)) {
    const written = `"${image.slice(1, -1).replaceAll("\\", "\\\\")}"`;
    diagnostics.push(syntaxError("curly-quotes", at, [], { span: at, text: written }));
    tokens.push(T.retype(token, T.Str, written));
  } else if (joined.test(image)) {
    diagnostics.push(syntaxError("joined-line", at, [], { span: at, text: "" }));
  } else if (comment.test(image) || image.startsWith("/*")) {
    const division = wholeDivision(tokens, image, at.start);
    diagnostics.push(division ?? syntaxError("foreign-comment", span(at.start, at.start + 2), [image.slice(0, 2)], commented(image, text, at)));
  }
}

const OPENS_STAGE: ReadonlySet<TokenType> = new Set([T.Pipe, T.Newline, T.Semicolon, T.LRound]);
/** Of a stage with more words than this only the last are looked at. */
const LONGEST_STAGE = 1000;

/** The words of the stage that is being read. */
function stageOf(tokens: readonly IToken[]): readonly IToken[] {
  let before = tokens.length - 1;
  const least = Math.max(0, tokens.length - LONGEST_STAGE);
  while (before >= least && !OPENS_STAGE.has(tokens[before]!.tokenType)) before--;
  return tokens.slice(before + 1);
}

/** `rename old -> new`, the other way round; null for every other arrow. */
function renamed(tokens: readonly IToken[], text: string, at: Span): Fix | null {
  const before = tokens.at(-1);
  const [whole, name] = /^[ \t]*([\p{L}_][\p{L}\p{M}\p{N}_]*|`[^`\r\n]+`)/u.exec(text.slice(at.end)) ?? [];
  if (whole === undefined || before === undefined || (before.tokenType !== T.Word && before.tokenType !== T.Quoted) || stageOf(tokens)[0]?.image !== "rename") return null;
  return { span: span(before.startOffset, at.end + whole.length), text: `${name} = ${before.image}` };
}

/** `a // 2`, which is no comment where a value stands before it and nothing but a value behind it. */
function wholeDivision(tokens: readonly IToken[], image: string, start: number): Diagnostic | null {
  const [left, before] = [tokens.at(-1), tokens.at(-2)];
  const [divided, by] = /^\/\/[ \t]*(\d[\d_.]*)(?=[ \t]*(?:$|[|,)+*\/<>=]))/.exec(image) ?? [];
  if (divided === undefined || left === undefined || (left.tokenType !== T.Word && left.tokenType !== T.RRound)) return null;
  const plain = left.tokenType === T.Word && !["*", "/", "%", "^", "-"].includes(before?.image ?? "");
  const write = `floor(${plain ? left.image : "a"} / ${by})`;
  return syntaxError("whole-division", span(start, start + 2), [write], plain ? { span: span(left.startOffset, start + divided.length), text: write } : undefined);
}

/** A comment of another language as one of saeq, which runs to the end of its line: on a line of its own, or left out where it stands inside of one. */
function commented(image: string, text: string, at: Span): Fix {
  const closed = image.length > 3 && image.endsWith("*/");
  const words = `#${(closed ? image.slice(2, -2) : image.slice(2)).trimEnd()}`;
  const [, blanks = "", behind] = /^([ \t]*)([^\r\n]?)/.exec(text.slice(at.end)) ?? [];
  if (!closed || behind === "") return { span: at, text: words };
  const first = /(?:^|\n)[ \t]*$/.test(text.slice(0, at.start));
  return { span: span(at.start, at.end + blanks.length), text: first ? `${words}\n` : "" };
}

/** A hook as TransformerLens names it, `blocks.7.hook_resid_post` or `blocks.7.attn.hook_z`: a word and what looks like a number behind it. */
function hookOf(tokens: readonly IToken[], token: IToken): { readonly at: Span; readonly write: string; readonly words: number } | null {
  const before = tokens.at(-1);
  const [, layer, name] = /^\.(\d+)\.(?:[a-z0-9_]+\.)?hook_([a-z_]+)$/.exec(token.image) ?? [];
  if (layer === undefined || before?.image !== "blocks" || spanOf(before).end !== token.startOffset) return null;
  const keyword = tokens.at(-2)?.image === "hook" ? tokens.at(-2)! : null;
  const end = spanOf(token).end;
  if (keyword !== null && stageOf(tokens).some(({ image }) => image === "layer")) return { at: span(before.startOffset, end), write: name!, words: 1 };
  return { at: span((keyword ?? before).startOffset, end), write: `layer ${layer} hook ${name}`, words: keyword === null ? 1 : 2 };
}

function numberAdvice(image: string): readonly [advice: string, write: string | null] {
  if (image.startsWith(".")) return /^\.\d+$/.test(image) ? [`write \`0${image}\``, `0${image}`] : ["write a digit before the point", null];
  const scaled = /^(\d+)([kKmM])$/.exec(image);
  if (scaled !== null) {
    const write = `${scaled[1]}_${(scaled[2] ?? "").toLowerCase() === "k" ? "000" : "000_000"}`;
    return [`write \`${write}\``, write];
  }
  if (/^\d[\d_.]*$/.test(image)) return ["a number has one point at most", null];
  return ["units: % B KB KiB MB MiB GB GiB TB TiB ms s min h d", null];
}

/** Characters that are not seen, and blanks that are not plain ones, outside of texts in quotes. */
function unseen(text: string, tokens: readonly IToken[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  let next = 0;
  for (const hit of text.matchAll(unseenOrBlank)) {
    const characters = hit[0].replace(/[\t\r\n ].*$/su, "");
    const at = span(hit.index, hit.index + characters.length);
    if (hit.index === 0 && characters === "\uFEFF") continue;
    while (next < tokens.length && spanOf(tokens[next]!).end <= at.start) next++;
    const around = tokens[next];
    const quoted = around !== undefined && around.startOffset < at.start && (around.tokenType === T.Str || around.tokenType === T.OpenStr || around.tokenType === T.Foreign);
    if (quoted) continue;
    const blank = /^\p{Zs}/u.test(characters);
    const shown = escapeOf(characters);
    const fix = { span: at, text: blank ? " ".repeat(characters.length) : "" };
    found.push(blank ? syntaxError("unusual-blank", at, [shown], fix) : syntaxError("hidden-character", at, [shown], fix));
    if (found.length >= ILLEGAL_LIMIT) break;
  }
  return found;
}
