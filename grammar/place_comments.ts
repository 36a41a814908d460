/** Without this file comments would not stay between the words that they were written between. */
import type { IToken } from "chevrotain";
import type { Comment } from "./ast.ts";
import { countBefore, itself } from "./offsets.ts";
import type { Span } from "./span.ts";
import * as T from "./tokens.ts";
import { isWord, readWords, spanOf } from "./words.ts";

/** A comment of one statement. */
export interface Placed {
  readonly comment: Comment;
  /** How many words and signs of the statement stand before it. */
  readonly after: number;
  /** All of them do. */
  readonly behind: boolean;
}

/** Where comments stand in a statement. */
export function placesIn(wordStarts: readonly number[], { start, end }: Span, comments: readonly Comment[]): Placed[] {
  if (comments.length === 0) return [];
  const first = countBefore(wordStarts, start, itself);
  return comments.map((comment) => ({ comment, after: countBefore(wordStarts, comment.span.start, itself) - first, behind: comment.span.start >= end }));
}

/**
 * The lines of a statement with its comments, each between the words that it was written between, behind the first or above the second;
 * only a pipe begins a line, and a comma ends one. `indent`: of a line that a comment begins inside of a stage, outside of brackets.
 */
export function withComments(text: string, comments: readonly Placed[], indent: number): string[] {
  if (comments.length === 0) return [text];
  const words = readWords(text).tokens.filter(isWord);
  const lines = [""];
  let from = 0;
  let depth = 0;
  let next = 0;
  words.forEach((word, i) => {
    const { end } = spanOf(word);
    const following = words[i + 1];
    depth += depthOf(word);
    lines[lines.length - 1] += text.slice(from, end);
    from = end;
    const here: Comment[] = [];
    while (next < comments.length && (following === undefined || placeOf(comments[next]!, words) <= i + 1)) here.push(comments[next++]!.comment);
    if (here.length === 0) return;
    const gap = following === undefined ? "" : text.slice(end, following.startOffset);
    const closes = following !== undefined && depthOf(following) < 0 ? 1 : 0;
    // Above a closing bracket comments stand in line with what it closes.
    const inner = gap.includes("\n") ? gap.slice(gap.lastIndexOf("\n") + 1) : " ".repeat(indent + 2 * depth);
    const margin = gap.includes("\n") ? inner : " ".repeat(indent + 2 * (depth - closes));
    // A sign of a value with a blank behind it would be a subtraction, or two of them a comment of another language.
    const tight = word.image === "-" && gap === "";
    here.forEach((comment, at) => {
      // Behind the statement there is no second word to stand above.
      if (at === 0 && (tight || !comment.ownLine || following === undefined)) lines[lines.length - 1] += `${tight ? "" : "  "}${comment.text}`;
      else lines.push(inner + comment.text);
    });
    if (following === undefined) return;
    lines.push(margin);
    from = following.startOffset;
  });
  return lines;
}

/** The number of words that it is written behind: a pipe goes with what follows it, a comma with what is before it. */
function placeOf({ after }: Placed, words: readonly IToken[]): number {
  if (after > 1 && words[after - 1]?.tokenType === T.Pipe) return after - 1;
  return words[after]?.tokenType === T.Comma ? after + 1 : after;
}

const OPENERS: ReadonlySet<unknown> = new Set([T.LRound, T.LSquare, T.LCurly]);
const CLOSERS: ReadonlySet<unknown> = new Set([T.RRound, T.RSquare, T.RCurly]);

function depthOf({ tokenType }: IToken): number {
  return OPENERS.has(tokenType) ? 1 : CLOSERS.has(tokenType) ? -1 : 0;
}
