/** Without this file rows that were drawn in the terminal could not be drawn on paper. */
import type { TopLevelSpec } from "vega-lite";
import { visible } from "../../grammar/visible.ts";
import type { Chart, Column } from "../data/frame.ts";
import { cellAt } from "../data/table.ts";
import { COLOURS, CONFIG } from "./spec.ts";

const MARKS = {
  bars: { type: "bar" },
  line: { type: "line", point: true, strokeWidth: 1.9 },
  scatter: { type: "point", filled: true, size: 36, opacity: 0.75 },
  heat: { type: "rect" },
} as const;

/**
 * Chart → Vega-Lite: one mark per row in the order of the rows; data and literal text only, no expressions, and fields under names of our own.
 * What a mark says of itself is a field too: Vega-Lite would write it as an expression made of titles, and leave their backslashes as they are.
 */
export function chartSpec(chart: Chart): TopLevelSpec {
  const { mark, table, x, y, color } = chart;
  const find = (name: string | null): Column | undefined => table.columns.find((column) => column.name === name);
  const [across, upward, shade] = [find(x), find(y), find(color)];
  const values = Array.from({ length: table.rows }, (_, row) => {
    const told = [across, upward, shade].flatMap((column) => (column === undefined ? [] : [`${visible(column.name)}: ${String(datum(column, row) ?? "null")}`]));
    return { x: datum(across, row), y: datum(upward, row), c: datum(shade, row), told: told.join(", ") };
  });
  const discrete = mark === "bars" || mark === "heat";
  const place = (column: Column | undefined, field: "x" | "y", named: boolean) => ({
    field,
    type: !named && isNumber(column) ? ("quantitative" as const) : ("ordinal" as const),
    title: visible(column?.name ?? ""),
    // Rows stand in their order, not in that of the alphabet; numbers that name cells are sorted.
    sort: named && isNumber(column) ? ("ascending" as const) : null,
    // Bars grow from zero; points and lines use the room they have.
    ...(named || mark === "bars" ? {} : { scale: { zero: false } }),
  });
  const names = [...new Set(values.map(({ c }) => String(c)))];
  const colour =
    shade === undefined
      ? { value: COLOURS[0]! }
      : mark === "heat"
        ? { field: "c", type: "quantitative" as const, title: visible(shade.name), scale: { scheme: "blues" as const } }
        : { field: "c", type: "nominal" as const, title: visible(shade.name), sort: null, scale: { domain: names, range: names.map((_, at) => COLOURS[at % COLOURS.length]!) } };
  const title = chart.title === "" ? `${y} by ${x}` : chart.title;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 16,
    title: { text: visible(title), anchor: "start", fontSize: 15, offset: 12 },
    width: discrete ? { step: mark === "heat" ? 24 : shade === undefined ? 22 : 18 } : 560,
    height: mark === "heat" ? { step: 24 } : 300,
    data: { values },
    mark: MARKS[mark],
    encoding: {
      x: { ...place(across, "x", discrete), ...(mark === "bars" ? { sort: null } : {}) },
      y: place(upward, "y", mark === "heat"),
      color: colour,
      description: { field: "told", type: "nominal" as const },
      ...(mark === "bars" && shade !== undefined ? { xOffset: { field: "c", sort: null } } : {}),
      ...(mark === "scatter" && shade !== undefined ? { shape: { field: "c", type: "nominal" as const, sort: null, title: visible(shade.name) } } : {}),
      ...(mark === "line" && shade !== undefined ? { strokeDash: { field: "c", type: "nominal" as const, sort: null, title: visible(shade.name) } } : {}),
    },
    config: mark === "heat" ? { ...CONFIG, axis: { ...CONFIG.axis, grid: false } } : CONFIG,
  };
}

function isNumber(column: Column | undefined): boolean {
  return column?.type === "int" || column?.type === "float";
}

function datum(column: Column | undefined, row: number): string | number | null {
  const cell = column === undefined ? null : cellAt(column, row);
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : null;
  return cell === null ? null : visible(String(cell));
}
