/** Without this file completions would be inserted unseen: the menu below the prompt, at most six rows and the usage line. */
import { visible } from "../../grammar/visible.ts";
import { cells, clip } from "../graphemes.ts";
import { MENU_ROWS, type Menu } from "../menu.ts";
import { paint, type Look } from "../terminal.ts";

/** The rows of the menu, around the choice. */
export function menuRows(menu: Menu, look: Look, limit: number): readonly string[] {
  const count = Math.max(0, Math.min(MENU_ROWS, limit, menu.items.length));
  if (count === 0) return [];
  const more = look.ascii ? "~" : "…";
  const start = Math.min(Math.max(0, menu.selected - count + 1), menu.items.length - count);
  const shown = menu.items.slice(start, start + count);
  const column = Math.min(Math.max(...shown.map((item) => cells(visible(item.text)))), Math.floor(look.width / 2));
  return shown.map((item, i) => {
    const name = clip(visible(item.text), column, more);
    const mark = start + i === menu.selected ? (look.ascii ? "> " : "▸ ") : "  ";
    const rest = i === count - 1 && menu.items.length > count ? `  ${start + count}/${menu.items.length}` : "";
    const detail = clip(visible(item.detail), Math.max(0, look.width - column - cells(rest) - 5), more);
    const label = `${mark}${name}${" ".repeat(column - cells(name))}`;
    const painted = start + i === menu.selected ? paint("selected", label, look.color) : label;
    return `${painted}  ${paint("faint", detail + rest, look.color)}`;
  });
}

/** The usage line of the stage at the caret. */
export function signatureRow(signature: string | null, look: Look): readonly string[] {
  if (signature === null || look.width < 24) return [];
  return [paint("faint", clip(`  ${visible(signature)}`, look.width - 1, look.ascii ? "~" : "…"), look.color)];
}
