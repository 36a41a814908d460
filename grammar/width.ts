/** Without this file every line for a terminal would pay the price of text that is hardly ever there. */
import { createRequire } from "node:module";
import type stringWidth from "string-width";
import { graphemes } from "./graphemes.ts";

/** Characters of one column that join with none of their kind: ASCII, Latin letters, what saeq itself prints. */
const PLAIN = /^[\x20-\x7e\xa1-\xac\xae-\xff\u2013\u2014\u2018-\u201d\u2022\u2026\u2190-\u2193\u2500-\u259f]*$/;

let measure: typeof stringWidth | null = null;

/** Loading it takes a tenth of the time in which saeq starts, so that is done for the first text that needs it. */
function measured(text: string): number {
  measure ??= (createRequire(import.meta.url)("string-width") as { readonly default: typeof stringWidth }).default;
  return measure(text);
}

/** Widths of what is cut and laid out one character at a time: the same few come again, and measuring one takes microseconds. */
const known = new Map<string, number>();
const LONGEST_KNOWN = 8;
const MOST_KNOWN = 10_000;

function widthOf(text: string): number {
  if (text.length > LONGEST_KNOWN) return measured(text);
  let width = known.get(text);
  if (width === undefined) {
    width = measured(text);
    if (known.size === MOST_KNOWN) known.clear();
    known.set(text, width);
  }
  return width;
}

/** Terminal columns of a text. */
export function columns(text: string): number {
  return PLAIN.test(text) ? text.length : widthOf(text);
}

/** Lines of at most `most` columns, broken at blanks; a longer word stands alone, or, where it names what one may choose from, as in `a|b|c`, in lines of its own. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const parts = columns(word) > most ? word.split(/(?<=[^|]\|)(?=[^|])/) : [word];
    for (const [i, part] of parts.entries()) {
      const longer = line === "" || i > 0 ? `${line}${part}` : `${line} ${part}`;
      if (line !== "" && columns(longer) > most) {
        lines.push(line);
        line = part;
      } else line = longer;
    }
  }
  return [...lines, line];
}

/** The same, and words that are longer are broken too: for a frame, which no line may cross. */
export function broken(text: string, most: number): string[] {
  return wrapped(text, most).flatMap((line) => {
    const parts: string[] = [];
    for (let left = characters(line); left.length > 0; ) {
      const part = left.slice(0, Math.max(1, fitting(left, most)));
      parts.push(part.join(""));
      left = left.slice(part.length);
    }
    return parts;
  });
}

/** What is read as one character each: a letter with its accents, an emoji with its colour. */
export function characters(text: string): string[] {
  return PLAIN.test(text) ? Array.from(text) : Array.from(graphemes(text), ({ segment }) => segment);
}

/** The most columns that any terminal takes for a text: some draw an emoji and its colour side by side. */
export function mostColumns(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return characters(text).reduce((sum, character) => sum + mostOf(character), 0);
}

/** The same for one character. */
function mostOf(character: string): number {
  const together = columns(character);
  return character.length === 1 ? together : Math.max(together, Array.from(character).reduce((apart, one) => apart + columns(one), 0));
}

/** As many characters from the start as surely fit. */
export function fitting(characters: readonly string[], most: number): number {
  let used = 0;
  for (const [count, character] of characters.entries()) {
    used += mostOf(character);
    if (used > most) return count;
  }
  return characters.length;
}
