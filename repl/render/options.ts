/** Without this file every view would ask the terminal for itself what it can show. */
import { styleText } from "node:util";
import { currentTheme } from "../terminal.ts";

export interface RenderOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly color: boolean;
  /** The width is a window's, which breaks longer lines anywhere: texts are broken at words, and go on under what they belong to. */
  readonly window?: boolean;
  /** Only ASCII for lines, bars and marks; data stays as it is. */
  readonly ascii?: boolean;
  /** Rows shown of a longer table, half of them from its end; default 20. */
  readonly rows?: number | null;
  /** Significant digits of floats; default 4. */
  readonly precision?: number;
  /** All columns and whole cells, however long the lines get. */
  readonly wide?: boolean;
  /** To be read aloud: no rules and no drawings, but sentences and lists. */
  readonly spoken?: boolean;
}

/** Below this width plots are lists. */
export const NARROW = 40;
/** Below this width nothing stands side by side: tables that do not fit are records. */
export const SLIM = 60;

export type Style = "head" | "dim" | "first" | "second" | "both";
const DARK = { head: "bold", dim: "dim", first: "cyan", second: "yellow", both: "green" } as const;
const LIGHT = { ...DARK, first: "blue", second: "magenta", both: "black" } as const;

/** Styled where `color` is set, by the caller's word alone: no stream or environment is asked. */
export function styled(style: Style, text: string, options: RenderOptions): string {
  return options.color && text !== "" ? styleText((currentTheme() === "light" ? LIGHT : DARK)[style], text, { validateStream: false }) : text;
}
