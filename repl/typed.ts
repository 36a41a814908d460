/** Without this file menus, folds and advice could outlive the text they belong to. */
import { carryFold } from "./fold.ts";
import { edit, type Edit } from "./line.ts";
import type { State } from "./state.ts";

/** The state after an edit of the line by hand. */
export function typed(state: State, action: Edit): State {
  const line = edit(state.line, action);
  return { ...state, line, fold: carryFold(state.fold, state.line, line), menu: null, walk: null, early: false, hint: null };
}
