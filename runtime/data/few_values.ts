/** Without this file completion could offer columns but never what is in them. */
import type { Table } from "./frame.ts";

/** A column with more values than this is no list to pick from. */
const FEW = 24;
/** Values of a long table are rarely first met behind this row, and completion must not cost a scan. */
const ROWS = 20_000;

/** The distinct values of each text column that has few, in the order they first appear. */
export function fewValues(table: Table): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = Object.create(null) as Record<string, readonly string[]>;
  for (const column of table.columns) {
    if (column.type !== "str") continue;
    const seen = new Set<string>();
    for (let row = 0; row < Math.min(table.rows, ROWS) && seen.size <= FEW; row++) if (column.valid === null || column.valid[row] === 1) seen.add(column.values[row]!);
    if (seen.size <= FEW) found[column.name] = [...seen];
  }
  return found;
}
