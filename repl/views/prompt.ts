/** Without this file there would be no line to type on: the prompt with colours, the caret and the grey suggestion. */
import type { Look } from "../terminal.ts";
import { layOut, window, type Layout, type Part } from "./layout.ts";

/** Below this many columns the prompt is one sign. */
const NARROW = 40;

/** What stands before the first row and before the others. */
export function promptEdges(look: Look): { readonly first: string; readonly rest: string } {
  if (look.width < NARROW) return { first: look.ascii ? "> " : "› ", rest: "  " };
  return { first: look.ascii ? "saeq> " : "saeq› ", rest: look.ascii ? "  ... " : "    · " };
}

/** The rows of the prompt: at most `limit`, the caret among them. */
export function promptLayout(parts: readonly Part[], caret: number, suggestion: string, look: Look, limit: number, unseen = 0): Layout {
  const grey = suggestion.split("\n", 1)[0] ?? "";
  const shown: readonly Part[] = grey === "" ? parts : [...parts, { text: grey, style: "faint" }];
  const layout = layOut(shown, caret, { ...promptEdges(look), width: look.width, color: look.color });
  return window(layout, limit, unseen, look.color, look.ascii);
}
