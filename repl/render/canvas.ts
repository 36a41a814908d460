/** Without this file points and lines could not be seen in a terminal. */
import type { Mark } from "./chart.ts";
import { columns, fitted, padStart } from "./fit.ts";
import { shortNumber } from "./number.ts";
import { styled, type RenderOptions } from "./options.ts";
import { seriesLegend, seriesOf, styleOfSeries } from "./series.ts";

const ROWS = 14;
const GLYPHS = ["●", "○", "▲", "△", "■", "□"];
const LETTERS = ["o", "x", "+", "*", "#", "@"];
/** Bits of the eight dots of a braille cell, by column and row (Unicode 10.1, block 2800). */
const DOTS = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]] as const;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly series: number;
}

/** Points, or the lines between them, on axes: braille dots for one series, a glyph of its own for each of several. */
export function renderCanvas(marks: readonly Mark[], joined: boolean, options: RenderOptions): string[] {
  const names = seriesOf(marks);
  const numeric = marks.every(({ across }) => across !== null);
  const places = numeric ? null : [...new Set(marks.map(({ x }) => x))];
  const points = marks.flatMap((mark): Point[] => (mark.upward === null ? [] : [{ x: places === null ? mark.across! : places.indexOf(mark.x), y: mark.upward, series: names.indexOf(mark.series) }]));
  if (points.length === 0) return ["no values"];
  const [left, right] = bounds(points.map(({ x }) => x));
  const [bottom, top] = bounds(points.map(({ y }) => y));
  const labels = [top, (top + bottom) / 2, bottom].map((value) => shortNumber(value, options.precision));
  const gutter = Math.max(...labels.map(columns));
  const width = Math.max(8, options.width - gutter - 3);
  const dense = names.length < 2 && options.ascii !== true;
  const [fineX, fineY] = dense ? [2, 4] : [1, 1];
  const place = ({ x, y, series }: Point): Point => ({
    x: Math.round(((x - left) / (right - left || 1)) * (width * fineX - 1)),
    y: Math.round(((top - y) / (top - bottom || 1)) * (ROWS * fineY - 1)),
    series,
  });
  const drawn = joined ? names.flatMap((_, series) => segments(points.filter((point) => point.series === series).sort((a, b) => a.x - b.x).map(place))) : points.map(place);
  const glyphs = options.ascii === true ? LETTERS : GLYPHS;
  const rows = dense ? braille(drawn, width, options) : cells(drawn, width, glyphs, options);
  const bar = options.ascii === true ? "|" : "│";
  const [corner, line] = options.ascii === true ? ["+", "-"] : ["└", "─"];
  const ends = (places === null ? [shortNumber(left, options.precision), shortNumber(right, options.precision)] : [places[0]!, places.at(-1)!]).map((end) => fitted(end, Math.floor((width - 1) / 2), options.ascii));
  const gap = Math.max(1, width - columns(ends[0]!) - columns(ends[1]!));
  return [
    ...seriesLegend(names, glyphs, options),
    ...rows.map((row, at) => `${padStart(at === 0 ? labels[0]! : at === ROWS >> 1 ? labels[1]! : at === ROWS - 1 ? labels[2]! : "", gutter)} ${styled("dim", bar, options)}${row}`),
    `${" ".repeat(gutter)} ${styled("dim", corner + line.repeat(width), options)}`,
    `${" ".repeat(gutter + 2)}${ends[0]!}${" ".repeat(gap)}${ends[1]!}`,
  ];
}

function bounds(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

/** Every dot on the straight lines from point to point. */
function segments(points: readonly Point[]): Point[] {
  if (points.length === 1) return [...points];
  return points.slice(1).flatMap((to, i) => {
    const from = points[i]!;
    const steps = Math.max(1, Math.abs(to.x - from.x), Math.abs(to.y - from.y));
    return Array.from({ length: steps + 1 }, (_, at) => ({ x: Math.round(from.x + ((to.x - from.x) * at) / steps), y: Math.round(from.y + ((to.y - from.y) * at) / steps), series: to.series }));
  });
}

function braille(points: readonly Point[], width: number, options: RenderOptions): string[] {
  const grid = Array.from({ length: ROWS }, () => new Uint8Array(width));
  for (const { x, y } of points) grid[y >> 2]![x >> 1]! |= DOTS[(x & 1) as 0 | 1][(y & 3) as 0 | 1 | 2 | 3];
  return grid.map((row) => styled("first", Array.from(row, (bits) => (bits === 0 ? " " : String.fromCodePoint(0x2800 + bits))).join("").trimEnd(), options));
}

/** One sign to a cell: the series', or one that says that several meet. */
function cells(points: readonly Point[], width: number, glyphs: readonly string[], options: RenderOptions): string[] {
  const grid = Array.from({ length: ROWS }, () => new Array<number | null>(width).fill(null));
  for (const { x, y, series } of points) {
    const known = grid[y]![x]!;
    grid[y]![x] = known === null || known === series ? series : -1;
  }
  const both = options.ascii === true ? "%" : "◆";
  return grid.map((row) => row.map((series) => (series === null ? " " : series < 0 ? both : styled(styleOfSeries(series), glyphs[series % glyphs.length]!, options))).join(""));
}
