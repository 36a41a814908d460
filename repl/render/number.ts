/** Without this file one column could show the same figure in three ways. */
import type { Column } from "../../runtime/data/frame.ts";
import { cellAt } from "../../runtime/data/table.ts";

/** A float with so many significant digits; digits before the point are never rounded away, trailing zeros are left out. */
export function shortNumber(value: number, precision = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (size >= 1e15 || (size !== 0 && size < 1e-4)) return value.toExponential(Math.max(0, precision - 1)).replace(/\.?0+e/, "e");
  if (size >= 10 ** (precision - 1)) return String(Math.round(value));
  return String(Number(value.toPrecision(precision)));
}

/** A cell for people: ints in full and without grouping, floats short, null as `null`; text is not yet made safe. */
export function cellText(column: Column, row: number, precision?: number): string {
  const cell = cellAt(column, row);
  if (cell === null) return "null";
  if (typeof cell === "number") return column.type === "int" ? String(cell) : shortNumber(cell, precision);
  return String(cell);
}
