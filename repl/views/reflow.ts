/** Without this file a window made narrower would leave pieces of the old prompt above the new one. */
import { cells } from "../graphemes.ts";
import type { Screen } from "./screen.ts";

/** The live region as it was drawn: the width of each row in cells, and the caret in it. */
export interface Frame {
  readonly widths: readonly number[];
  readonly caret: { readonly x: number; readonly y: number };
}

/**
 * What a terminal does with rows that are too wide for a narrower window: break each and keep the caret at its character; cut them;
 * or what xterm.js does, which is VS Code's and JupyterLab's terminal: it leaves the caret's row as it is, and pushes the caret down by one row for each new one, even below it.
 */
export type Reflow = "breaks" | "cuts" | "xterm.js";

type Env = Readonly<Record<string, string | undefined>>;

/** Each is set by a terminal that breaks rows. */
const BREAKS = ["TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "WEZTERM_PANE", "ITERM_SESSION_ID", "GHOSTTY_RESOURCES_DIR", "KONSOLE_VERSION", "WT_SESSION"];

/** What this terminal does; one that gives no sign is taken for xterm.js, which mostly gives none. */
export function reflowOf(env: Env): Reflow {
  const set = (name: string): boolean => (env[name] ?? "") !== "";
  if (BREAKS.some(set) || env["TERM_PROGRAM"] === "Apple_Terminal") return "breaks";
  return set("XTERM_VERSION") || set("STY") || /^(linux|cons25|vt\d+)/.test(env["TERM"] ?? "") ? "cuts" : "xterm.js";
}

/** How many rows a terminal pushes the caret of a frame down, against the frame's first row, when its window gets `columns` wide. */
export function pushedDown({ widths, caret }: Frame, columns: number, reflow: Reflow): number {
  if (reflow === "cuts") return 0;
  const more = (rows: readonly number[]): number => rows.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)) - 1, 0);
  const above = more(widths.slice(0, caret.y));
  return above + (reflow === "breaks" ? Math.floor(caret.x / columns) : more(widths.slice(caret.y + 1)));
}

/** Keeps Ink's place in a window that gets narrower. */
export interface WidthWatch {
  /** What the next frame will show. */
  readonly laidOut: (view: Screen) => void;
  /** That frame is on screen. */
  readonly drawn: () => void;
  readonly stop: () => void;
}

/**
 * Each time the window of `stdout` gets narrower, move the caret as far up as the terminal has pushed it down, where `ours` says that the frame is on screen:
 * Ink, whose listener must come later, erases from as many rows above the caret as it once wrote.
 */
export function watchWidth(stdout: NodeJS.WriteStream, env: Env, ours: () => boolean): WidthWatch {
  const reflow = reflowOf(env);
  const none: Frame = { widths: [], caret: { x: 0, y: 0 } };
  let next = none;
  let seen = none;
  let columns = stdout.columns;
  const resized = (): void => {
    const pushed = stdout.columns < columns && ours() ? pushedDown(seen, stdout.columns, reflow) : 0;
    if (pushed > 0) stdout.write(`\x1b[${pushed}A`);
    columns = stdout.columns;
  };
  stdout.on("resize", resized);
  return {
    laidOut({ status, prompt, below, caret }) {
      next = { widths: [...status, ...prompt, ...below].map(cells), caret };
    },
    drawn() {
      // A frame laid out for a wider window is cut at the edge of this one.
      seen = { ...next, widths: next.widths.map((width) => Math.min(width, stdout.columns)) };
    },
    stop: () => void stdout.off("resize", resized),
  };
}
