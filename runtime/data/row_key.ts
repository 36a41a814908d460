/** Without this file `distinct`, `join`, `group` and `count by` could disagree on which values are the same. */
import type { Turns } from "../turns.ts";
import type { Column } from "./frame.ts";
import { LargeMap } from "./large.ts";
import { requireRoom, ROWS_A_LOOK } from "./room.ts";
import { cellAt } from "./table.ts";

/**
 * A text for each row that is equal exactly where the values of all columns are: null equals null, 1 equals 1.0, 0 equals -0,
 * not-a-number equals null. Columns that are compared with each other must be of one kind (numbers, text, true/false).
 */
export function rowKey(columns: readonly Column[]): (row: number) => string {
  const [only, ...more] = columns;
  if (only === undefined) return () => "";
  if (more.length === 0) return (row) => one(only, row);
  return (row) => columns.map((column) => one(column, row)).join(",");
}

function one(column: Column, row: number): string {
  const cell = cellAt(column, row);
  if (typeof cell === "string") return JSON.stringify(cell);
  return cell === null || Number.isNaN(cell) ? "null" : String(cell);
}

/** Rows by key, keys in order of first appearance. */
export async function rowsByKey(columns: readonly Column[], rows: number, turns: Turns): Promise<LargeMap<string, readonly number[]>> {
  const key = rowKey(columns);
  const found = new LargeMap<string, number[]>();
  for (let row = 0; row < rows; row++) {
    if (turns.due()) await turns.pass();
    const text = key(row);
    const same = found.get(text);
    if (same === undefined) found.set(text, [row]);
    else same.push(row);
    if (row % ROWS_A_LOOK === 0) requireRoom(() => `the different values of ${columns.map(({ name }) => name).join(", ")}`);
  }
  return found;
}
