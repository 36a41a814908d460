/** Without this file a window would break the lines of a plan anywhere, and its tree could not be seen. */
import { wrapped } from "../../grammar/width.ts";
import { columns } from "./fit.ts";

/** What a line begins with: blanks, and the corner of a branch. */
const LEAD = /^ *(?:[└├]─ |\+- )?/;
/** Columns for words at least: in a narrower place lines are the window's to break. */
const LEAST = 16;

/** Lines of at most `width` columns: what is longer is broken at blanks, and goes on two columns behind its beginning. */
export function treeText(text: string, width: number): string {
  return text.split("\n").flatMap((line) => broken(line, width)).join("\n");
}

function broken(line: string, width: number): readonly string[] {
  const lead = LEAD.exec(line)?.[0] ?? "";
  const room = width - columns(lead) - 2;
  if (columns(line) <= width || room < LEAST) return [line];
  return wrapped(line.slice(lead.length).replace(/ {2,}/g, " "), room).map((part, i) => (i === 0 ? `${lead}${part}` : `${" ".repeat(columns(lead) + 2)}${part}`));
}
