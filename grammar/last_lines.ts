/** Without this file each Enter behind a long paste would read all of it before anything else is done. */

/** Quotes, brackets, comments and line ends, as the grammar reads them; a quote alone, which nobody closes; and signs of other languages, in which a quote is none. */
const SIGNS = /"[^"\\]*(?:\\[^][^"\\]*)*"|'[^'\\]*(?:\\[^][^'\\]*)*'|`[^`\r\n]*`|#[^\n\r]*|[()[\]{}]|\n|["'`]|\/\/|\/\*|--\s|[“”„«»‘’‚]/g;
/** Closing brackets by what they close. */
const PARTNERS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/**
 * The last lines of a long text, in front of which every quote and bracket is closed: whether the text is complete is seen in them. They hold at least `least`
 * characters; all of the text where it cannot be told so simply.
 */
export function lastLines(text: string, least: number): string {
  const open: string[] = [];
  let from = 0;
  for (const { 0: sign, index } of text.matchAll(SIGNS)) {
    if (index > text.length - least) break;
    if (sign === "\n") {
      if (open.length === 0) from = index + 1;
    } else if (sign === "(" || sign === "[" || sign === "{") open.push(sign);
    else if (Object.hasOwn(PARTNERS, sign)) {
      if (open.pop() !== PARTNERS[sign]) return text;
    } else if (!/^(?:#|["'`][^])/.test(sign)) return text;
  }
  return text.slice(from);
}
