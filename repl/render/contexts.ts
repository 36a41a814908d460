/** Without this file windows of tokens would be three columns of text in which nobody sees what fires. */
import { styleText } from "node:util";
import { visible } from "../../grammar/visible.ts";
import type { ContextWindow } from "../../runtime/data/frame.ts";
import { currentTheme } from "../terminal.ts";
import { columns, fitted, padStart } from "./fit.ts";
import { shortNumber } from "./number.ts";
import { SLIM, styled, type RenderOptions } from "./options.ts";
import { counted } from "../../runtime/counted.ts";

/** Cells that a token takes with its marks, more or less. */
const USUAL_TOKEN = 8;

type Paint = Parameters<typeof styleText>[0];
/** From weak to strong; the weakest third of what is active is coloured, not filled. */
const DARK: readonly Paint[] = ["yellow", ["bold", "yellow"], ["black", "bgYellow"]];
const LIGHT: readonly Paint[] = ["magenta", ["bold", "magenta"], ["white", "bgMagenta"]];

/** Windows one to a line, the firing token in one column between marks, tokens coloured by activation; a title for each feature, with its layer where several were read, and what it is called. No line end after the last line. */
export function renderContexts(windows: readonly ContextWindow[], options: RenderOptions, layered = false): string {
  if (windows.length === 0) return styled("dim", "no token fires above the threshold", options);
  const most = options.rows ?? 20;
  const shown = windows.slice(0, most);
  const figures = shown.map(({ activation, row, position }) => [shortNumber(activation, options.precision), `${row}:${position}`] as const);
  const widths = [0, 1].map((at) => Math.max(...figures.map((pair) => columns(pair[at]!))));
  const peaks = new Map<string, number>();
  for (const each of windows) peaks.set(idOf(each), Math.max(peaks.get(idOf(each)) ?? 0, each.activation));
  const lines: string[] = [];
  shown.forEach((each, i) => {
    const before = shown[i - 1];
    if (before === undefined || idOf(before) !== idOf(each)) {
      const count = windows.filter((other) => idOf(other) === idOf(each)).length;
      lines.push(...(lines.length > 0 ? [""] : []), styled("head", fitted(`feature ${each.feature}${layered ? ` of layer ${each.layer}` : ""}${each.label === undefined ? "" : ` (${visible(each.label)})`}: ${counted(count, "window")}`, options.width, options.ascii), options));
    }
    const lead = `${padStart(figures[i]![0], widths[0]!)}  ${padStart(figures[i]![1], widths[1]!)}  `;
    const peak = peaks.get(idOf(each))!;
    if (options.width >= SLIM && options.spoken !== true) lines.push(`${styled("dim", lead, options)}${windowText(each, options.width - columns(lead), peak, true, options)}`);
    else lines.push(styled("dim", fitted(lead.trim(), options.width, options.ascii), options), `  ${windowText(each, Math.max(8, options.width - 2), peak, false, options)}`);
  });
  if (windows.length > shown.length) lines.push(styled("dim", `${options.ascii === true ? "..." : "…"} ${windows.length - shown.length} more windows`, options));
  return lines.map((line) => line.trimEnd()).join("\n");
}

const idOf = ({ layer, feature }: ContextWindow): string => `${layer}:${feature}`;

/** As much of a window as fits around its firing token; `aligned` puts that token in the middle of every line. */
function windowText(each: ContextWindow, room: number, peak: number, aligned: boolean, options: RenderOptions): string {
  const [open, close, more] = options.ascii === true ? ["[[", "]]", "~"] : ["«", "»", "…"];
  const firing = fitted(each.pieces[each.firing]!, Math.max(1, room - columns(open) - columns(close) - 4), options.ascii);
  const middle = `${open}${firing}${close}`;
  // The same for every line whose token leaves room for it, so that tokens begin in one column.
  const half = Math.max(1, Math.min(Math.floor((room - USUAL_TOKEN) / 2), room - columns(middle) - 2));
  const before = side(each, each.firing - 1, -1, half, more);
  const used = aligned ? half : before.width;
  const after = side(each, each.firing + 1, 1, Math.max(1, room - columns(middle) - used), more);
  const paint = (at: number, text: string): string => painted(text, (each.special?.[at] === true ? 0 : (each.activations[at] ?? 0)) / peak, options);
  const left = before.parts.map(([at, text]) => (at < 0 ? text : paint(at, text))).reverse().join("");
  const right = after.parts.map(([at, text]) => (at < 0 ? text : paint(at, text))).join("");
  return `${aligned ? " ".repeat(half - before.width) : ""}${left}${open}${paint(each.firing, firing)}${close}${right}`;
}

/** The tokens on one side that fit into `room`, from the middle outwards; place −1 is the sign that some are left out. */
function side({ pieces }: ContextWindow, from: number, step: 1 | -1, room: number, more: string): { readonly parts: readonly (readonly [number, string])[]; readonly width: number } {
  const parts: (readonly [number, string])[] = [];
  let width = 0;
  for (let at = from; at >= 0 && at < pieces.length; at += step) {
    const text = visible(pieces[at]!);
    const last = at + step < 0 || at + step >= pieces.length;
    if (width + columns(text) > room - (last ? 0 : columns(more))) return { parts: [...parts, [-1, more]], width: width + columns(more) };
    parts.push([at, text]);
    width += columns(text);
  }
  return { parts, width };
}

function painted(text: string, share: number, options: RenderOptions): string {
  if (!options.color || share <= 0 || text === "") return text;
  const ramp = currentTheme() === "light" ? LIGHT : DARK;
  return styleText(ramp[Math.min(ramp.length - 1, Math.floor(share * ramp.length))]!, text, { validateStream: false });
}
