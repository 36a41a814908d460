/** Without this file what mends a `chat` could be said only in words, and not as the line that does it. */

const KEYWORDS = new Set(["of", "as", "system", "answer", "pair", "ending", "with", "date", "named", "template"]);

/** A stage as it is written, cut at its keywords: each with what follows it. */
function partsOf(label: string): readonly { readonly word: string; readonly text: string }[] {
  const parts: { word: string; text: string }[] = [];
  for (const [text] of label.matchAll(/(?:"(?:[^"\\]|\\.)*"|\([^()]*\)|[^\s"(])+|[("]/g)) {
    const last = parts.at(-1);
    if (last === undefined || KEYWORDS.has(text)) parts.push({ word: text, text });
    else last.text += ` ${text}`;
  }
  return parts;
}

/** A `chat` without one of its arguments. */
export function without(label: string, argument: string): string {
  return partsOf(label).filter(({ word }, at) => at === 0 || word !== argument).map(({ text }) => text).join(" ");
}

/** A `chat` with one argument given otherwise. */
export function instead(label: string, argument: string, text: string): string {
  const parts = partsOf(label);
  return parts.some(({ word }) => word === argument) ? parts.map((part) => (part.word === argument ? text : part.text)).join(" ") : [parts[0]?.text ?? "chat", text, ...parts.slice(1).map((part) => part.text)].join(" ");
}
