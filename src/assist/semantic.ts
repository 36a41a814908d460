/** Without this file an editor would colour words by their shape and not by what they mean. */
import { tokenize, type HighlightKind } from "../../grammar/parse.ts";
import type { Span } from "../../grammar/span.ts";
import type { Analysis, MarkedPart } from "./analyse.ts";
import type { Role } from "./mark.ts";

/** Names of the Language Server Protocol, so that every editor has colours for them. */
export const SEMANTIC_TYPES = ["function", "keyword", "property", "variable", "parameter", "method", "string", "number", "comment", "operator", "enumMember", "type"] as const;
export type SemanticType = (typeof SEMANTIC_TYPES)[number];

export interface SemanticToken {
  readonly span: Span;
  readonly type: SemanticType;
  /** The name is given here. */
  readonly declares: boolean;
}

const OF_ROLE: Readonly<Record<Role, SemanticType>> = {
  stage: "function",
  keyword: "keyword",
  option: "enumMember",
  relation: "variable",
  column: "property",
  param: "parameter",
  function: "method",
  setting: "property",
  type: "type",
  label: "property",
};

const OF_KIND: Readonly<Record<HighlightKind, SemanticType | null>> = {
  word: null,
  number: "number",
  string: "string",
  operator: "operator",
  pipe: "operator",
  keyword: "keyword",
  comment: "comment",
  param: "parameter",
  bracket: null,
  error: null,
};

/** What was found in a part that was marked. */
const kept = new WeakMap<MarkedPart["marks"], { readonly open: boolean; readonly tokens: readonly SemanticToken[] }>();

/** Coloured stretches in the order of the text; none overlap and none runs over a line's end. */
export function semanticTokens(analysis: Analysis): readonly SemanticToken[] {
  const found: SemanticToken[] = [];
  for (const part of analysis.markedParts()) {
    const old = kept.get(part.marks);
    const tokens = old?.open === part.open ? old.tokens : tokensIn(part);
    if (tokens !== old?.tokens) kept.set(part.marks, { open: part.open, tokens });
    for (const { span, type, declares } of tokens) found.push({ span: { start: span.start + part.start, end: span.end + part.start }, type, declares });
  }
  return found;
}

function tokensIn({ text, marks, open }: MarkedPart): readonly SemanticToken[] {
  const found: SemanticToken[] = [];
  let next = 0;
  for (const { kind, span } of tokenize(text, open ? { open } : undefined)) {
    while (next < marks.length && marks[next]!.span.start < span.start) next++;
    if (kind !== "word") {
      const type = OF_KIND[kind];
      const declares = kind === "param" && marks[next]?.declares === true && marks[next]!.span.end === span.end;
      if (type !== null) found.push(...lines(text, span).map((line) => ({ span: line, type, declares })));
      continue;
    }
    for (let at = span.start; next < marks.length && marks[next]!.span.start < span.end; next++) {
      const mark = marks[next]!;
      if (mark.span.start < at || mark.span.end > span.end) continue;
      found.push({ span: mark.span, type: OF_ROLE[mark.role], declares: mark.declares });
      at = mark.span.end;
    }
  }
  return found;
}

/** A stretch cut at line ends. */
function lines(text: string, { start, end }: Span): readonly Span[] {
  const cut: Span[] = [];
  let from = start;
  for (const line of text.slice(start, end).split("\n")) {
    const to = from + line.replace(/\r$/, "").length;
    if (to > from) cut.push({ start: from, end: to });
    from += line.length + 1;
  }
  return cut;
}
