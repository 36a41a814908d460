/** Without this file nobody could count rows before they are on screen, and the live region could outgrow it. */
import { cells, nextStop } from "../graphemes.ts";
import { paint, type Style } from "../terminal.ts";
import { counted } from "../../runtime/counted.ts";

/** A stretch of text in one style. */
export interface Part {
  readonly text: string;
  readonly style: Style;
  /** A mistake: underlined where the terminal shows styles. */
  readonly wrong?: boolean;
}

/** Text broken into screen rows, and where the caret stands in them. */
export interface Layout {
  readonly rows: readonly string[];
  readonly caret: { readonly x: number; readonly y: number };
}

/** Break parts into rows of `width` cells, each behind `first` or `rest`; `caret` is an offset into the joined text. */
export function layOut(parts: readonly Part[], caret: number, edges: { readonly first: string; readonly rest: string; readonly width: number; readonly color: boolean }): Layout {
  const rows: string[] = [];
  const lead = cells(edges.first);
  // One cell stays free: a caret behind a full row would stand on the next one.
  const room = Math.max(4, edges.width - lead - 1);
  let row = edge(edges.first, edges.color);
  let used = 0;
  let offset = 0;
  let at = { x: lead, y: 0 };
  const feed = (): void => {
    rows.push(row);
    row = edge(edges.rest, edges.color);
    used = 0;
  };
  for (const part of parts) {
    let run = "";
    const flush = (): void => {
      row += part.wrong === true ? paint("wrong", run, edges.color) : paint(part.style, run, edges.color);
      run = "";
    };
    for (let i = 0; i < part.text.length; ) {
      const next = nextStop(part.text, i);
      const grapheme = part.text.slice(i, next);
      const width = grapheme === "\n" ? 0 : cells(grapheme);
      if (used + width > room) {
        flush();
        feed();
      }
      if (offset <= caret) at = { x: lead + used, y: rows.length };
      if (grapheme === "\n") {
        flush();
        feed();
      } else {
        run += grapheme;
        used += width;
      }
      offset += next - i;
      i = next;
    }
    flush();
  }
  if (offset <= caret) at = { x: lead + used, y: rows.length };
  rows.push(row);
  return { rows, caret: at };
}

/** Longer texts are laid out around the caret only: nobody sees more of them, and each key would take a second. */
export const LONG = 20_000;

/** The lines of a text around the caret, where it is long, and the caret in them. */
export function excerpt(text: string, caret: number): { readonly text: string; readonly caret: number } {
  if (text.length <= LONG) return { text, caret };
  const from = text.indexOf("\n", Math.max(0, caret - LONG / 2)) + 1;
  const start = from === 0 || from > caret ? Math.max(0, caret - LONG / 2) : from;
  return { text: text.slice(start, caret + LONG / 2), caret: caret - start };
}

/** At most `limit` rows around the caret, with a count of those left out; `unseen` lines were left out before. */
export function window(layout: Layout, limit: number, unseen: number, color: boolean, ascii: boolean): Layout {
  if (layout.rows.length <= limit) return layout;
  const room = Math.max(1, limit - 1);
  const start = Math.min(Math.max(0, layout.caret.y - room + 1), layout.rows.length - room);
  const hidden = layout.rows.length - room + unseen;
  const note = paint("faint", `${ascii ? "..." : "…"} ${counted(hidden, "more row")}`, color);
  return { rows: [...layout.rows.slice(start, start + room), ...(limit > 1 ? [note] : [])], caret: { x: layout.caret.x, y: layout.caret.y - start } };
}

function edge(text: string, color: boolean): string {
  return paint("accent", text, color);
}
