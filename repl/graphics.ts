/** Without this file plots could be looked at closely only by saving them and opening another program. */
import type { Chart, Plot } from "../runtime/data/frame.ts";
import type { Graphics } from "./commands/command.ts";
import { sixels } from "./sixel.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Pixels of a picture at most, across: more is scaled down by every terminal. */
const MOST_PIXELS = 1200;
/** Cells of a picture at most. */
const MOST_CELLS = 90;
/** Bytes of base64 in one piece, as kitty asks. */
const PIECE = 4096;

/** Why pictures are out of question here, whatever was asked for; null where they are not. */
export function refusal(env: Env): string | null {
  const multiplexed = (env["TMUX"] ?? "") !== "" || (env["STY"] ?? "") !== "" || /^(screen|tmux)/.test(env["TERM"] ?? "");
  return multiplexed ? "tmux and screen would show the picture's bytes as text" : null;
}

/** The way of a terminal that names itself; "off" where none is sure to take pictures. A wrong guess would fill the screen with base64. */
export function detectGraphics(env: Env): Graphics {
  if (refusal(env) !== null) return "off";
  const program = env["TERM_PROGRAM"] ?? "";
  const term = env["TERM"] ?? "";
  if ((env["KITTY_WINDOW_ID"] ?? "") !== "" || program === "ghostty" || term === "xterm-kitty") return "kitty";
  if (program === "iTerm.app" || program === "WezTerm") return "iterm";
  return term === "foot" || term === "mlterm" ? "sixel" : "off";
}

/** A plot as bytes that make a terminal draw it, ending in a line end. Throws where the rasteriser is not installed. `columns`: width of the window. */
export async function picture(plot: Plot | Chart, way: Exclude<Graphics, "off">, columns: number): Promise<string> {
  // Optional and native: a REPL without it draws with characters.
  const { Resvg } = await import("@resvg/resvg-js");
  const { renderSvg } = await import("../runtime/plot/vega.ts");
  const svg = await renderSvg(plot);
  const fit = way === "sixel" ? { mode: "width" as const, value: Math.min(MOST_PIXELS, columns * 8) } : { mode: "zoom" as const, value: 2 };
  const image = new Resvg(svg, { background: "white", fitTo: fit, font: { loadSystemFonts: true } }).render();
  const cells = Math.max(1, Math.min(MOST_CELLS, columns - 1, Math.ceil(image.width / 16)));
  switch (way) {
    case "kitty":
      return kitty(image.asPng(), cells);
    case "iterm":
      return iterm(image.asPng(), cells);
    case "sixel":
      return `${sixels(image.pixels, image.width, image.height)}\n`;
    default:
      return way satisfies never;
  }
}

/** A PNG by the kitty graphics protocol, `cells` wide; the terminal is asked not to answer, for its answer would be typed. */
export function kitty(png: Uint8Array, cells: number): string {
  const text = Buffer.from(png).toString("base64");
  const pieces = text.match(new RegExp(`.{1,${PIECE}}`, "g")) ?? [""];
  return `${pieces.map((piece, at) => `\x1b_G${at === 0 ? `a=T,f=100,q=2,c=${cells},` : ""}m=${at === pieces.length - 1 ? 0 : 1};${piece}\x1b\\`).join("")}\n`;
}

/** A PNG by iTerm2's inline images protocol, `cells` wide. */
export function iterm(png: Uint8Array, cells: number): string {
  return `\x1b]1337;File=inline=1;size=${png.byteLength};width=${cells};preserveAspectRatio=1:${Buffer.from(png).toString("base64")}\x07\n`;
}
