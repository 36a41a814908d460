/** Without this file nothing would guarantee that all views together stay shorter than the terminal. */
import { visible } from "../../grammar/visible.ts";
import { clip } from "../graphemes.ts";
import { found, suggestion, type State } from "../state.ts";
import { paint, type Look } from "../terminal.ts";
import { LONG, type Part } from "./layout.ts";
import { menuRows, signatureRow } from "./menu.ts";
import { promptLayout } from "./prompt.ts";
import { hintRows, statusRows } from "./status.ts";

/** The live region, row by row, and the caret in it. */
export interface Screen {
  readonly status: readonly string[];
  readonly prompt: readonly string[];
  readonly below: readonly string[];
  readonly caret: { readonly x: number; readonly y: number };
}

/** Lay out everything below the printed results in fewer than `height` rows: what matters least goes first. `caret` is its offset in `parts`. */
export function screen(state: State, parts: readonly Part[], caret: number, signature: string | null, look: Look, height: number): Screen {
  const limit = Math.max(2, height - 1);
  const status = statusRows(state, look).slice(0, Math.max(0, limit - 1));
  if (state.search !== null) return searchScreen(state, state.search, status, look);
  const most = state.menu === null ? limit - status.length : Math.max(1, Math.ceil((limit - status.length) / 2));
  const prompt = promptLayout(parts, caret, suggestion(state), look, most, unseenLines(state.line.text, parts));
  const room = limit - status.length - prompt.rows.length;
  const usage = signatureRow(state.menu?.signature ?? signature, look).slice(0, room);
  const menu = state.menu === null ? [] : menuRows(state.menu, look, room - usage.length);
  const hint = hintRows(state.hint, look).slice(0, Math.max(0, room - usage.length - menu.length));
  return { status, prompt: prompt.rows, below: [...usage, ...menu, ...hint], caret: { x: prompt.caret.x, y: status.length + prompt.caret.y } };
}

/** Lines of the text that `parts` do not hold. */
function unseenLines(text: string, parts: readonly Part[]): number {
  const lines = (one: string): number => one.split("\n").length;
  return text.length <= LONG ? 0 : lines(text) - lines(parts.map((part) => part.text).join(""));
}

function searchScreen(state: State, search: { readonly query: string; readonly index: number }, status: readonly string[], look: Look): Screen {
  const more = look.ascii ? "~" : "…";
  const matches = found(state);
  const match = matches[search.index];
  const label = `history: ${visible(search.query)}`;
  const preview = match === undefined ? "no match" : visible(match);
  return {
    status,
    prompt: [clip(label, look.width - 2, more)],
    below: [
      clip(`  ${preview}`, look.width - 1, more),
      paint("faint", clip(`  ${match === undefined ? 0 : search.index + 1}/${matches.length}  Ctrl-R older  Enter takes  Esc leaves`, look.width - 1, more), look.color),
    ],
    caret: { x: Math.min(label.length, look.width - 2), y: status.length },
  };
}
