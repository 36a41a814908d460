/** Without this file Ctrl-R would not find what was typed long ago. */
import { cleanInput } from "./graphemes.ts";
import { fuzzy } from "./history.ts";
import type { Intent } from "./keys.ts";
import type { State } from "./state.ts";
import { typed } from "./typed.ts";

/** What is looked for and which match is shown. */
export interface Search {
  readonly query: string;
  readonly index: number;
}

/** The texts Ctrl-R has found, the best first. */
export function found(state: State): readonly string[] {
  return state.search === null ? [] : fuzzy(state.texts, state.search.query);
}

/** The state after a key pressed while searching; Ctrl-C is not for here. */
export function searchStep(state: State, intent: Intent): State {
  const search = state.search ?? { query: "", index: 0 };
  const matches = found(state);
  if (intent.want === "edit" && intent.edit.do === "insert") return { ...state, search: { query: search.query + cleanInput(intent.edit.text), index: 0 } };
  if (intent.want === "edit" && intent.edit.do === "backspace") return { ...state, search: { query: search.query.slice(0, -1), index: 0 } };
  if (intent.want === "search" || intent.want === "up" || intent.want === "older") return { ...state, search: { ...search, index: Math.min(search.index + 1, Math.max(0, matches.length - 1)) } };
  if (intent.want === "down" || intent.want === "newer") return { ...state, search: { ...search, index: Math.max(0, search.index - 1) } };
  if (intent.want === "escape") return leaveSearch(state, null);
  // Any other key takes the match for editing; Enter included, so that nothing runs unseen.
  return leaveSearch(state, matches[search.index] ?? null);
}

/** Back to the line, with a text found or as it was. */
export function leaveSearch(state: State, text: string | null): State {
  return { ...(text === null ? state : typed(state, { do: "set", text })), search: null };
}
