/** Without this file wide, combining and control characters would push columns out of line. */
import { visible } from "../../grammar/visible.ts";
import { characters, columns } from "../../grammar/width.ts";

/** More code points than this in one character are decoration: thousands of accents would flood the lines above. */
const LONGEST_CLUSTER = 8;

export { columns };

/** One safe line of at most `width` columns, ending in `…` where something was cut. */
export function fitted(text: string, width: number, ascii = false): string {
  const mark = ascii ? "~" : "…";
  // Enough of the text to fill any width, so that a megabyte in a cell costs nothing.
  const head = text.length > width * 16 + 64 ? text.slice(0, width * 16 + 64) : text;
  const kept: string[] = [];
  let used = 0;
  for (const character of characters(visible(head))) {
    const points = [...character];
    const cluster = points.length > LONGEST_CLUSTER ? points.slice(0, LONGEST_CLUSTER).join("") : character;
    const size = columns(cluster);
    if (used + size > width) return cut(kept, width, mark);
    kept.push(cluster);
    used += size;
  }
  return head.length < text.length ? cut(kept, width, mark) : kept.join("");
}

function cut(kept: string[], width: number, mark: string): string {
  while (kept.length > 0 && columns(kept.join("")) + 1 > width) kept.pop();
  return width === 0 ? "" : kept.join("") + mark;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - columns(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - columns(text))) + text;
}

/** Words joined by `, ` in lines of at most `width` columns. */
export function listed(lead: string, words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = lead;
  words.forEach((word, at) => {
    const next = fitted(word, Math.max(8, width - 2)) + (at < words.length - 1 ? "," : "");
    if (line !== "" && columns(line) + 1 + columns(next) > width) {
      lines.push(line);
      line = `  ${next}`;
    } else line = line === "" ? next : `${line} ${next}`;
  });
  return [...lines, line];
}
