/** Without this file counts and differences would be columns of figures whose sizes nobody sees. */
import type { Mark } from "./chart.ts";
import { columns, fitted, padStart } from "./fit.ts";
import { shortNumber } from "./number.ts";
import { styled, type RenderOptions } from "./options.ts";
import { seriesLegend, seriesOf, styleOfSeries } from "./series.ts";

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const BLOCKS = ["█", "░", "▓", "▒"];
const LETTERS = ["#", "o", "=", "+"];
const MOST = 40;

/** One bar to a line, from zero to the right, below zero to the left of it; the value stands behind. */
export function renderBars(marks: readonly Mark[], options: RenderOptions): string[] {
  const shown = marks.slice(0, MOST);
  const names = seriesOf(marks);
  const glyphs = options.ascii === true ? LETTERS : BLOCKS;
  const values = shown.map(({ upward }) => upward);
  const texts = values.map((value) => (value === null ? "null" : shortNumber(value, options.precision)));
  const label = Math.min(Math.floor(options.width / 3), Math.max(...shown.map(({ x }) => columns(x))));
  const room = Math.max(8, options.width - label - 3 - Math.max(...texts.map(columns)) - 1);
  const high = Math.max(0, ...values.map((value) => value ?? 0));
  const low = Math.min(0, ...values.map((value) => value ?? 0));
  const span = high - low || 1;
  const left = Math.round((room * -low) / span);
  const axis = options.ascii === true ? "|" : "│";
  const rows = shown.map((mark, at) => {
    const series = names.indexOf(mark.series);
    const glyph = glyphs[series % glyphs.length]!;
    const value = values[at] ?? 0;
    const size = (Math.abs(value) * room) / span;
    const whole = value !== 0 && Math.round(size) === 0 ? 1 : Math.round(size);
    // Eighths would hide which series a bar is of, and there are none that grow to the left.
    const fine = value > 0 && names.length < 2 && options.ascii !== true;
    const bar = fine ? glyph.repeat(Math.floor(size)) + (EIGHTHS[Math.floor((size % 1) * 8)] || (size < 1 ? EIGHTHS[1]! : "")) : glyph.repeat(whole);
    const painted = styled(styleOfSeries(series), bar, options);
    const name = padStart(fitted(mark.x, label, options.ascii), label);
    return value < 0
      ? `${name} ${" ".repeat(Math.max(0, left - whole))}${painted}${styled("dim", axis, options)} ${texts[at]!}`
      : `${name} ${" ".repeat(left)}${styled("dim", axis, options)}${painted} ${texts[at]!}`;
  });
  const more = marks.length - shown.length;
  return [...seriesLegend(names, glyphs, options), ...rows, ...(more > 0 ? [fitted(`${options.ascii === true ? "..." : "…"} ${more} more bars; save "bars.svg" draws all`, options.width, options.ascii)] : [])];
}
