/** Without this file typed text would be one grey run: the lexer's tokens as styles. */
import { tokenize, type HighlightKind } from "../grammar/parse.ts";
import type { Style } from "./terminal.ts";
import type { Part } from "./views/layout.ts";

/** A text cut into stretches of one style; together they are the whole text. */
export function highlight(text: string): readonly Part[] {
  if (/^\s*[.?]/.test(text)) return [{ text, style: "accent" }];
  const parts: Part[] = [];
  let at = 0;
  let head = true;
  for (const { kind, span } of tokenize(text)) {
    if (span.start < at) continue;
    const gap = text.slice(at, span.start);
    if (gap !== "") parts.push({ text: gap, style: "word" });
    const word = text.slice(span.start, span.end);
    // The first word of a stage says what happens; a new line starts a new statement, unless it goes on with `|`.
    const opens = head || gap.includes("\n");
    parts.push({ text: word, style: kind === "word" && opens ? "strong" : STYLES[kind] });
    head = kind === "pipe" || word === "(" || word === ";" || word === "=";
    at = span.end;
  }
  if (at < text.length) parts.push({ text: text.slice(at), style: "word" });
  return parts;
}

/** The bare words of a text with their places: what may name a result. */
export function bareWords(text: string): readonly { readonly start: number; readonly end: number; readonly name: string }[] {
  return tokenize(text).filter(({ kind }) => kind === "word").map(({ span }) => ({ ...span, name: text.slice(span.start, span.end) }));
}

const STYLES: Readonly<Record<HighlightKind, Style>> = {
  word: "word",
  number: "number",
  string: "string",
  operator: "operator",
  pipe: "operator",
  keyword: "keyword",
  comment: "comment",
  param: "accent",
  bracket: "operator",
  error: "error",
};
