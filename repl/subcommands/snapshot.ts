/** Without this file results could not be kept as text that differs only where the result does. */
import type { Column, Value } from "../../runtime/data/frame.ts";
import { toTable } from "../../runtime/data/to_table.ts";

/** Floats beyond this differ from processor to processor. */
const DIGITS = 6;
const MOST_DIFFERENCES = 5;

/** A value as CSV with floats at six significant digits; text and plots as they are. */
export function snapshotOf(value: Value): string {
  if (value.kind === "text") return `${value.text}\n`;
  const table = toTable(value);
  const rows = Array.from({ length: table.rows }, (_, row) => table.columns.map((column) => cell(column, row)).join(","));
  return `${[table.columns.map(({ name }) => quoted(name)).join(","), ...rows].join("\n")}\n`;
}

/** The first lines that differ, or null where none does. */
export function compareSnapshots(expected: string, found: string): string | null {
  const before = expected.replaceAll("\r\n", "\n").split("\n");
  const after = found.split("\n");
  const lines: string[] = [];
  let more = 0;
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    if (before[i] === after[i]) continue;
    if (lines.length < MOST_DIFFERENCES * 2) lines.push(`  line ${i + 1}: - ${before[i] ?? "(nothing)"}`, `  line ${i + 1}: + ${after[i] ?? "(nothing)"}`);
    else more++;
  }
  if (lines.length === 0) return null;
  return [...lines, ...(more > 0 ? [`  and ${more} more lines`] : [])].join("\n");
}

function cell(column: Column, row: number): string {
  if (column.valid !== null && column.valid[row] === 0) return "";
  const value = column.values[row]!;
  if (column.type === "float") return String(Number(Number(value).toPrecision(DIGITS)));
  if (column.type === "bool") return String(value === 1);
  return quoted(String(value));
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}
