/** Without this file every view would guess for itself how wide, colourful and capable the terminal is. */
import { styleText } from "node:util";

/** How to write for the people at one stream. */
export interface Look {
  readonly color: boolean;
  readonly width: number;
  /** Rows of the window, where there is one. */
  readonly height?: number;
  readonly ascii: boolean;
  readonly tty: boolean;
}

/** What the command line says about looks. */
export interface LookFlags {
  readonly color: "auto" | "always" | "never";
  readonly ascii: boolean;
}

/** The part of a stream that decides looks. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The looks of one stream. A flag beats NO_COLOR, which beats FORCE_COLOR, which beats the terminal. */
export function look(stream: Screen, env: Env, flags: LookFlags): Look {
  const tty = stream.isTTY === true;
  const columns = stream.columns ?? Number.parseInt(env["COLUMNS"] ?? "", 10);
  return {
    color: wantsColor(tty, env, flags.color),
    width: Number.isFinite(columns) && columns > 0 ? columns : tty ? 80 : 100,
    ...(tty && stream.rows !== undefined && stream.rows > 0 ? { height: stream.rows } : {}),
    ascii: flags.ascii || env["TERM"] === "dumb" || !utf8(env),
    tty,
  };
}

/** Whether in-place updates would disturb: a screen reader, a dumb terminal, or the wish for plain text. */
export function wantsPlain(env: Env): boolean {
  const set = (name: string): boolean => !["", "0", "false", undefined].includes(env[name]);
  return env["TERM"] === "dumb" || set("ACCESSIBLE") || set("INK_SCREEN_READER");
}

/** Whether the terminal says where a paste begins and ends. Consoles without a window system do not, nor do terminals older than that. */
export function marksPastes(env: Env, platform: string = process.platform): boolean {
  if (platform === "win32") return (env["WT_SESSION"] ?? "") !== "" || (env["TERM_PROGRAM"] ?? "") !== "";
  return !/^(linux|ansi|cons25|vt\d+|xterm-old)$/.test(env["TERM"] ?? "");
}

/** Names of the styles used anywhere, so that a theme has one place. */
export type Style = "keyword" | "word" | "string" | "number" | "operator" | "comment" | "faint" | "error" | "warning" | "good" | "accent" | "selected" | "strong" | "wrong";

type Styles = Readonly<Record<Style, Parameters<typeof styleText>[0]>>;

export const themes = ["dark", "light"] as const;
export type Theme = (typeof themes)[number];

const dark: Styles = {
  keyword: "magenta",
  word: "reset",
  string: "green",
  number: "cyan",
  operator: "blue",
  comment: "dim",
  faint: "dim",
  error: ["bold", "red"],
  warning: "yellow",
  good: "green",
  accent: "cyan",
  selected: "inverse",
  strong: "bold",
  wrong: ["underline", "red"],
};

/** Cyan, yellow and light green cannot be read on white: blue and magenta take their places. */
const light: Styles = { ...dark, string: "blue", number: "magenta", accent: "blue", warning: "magenta", good: "blue" };

// One process speaks to one terminal, and every view paints: the theme is the terminal's, not a value's.
let theme: Theme = "dark";

/** Paint for this background from now on. */
export function setTheme(chosen: Theme): void {
  theme = chosen;
}

export function currentTheme(): Theme {
  return theme;
}

/** The background that the terminal says it has (COLORFGBG, as rxvt, Konsole and others set it); dark where it says nothing. */
export function themeOf(env: Env): Theme {
  const background = Number(/;(\d+)$/.exec(env["COLORFGBG"] ?? "")?.[1] ?? "0");
  return background === 7 || background >= 9 ? "light" : "dark";
}

/** `text` in a style where colour is wanted, else as it is. */
export function paint(style: Style, text: string, color: boolean): string {
  if (!color || text === "" || style === "word") return text;
  return styleText((theme === "light" ? light : dark)[style], text, { validateStream: false });
}

function wantsColor(tty: boolean, env: Env, flag: LookFlags["color"]): boolean {
  if (flag !== "auto") return flag === "always";
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  if (env["FORCE_COLOR"] !== undefined) return env["FORCE_COLOR"] !== "0" && env["FORCE_COLOR"] !== "false";
  return tty && env["TERM"] !== "dumb";
}

function utf8(env: Env): boolean {
  if (process.platform === "win32") return true;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  // No locale at all is a container or a service, nearly always with a UTF-8 terminal in front.
  return locale === "" || /utf-?8/i.test(locale);
}
