/** Without this file a table could not be cut by the values of a column, nor groups be summed up and put together again. */
import type { ColumnSchema } from "../../src/ops/schema.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import { DataError } from "./error.ts";
import type { Turns } from "../turns.ts";
import type { OnUndefined } from "./evaluate.ts";
import { evaluateInTurns } from "./evaluate_in_turns.ts";
import type { Cell, Column, Groups, Table } from "./frame.ts";
import { rowsByKey } from "./row_key.ts";
import { labelColumns, withLabel, type GroupPart } from "./group_labels.ts";
import { cellAt, columnNamed, concatTables, createColumn, createTable } from "./table.ts";
import { takeRowsInTurns } from "./take_rows_in_turns.ts";

export const MOST_GROUPS = 65_536;

/** One group for each combination of values, in order of first appearance, named by the values. Throws `too-many-groups`. */
export async function groupRows(table: Table, names: readonly string[], turns: Turns): Promise<Groups<Table>> {
  const columns = names.map((name) => columnNamed(table, name));
  const groups = await rowsByKey(columns, table.rows, turns);
  refuseManyGroups(groups.size, names);
  const members: { readonly name: string; readonly value: Table; readonly keys: readonly Cell[] }[] = [];
  for (const rows of groups.values()) {
    const keys = columns.map((column) => cellAt(column, rows[0]!));
    members.push({ name: keys.map(nameOf).join(", "), value: await takeRowsInTurns(table, rows, turns), keys });
    if (turns.due()) await turns.pass();
  }
  return { kind: "groups", keys: columns.map(({ name, type }) => ({ name, type })), members };
}

/** Throws `too-many-groups`. */
export function refuseManyGroups(count: number, names: readonly string[]): void {
  if (count > MOST_GROUPS) throw new DataError({ code: "too-many-groups", message: `${names.join(", ")} has ${count} different values, and there can be ${MOST_GROUPS} groups at most`, help: `count by ${names.join(", ")}` });
}

/** A value as a group's name. Text that could be taken for something else stands in quotes, so that no two names are equal. */
function nameOf(cell: Cell): string {
  if (typeof cell !== "string") return String(cell);
  return /^$|^null$|^"|,|^\s|\s$/.test(cell) ? JSON.stringify(cell) : cell;
}

/** One row for each part: the columns that name it, then each expression, whose aggregates look at the whole part. */
export async function aggregateTable(parts: readonly GroupPart[], columns: readonly { readonly name: string; readonly value: Scalar }[], keys: readonly ColumnSchema[] | null, turns: Turns, onUndefined: OnUndefined): Promise<Table> {
  const row = createTable("", [], 1);
  const missing = new Map<string, number>();
  const note: OnUndefined = (operation, rows) => missing.set(operation, (missing.get(operation) ?? 0) + rows);
  const made: Column[] = [];
  for (const { name, value } of columns) {
    const cells: Cell[] = [];
    for (const { table } of parts) cells.push(cellAt(await evaluateInTurns(value, row, turns, [table], note), 0));
    made.push(createColumn(name, value.type === "null" ? "str" : value.type, cells));
  }
  for (const [operation, rows] of missing) onUndefined(operation, rows);
  return createTable("agg", [...labelColumns(parts, keys), ...made], parts.length);
}

/** The rows of all parts below one another, the columns that name the group first. `own` as in `withLabel`. */
export function ungroupTable(parts: readonly GroupPart[], names: readonly string[], keys: readonly ColumnSchema[] | null, own: boolean): Table {
  return concatTables(parts.map(({ table, ...label }) => withLabel(createTable(table.origin, names.map((each) => columnNamed(table, each)), table.rows), label, keys, own)));
}
