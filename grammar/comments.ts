/** Without this file comments would be lost on formatting, and `##` lines would not reach the help texts. */
import type { IToken } from "chevrotain";
import type { Comment } from "./ast.ts";
import { countBefore } from "./offsets.ts";
import { spanOf } from "./words.ts";

/** Comments with what the printer must know about them. */
export function readComments(tokens: readonly IToken[], text: string): Comment[] {
  return tokens.map((token) => {
    const at = spanOf(token);
    return { text: token.image.trimEnd(), doc: token.image.startsWith("##"), ownLine: onOwnLine(text, at.start), span: at };
  });
}

function onOwnLine(text: string, start: number): boolean {
  for (let i = start - 1; i >= 0 && text[i] !== "\n"; i--) if (!/[\s\uFEFF]/u.test(text[i] ?? "")) return false;
  return true;
}

/** Offsets of the line ends that close an empty line, outside of texts in quotes. */
export function emptyLines(newlines: readonly IToken[], text: string): number[] {
  const found: number[] = [];
  for (const newline of newlines) {
    let i = newline.startOffset - 1;
    while (i >= 0 && text[i] !== "\n" && /\s/u.test(text[i] ?? "")) i--;
    if (i < 0 || text[i] === "\n") found.push(newline.startOffset);
  }
  return found;
}

/** The `##` comments on the lines directly above `start`, without their marks. */
export function docAbove(start: number, comments: readonly Comment[], text: string): string {
  const lines: string[] = [];
  for (let below = start, i = countBefore(comments, start, ({ span }) => span.start) - 1; i >= 0; i--) {
    const comment = comments[i]!;
    if (!comment.doc || !comment.ownLine || !/^[ \t\r]*\n[ \t\r]*$/.test(text.slice(comment.span.end, below))) break;
    lines.push(comment.text.replace(/^##+ ?/, ""));
    below = comment.span.start;
  }
  return lines.reverse().join("\n");
}
