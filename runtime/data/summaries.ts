/** Without this file nobody could ask how many rows there are of what, or what a column holds. */
import type { ColumnSchema } from "../../src/ops/schema.ts";
import type { Turns } from "../turns.ts";
import { evaluateInTurns } from "./evaluate_in_turns.ts";
import type { Cell, Column, Table } from "./frame.ts";
import { withLabel, type GroupPart } from "./group_labels.ts";
import { LargeSet } from "./large.ts";
import { requireRoom, ROWS_A_LOOK } from "./room.ts";
import { rowsByKey } from "./row_key.ts";
import { cellAt, columnNamed, concatTables, createColumn, createTable, takeRows, withoutPlaces } from "./table.ts";
import { written } from "./write.ts";

/** Rows per combination of values of `by`, in order of first appearance, nulls being a value: columns by…, count. Groups: first the columns that name them. */
export async function countRows(parts: readonly GroupPart[], keys: readonly ColumnSchema[] | null, by: readonly string[], turns: Turns): Promise<Table> {
  return perGroup(parts, keys, async (table) => {
    const counted = by.map((name) => columnNamed(table, name));
    const groups = [...(await rowsByKey(counted, table.rows, turns)).values()];
    const firsts = groups.map((rows) => rows[0]!);
    const counts = groups.map((rows) => rows.length);
    if (by.length === 0 && counts.length === 0) counts.push(0);
    const kept = takeRows({ ...withoutPlaces(table), columns: counted }, firsts);
    return createTable(table.origin, [...kept.columns, createColumn("count", "int", counts)], counts.length);
  });
}

/** One row per column: column, type, rows, nulls, distinct, min, mean, max; min and max as text, numbers as csv has them, null where a cell is not a number, mean null for text. Groups: first the columns that name them. */
export async function describeValue(parts: readonly GroupPart[], keys: readonly ColumnSchema[] | null, turns: Turns): Promise<Table> {
  return perGroup(parts, keys, async (table) => {
    const facts: Facts[] = [];
    for (const column of table.columns) facts.push(await describeColumn(column, table.rows, turns));
    const of = (name: string, type: "str" | "int" | "float", pick: (fact: Facts) => Cell): Column => createColumn(name, type, facts.map(pick));
    return createTable(
      table.origin,
      [
        of("column", "str", (fact) => fact.column),
        of("type", "str", (fact) => fact.type),
        of("rows", "int", (fact) => fact.rows),
        of("nulls", "int", (fact) => fact.nulls),
        of("distinct", "int", (fact) => fact.distinct),
        of("min", "str", (fact) => fact.min),
        of("mean", "float", (fact) => fact.mean),
        of("max", "str", (fact) => fact.max),
      ],
      facts.length,
    );
  });
}

interface Facts {
  readonly column: string;
  readonly type: string;
  readonly rows: number;
  readonly nulls: number;
  readonly distinct: number;
  readonly min: string | null;
  readonly mean: number | null;
  readonly max: string | null;
}

async function describeColumn(column: Column, rows: number, turns: Turns): Promise<Facts> {
  const distinct = new LargeSet<number | string>();
  let present = 0;
  let min: number | string | null = null;
  let max: number | string | null = null;
  for (let i = 0; i < rows; i++) {
    if (turns.due()) await turns.pass();
    if (column.valid !== null && column.valid[i] === 0) continue;
    const value = column.values[i]!;
    present++;
    distinct.add(value);
    if (present % ROWS_A_LOOK === 0) requireRoom(() => `the different values of ${column.name}`);
    // Like `min` and `max`: what is least or most beside a number that is none is none either, wherever it stands.
    if (min === null || value < min || Number.isNaN(value)) min = value;
    if (max === null || value > max || Number.isNaN(value)) max = value;
  }
  const show = (value: number | string | null): string | null => (Number.isNaN(value) ? null : typeof value === "number" ? written(column.type, column.type === "bool" ? value === 1 : value) : value);
  return { column: column.name, type: column.type, rows, nulls: rows - present, distinct: distinct.size, min: show(min), mean: await meanOf(column, rows, turns), max: show(max) };
}

/** For booleans the share that is true. */
async function meanOf(column: Column, rows: number, turns: Turns): Promise<number | null> {
  if (column.type === "str") return null;
  const table = createTable("", [column], rows);
  const mean = await evaluateInTurns({ op: "aggregate", fn: "mean", args: [{ op: "column", name: column.name, type: column.type }], input: 0, type: "float" }, createTable("", [], 1), turns, [table]);
  const value = cellAt(mean, 0);
  return typeof value === "number" ? value : null;
}

async function perGroup(parts: readonly GroupPart[], keys: readonly ColumnSchema[] | null, summary: (table: Table) => Promise<Table>): Promise<Table> {
  const tables: Table[] = [];
  for (const { table, ...label } of parts) tables.push(withLabel(await summary(table), label, keys));
  return concatTables(tables);
}
