/** Without this file completion would not know which stage the caret stands in. */
import { tokenize } from "../../grammar/parse.ts";

export interface Caret {
  /** The word being typed: `from` … offset. */
  readonly word: string;
  readonly from: number;
  /** What of that word stands behind the offset; empty before a word, where a new one is typed. */
  readonly rest: string;
  /** Text of the stage before that word. */
  readonly stage: string;
  /** Everything before the stage, without the `|` that leads to it; ends at the statement's own start for a first stage. */
  readonly before: string;
  /** The stage follows a `|`, or stands in the brackets of a `tee`. */
  readonly piped: boolean;
  /** Inside a string: the text from its quote on. */
  readonly quote: string | null;
}

/** What stands around an offset, from the tokens before it. */
export function caretAt(text: string, offset: number): Caret {
  const ahead = text.slice(0, offset);
  const tokens = tokenize(ahead).filter((token) => token.kind !== "comment");
  const last = tokens.at(-1);
  const lastText = last === undefined ? "" : ahead.slice(last.span.start, last.span.end);
  const inQuote = last !== undefined && last.span.end >= offset && /^["']/.test(lastText) && (lastText.length === 1 || lastText.at(-1) !== lastText[0]);
  const word = inQuote ? lastText.slice(1) : (/[\p{L}\p{N}_$.]*$/u.exec(ahead)?.[0] ?? "");
  const from = offset - word.length;
  let depth = 0;
  let start = 0;
  let piped = false;
  let before = "";
  for (let i = tokens.length - 1; i >= 0; i--) {
    const token = tokens[i]!;
    const mark = ahead.slice(token.span.start, token.span.end);
    if (/[)\]}]$/.test(mark) && mark.length === 1) depth++;
    else if (/[([{]$/.test(mark)) {
      if (depth > 0) depth--;
      else if (mark.endsWith("(")) {
        const opener = tokens[i - 1];
        const tee = opener !== undefined && ahead.slice(opener.span.start, opener.span.end) === "tee";
        if (mark.length > 1 || (opener !== undefined && !tee && opener.kind === "word" && opener.span.end === token.span.start)) continue;
        start = token.span.end;
        piped = tee;
        before = tee ? ahead.slice(0, opener!.span.start).replace(/\|\s*$/, "") : "";
        break;
      }
    } else if (depth === 0 && mark === "|") {
      start = token.span.end;
      piped = true;
      before = ahead.slice(0, token.span.start);
      break;
    } else if (depth === 0 && (mark === ";" || (mark === "=" && /(^|\n|;)\s*let\s+\S+\s*$/.test(ahead.slice(0, token.span.start))))) {
      start = token.span.end;
      before = ahead.slice(0, ahead.lastIndexOf("let", token.span.start));
      break;
    } else {
      const gap = ahead.slice(token.span.end, tokens[i + 1]?.span.start ?? from);
      if (depth === 0 && gap.includes("\n") && !/[,]$/.test(mark)) {
        start = token.span.end;
        before = ahead.slice(0, token.span.end);
        break;
      }
    }
  }
  return { word, from, rest: restOf(text.slice(offset), inQuote ? lastText[0]! : null, word), stage: ahead.slice(start, inQuote ? last!.span.start : Math.max(start, from)).trim(), before, piped, quote: inQuote ? lastText : null };
}

/** The rest of a word; of a text in quotes, up to where it closes on its line, unless that is the next text's quote. */
function restOf(behind: string, quote: string | null, word: string): string {
  if (quote === null) return word === "" ? "" : /^[\p{L}\p{M}\p{N}_.]*/u.exec(behind)![0];
  const rest = /^[^"'`\n\r=<>|,()[\]]*/.exec(behind)![0];
  return behind[rest.length] === quote ? rest : "";
}
