/** Without this file Tab could insert but not offer: opening, walking and leaving the completion menu. */
import type { Completion, CompletionItem } from "../runtime/session/session_port.ts";
import { edit, type Line } from "./line.ts";
import type { State } from "./state.ts";

/** Completions on offer, and the line as it was before them. */
export interface Menu {
  readonly items: readonly CompletionItem[];
  /** −1: nothing is chosen yet. */
  readonly selected: number;
  readonly from: number;
  readonly to: number;
  readonly before: Line;
  readonly signature: string | null;
}

/** Rows the menu takes at most. */
export const MENU_ROWS = 6;

/** Tab: insert the only completion, or as much as all share, and offer the rest. */
export function openMenu(state: State, completion: Completion): State {
  const { items, from, to } = completion;
  const [only] = items;
  if (only === undefined) return { ...state, hint: completion.signature === null ? "nothing to complete here" : null };
  if (items.length === 1) return { ...state, line: put(state.line, from, to, withBlank(only, state.line.text, to)), walk: null, hint: null };
  // What stands behind the caret goes when one is chosen, not before.
  const { text, caret } = state.line;
  const typed = text.slice(from, Math.min(caret, to));
  const shared = sharedStart(items.map((item) => item.text));
  const before = shared.length > typed.length && shared.startsWith(typed) ? put(state.line, from, from + typed.length, shared) : state.line;
  return { ...state, line: before, walk: null, hint: null, menu: { items, selected: -1, from, to: to + before.text.length - text.length, before, signature: completion.signature } };
}

/** Move the choice and show it in the line. */
export function stepMenu(state: State, step: 1 | -1): State {
  const { menu } = state;
  if (menu === null) return state;
  const count = menu.items.length;
  const selected = menu.selected < 0 ? (step === 1 ? 0 : count - 1) : (menu.selected + step + count) % count;
  const item = menu.items[selected];
  if (item === undefined) return state;
  return { ...state, line: put(menu.before, menu.from, menu.to, item.text), menu: { ...menu, selected } };
}

/** Enter: keep the choice. */
export function accept(state: State): State {
  const { menu } = state;
  const item = menu?.items[menu.selected];
  if (menu === null || item === undefined) return { ...state, menu: null };
  return { ...state, line: put(menu.before, menu.from, menu.to, withBlank(item, menu.before.text, menu.to)), menu: null };
}

/** Esc: back to what was typed. */
export function closeMenu(state: State): State {
  return state.menu === null ? state : { ...state, line: state.menu.before, menu: null };
}

function put(line: Line, from: number, to: number, text: string): Line {
  return edit(line, { do: "replace", from, to, text });
}

function withBlank(item: CompletionItem, text: string, to: number): string {
  const closed = item.kind === "file" || item.kind === "function" || /[\s(]$/.test(item.text);
  return closed || to < text.length ? item.text : `${item.text} `;
}

function sharedStart(texts: readonly string[]): string {
  const [first = "", ...rest] = texts;
  let length = first.length;
  for (const text of rest) while (!text.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
