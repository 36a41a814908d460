/** Without this file nothing would guarantee that all views together stay shorter than the terminal. */
import { visible } from "../../grammar/visible.ts";
import { sayFinding } from "../findings.ts";
import { cells, clip } from "../graphemes.ts";
import type { Search } from "../search.ts";
import { suggestion, type State } from "../state.ts";
import { paint, type Look } from "../terminal.ts";
import { LONG, type Part } from "./layout.ts";
import { menuRows, signatureRow } from "./menu.ts";
import { promptLayout } from "./prompt.ts";
import { searchRows } from "./search.ts";
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
  const limit = Math.max(1, height - 1);
  const status = statusRows(state, look).slice(0, Math.max(0, limit - 1));
  if (state.search !== null) return searchScreen(state, state.search, status, look, limit);
  const most = state.menu === null ? limit - status.length : Math.max(1, Math.ceil((limit - status.length) / 2));
  const prompt = promptLayout(parts, caret, suggestion(state), look, most, state.fold === null ? unseenLines(state.line.text, parts) : 0);
  const room = limit - status.length - prompt.rows.length;
  const wrong = findingRows(state, look).slice(0, room);
  const usage = signatureRow(state.menu?.signature ?? signature, look).slice(0, room - wrong.length);
  const menu = state.menu === null ? [] : menuRows(state.menu, look, room - usage.length);
  const hint = hintRows(state.hint, look).slice(0, Math.max(0, room - wrong.length - usage.length - menu.length));
  return { status, prompt: prompt.rows, below: [...wrong, ...usage, ...menu, ...hint], caret: { x: prompt.caret.x, y: status.length + prompt.caret.y } };
}

/** Lines of the text that `parts` do not hold. */
function unseenLines(text: string, parts: readonly Part[]): number {
  const lines = (one: string): number => one.split("\n").length;
  return text.length <= LONG ? 0 : lines(text) - lines(parts.map((part) => part.text).join(""));
}

function searchScreen(state: State, search: Search, status: readonly string[], look: Look, limit: number): Screen {
  const { query, below } = searchRows(state, search, look, Math.max(0, limit - status.length - 1));
  return { status, prompt: [query], below, caret: { x: Math.min(cells(query), look.width - 2), y: status.length } };
}

/** What is wrong with the text as it stands, in one row. */
function findingRows(state: State, look: Look): readonly string[] {
  const { findings } = state;
  if (findings === null || findings.text !== state.line.text || state.menu !== null) return [];
  const more = look.ascii ? "~" : "…";
  return [paint("error", clip(`  ${look.ascii ? "x" : "✗"} ${visible(sayFinding(findings))}`, look.width - 1, more), look.color)];
}
