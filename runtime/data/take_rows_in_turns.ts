/** Without this file millions of rows would be put in a new order while nobody is heard. */
import type { Turns } from "../turns.ts";
import type { Column, Table } from "./frame.ts";
import { concatColumns, takeColumn, takeRows, withPlaces } from "./table.ts";

const BLOCK = 65_536;

/** What `takeRows` gives, some rows at a time. */
export async function takeRowsInTurns(table: Table, rows: Rows, turns: Turns): Promise<Table> {
  if (rows.length <= BLOCK) return takeRows(table, rows);
  const columns: Column[] = [];
  for (const column of table.columns) columns.push(await takeColumnInTurns(column, rows, turns));
  return { ...withPlaces(table, rows), rows: rows.length, columns };
}

/** What `takeColumn` gives, some rows at a time. */
export async function takeColumnInTurns(column: Column, rows: Rows, turns: Turns): Promise<Column> {
  const blocks: { readonly column: Column; readonly origin: string }[] = [];
  for (let from = 0; from < rows.length; from += BLOCK) {
    blocks.push({ column: takeColumn(column, rows.slice(from, from + BLOCK)), origin: "" });
    await turns.pass();
  }
  return blocks.length === 0 ? takeColumn(column, rows) : concatColumns(column.name, blocks, rows.length);
}

/** Numbers of rows, in any order. */
type Rows = readonly number[] | Uint32Array;
