/** Without this file Ctrl-R would show one match and hide how many more there are. */
import { visible } from "../../grammar/visible.ts";
import { clip } from "../graphemes.ts";
import { MENU_ROWS } from "../menu.ts";
import { found, type Search } from "../search.ts";
import type { State } from "../state.ts";
import { paint, type Look } from "../terminal.ts";

/** The query, the matches around the chosen one, all lines of that one, and what the keys do, in at most `limit` rows below the query. */
export function searchRows(state: State, search: Search, look: Look, limit: number): { readonly query: string; readonly below: readonly string[] } {
  const more = look.ascii ? "~" : "…";
  const width = look.width - 1;
  const matches = found(state);
  const keys = paint("faint", clip(`  ${matches.length === 0 ? 0 : search.index + 1}/${matches.length}  Ctrl-R older  Enter takes  Esc leaves`, width, more), look.color);
  const query = clip(`history: ${visible(search.query)}`, look.width - 2, more);
  if (matches.length === 0) return { query, below: [clip("  no match", width, more), keys].slice(0, limit) };
  const [, ...lines] = (matches[search.index] ?? "").split("\n");
  const room = Math.max(1, limit - 1);
  const previewed = lines.slice(0, Math.max(0, Math.min(4, room - 1)));
  const listed = Math.max(1, Math.min(MENU_ROWS, room - previewed.length, matches.length));
  const start = Math.min(Math.max(0, search.index - listed + 1), matches.length - listed);
  const rows = matches.slice(start, start + listed).flatMap((match, i) => {
    const chosen = start + i === search.index;
    const [first = "", ...rest] = match.split("\n");
    const text = clip(`${chosen ? (look.ascii ? "> " : "▸ ") : "  "}${visible(first)}${!chosen && rest.length > 0 ? ` ${more}` : ""}`, width, more);
    return [chosen ? paint("strong", text, look.color) : paint("faint", text, look.color), ...(chosen ? previewed.map((line) => clip(`    ${visible(line)}`, width, more)) : [])];
  });
  return { query, below: [...rows, keys].slice(0, limit) };
}
