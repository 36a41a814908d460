/** Without this file rows could be drawn only by saving a picture and opening it elsewhere. */
import type { Chart, Column } from "../../runtime/data/frame.ts";
import { cellAt } from "../../runtime/data/table.ts";
import { renderBars } from "./bars.ts";
import { renderCanvas } from "./canvas.ts";
import { columns, fitted } from "./fit.ts";
import { renderHeat } from "./heat.ts";
import { cellText } from "./number.ts";
import { NARROW, styled, type RenderOptions } from "./options.ts";

/** What is drawn of one row; numbers are null where the column holds none. */
export interface Mark {
  readonly x: string;
  readonly y: string;
  readonly across: number | null;
  readonly upward: number | null;
  /** The series, or "" where there is only one. */
  readonly series: string;
  readonly shade: number | null;
}

/** A chart as lines without a final line end: title, drawing, axes and what was left out. Under 40 columns: a list. */
export function renderChart(chart: Chart, options: RenderOptions): string {
  const marks = marksOf(chart, options);
  const title = chart.title === "" ? `${chart.y} by ${chart.x}` : chart.title;
  const lines = [styled("head", fitted(title, options.width, options.ascii), options)];
  if (marks.length === 0) return [...lines, styled("dim", "no rows", options)].join("\n");
  if (options.width < NARROW || options.spoken === true) lines.push(...asList(chart, marks, options));
  else if (chart.mark === "bars") lines.push(...renderBars(marks, options));
  else if (chart.mark === "heat") lines.push(...renderHeat(marks, options));
  else lines.push(...renderCanvas(marks, chart.mark === "line", options));
  const missing = marks.filter((mark) => (chart.mark === "heat" ? mark.shade === null : mark.upward === null || (chart.mark === "scatter" && mark.across === null))).length;
  const foot = `x: ${chart.x}; y: ${chart.y}${chart.color === null ? "" : `; ${chart.mark === "heat" ? "shade" : "series"}: ${chart.color}`}; ${marks.length} rows${missing === 0 ? "" : `, ${missing} without a value`}`;
  return [...lines, styled("dim", fitted(foot, options.width, options.ascii), options)].map((line) => line.trimEnd()).join("\n");
}

function marksOf({ table, x, y, color, mark }: Chart, options: RenderOptions): readonly Mark[] {
  const find = (name: string | null): Column | undefined => table.columns.find((column) => column.name === name);
  const [across, upward, shade] = [find(x), find(y), find(color)];
  // Names are cut once, here: no drawing needs more of one, and all of them can be shown.
  const text = (column: Column | undefined, row: number): string => (column === undefined ? "" : fitted(cellText(column, row, options.precision), options.width, options.ascii));
  const number = (column: Column | undefined, row: number): number | null => {
    const cell = column === undefined ? null : cellAt(column, row);
    return typeof cell === "number" && Number.isFinite(cell) ? cell : null;
  };
  return Array.from({ length: table.rows }, (_, row) => ({
    x: text(across, row),
    y: text(upward, row),
    across: number(across, row),
    upward: number(upward, row),
    series: mark === "heat" ? "" : text(shade, row),
    shade: number(shade, row),
  }));
}

/** Rows shown where there is no room to draw. */
const LISTED = 20;

function asList({ mark }: Chart, marks: readonly Mark[], options: RenderOptions): string[] {
  const names = Math.min(Math.floor(options.width / 2), Math.max(...marks.map((each) => columns(each.x))));
  const rows = marks.slice(0, LISTED).map((each) => {
    const value = mark === "heat" ? `${each.y}  ${each.shade ?? "null"}` : each.y;
    return fitted(`${fitted(each.x, names, options.ascii).padEnd(names)}  ${value}${each.series === "" ? "" : `  ${each.series}`}`, options.width, options.ascii);
  });
  return marks.length > LISTED ? [...rows, `${options.ascii === true ? "..." : "…"} ${marks.length - LISTED} more`] : rows;
}
