/** Without this file a matrix would be a table in which nobody sees a pattern. */
import type { Mark } from "./chart.ts";
import { columns, fitted, padEnd, padStart } from "./fit.ts";
import { shortNumber } from "./number.ts";
import { styled, type RenderOptions } from "./options.ts";

const SHADES = ["·", "░", "▒", "▓", "█"];
const LETTERS = [".", ":", "+", "*", "#"];
const MOST_ROWS = 40;

/** Cells shaded from the least to the greatest number; where two rows have the same place the later one is drawn, as in the SVG. */
export function renderHeat(marks: readonly Mark[], options: RenderOptions): string[] {
  const values = marks.flatMap(({ shade }) => (shade === null ? [] : [shade]));
  if (values.length === 0) return ["no values"];
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const across = ordered(marks.map(({ x, across: number }) => [x, number] as const));
  const upward = ordered(marks.map(({ y, upward: number }) => [y, number] as const));
  const rows = upward.slice(0, MOST_ROWS);
  const label = Math.min(Math.floor(options.width / 3), Math.max(...rows.map(columns)));
  const cell = Math.min(6, Math.floor((options.width - label - 1) / across.length));
  if (cell < 1) return [fitted(`${across.length} columns do not fit here; save "heat.svg" draws them`, options.width, options.ascii)];
  const shades = options.ascii === true ? LETTERS : SHADES;
  const shadeOf = (value: number): string => shades[Math.min(shades.length - 1, Math.floor(((value - low) / (high - low || 1)) * shades.length))]!;
  const found = new Map(marks.map((mark) => [`${mark.x}\u0000${mark.y}`, mark.shade]));
  const lines = rows.map((y) => {
    const cells = across.map((x) => {
      const value = found.get(`${x}\u0000${y}`);
      return (value === undefined || value === null ? " " : shadeOf(value)).repeat(cell);
    });
    return `${padStart(fitted(y, label, options.ascii), label)} ${styled("first", cells.join(""), options)}`;
  });
  const wide = across.length * cell;
  const last = fitted(across.at(-1)!, Math.max(1, Math.floor((wide - 1) / 2)), options.ascii);
  const ends = padEnd(fitted(across[0]!, Math.max(1, Math.floor((wide - 1) / 2)), options.ascii), Math.max(1, wide - columns(last)));
  const more = upward.length - rows.length;
  return [
    ...lines,
    ...(more > 0 ? [fitted(`${options.ascii === true ? "..." : "…"} ${more} more rows; save "heat.svg" draws all`, options.width, options.ascii)] : []),
    `${" ".repeat(label + 1)}${across.length === 1 ? fitted(across[0]!, options.width - label - 1, options.ascii) : `${ends}${last}`}`,
    `${" ".repeat(label + 1)}${shades[0]!} ${shortNumber(low, options.precision)} to ${shades.at(-1)!} ${shortNumber(high, options.precision)}`,
  ].map((line) => (columns(line) > options.width && !options.color ? fitted(line, options.width, options.ascii) : line));
}

/** Distinct names, numbers in their order, others as they first appear. */
function ordered(pairs: readonly (readonly [string, number | null])[]): readonly string[] {
  const known = new Map(pairs);
  const names = [...known.keys()];
  return [...known.values()].every((number) => number !== null) ? names.sort((a, b) => known.get(a)! - known.get(b)!) : names;
}
