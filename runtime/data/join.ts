/** Without this file what is known of the same thing in two tables could not be brought together. */
import type { JoinKind } from "../../src/ops/op.ts";
import { DataError } from "./error.ts";
import type { Turns } from "../turns.ts";
import type { Cell, Column, Table } from "./frame.ts";
import { LargeSet } from "./large.ts";
import { rowKey, rowsByKey } from "./row_key.ts";
import { MOST_ROWS } from "./table_limits.ts";
import { cellAt, columnNamed, createColumn, createTable, findColumn, renamed, writtenAt } from "./table.ts";
import { takeColumnInTurns, takeRowsInTurns } from "./take_rows_in_turns.ts";

const NONE = -1;

export interface Join {
  readonly on: readonly string[];
  readonly kind: JoinKind;
  /** Put behind columns of the right table whose names the left has too. */
  readonly suffix: string;
}

/**
 * Rows that agree in all columns of `on`; null agrees with null. Order: rows of the left, for each its matches in the order of
 * the right; `outer` then adds the rows of the right that nothing matched, in their order. Columns: the left's, then the right's others.
 * `semi` and `anti` keep rows of the left that have a match or none, once each. Throws `too-many-rows`.
 */
export async function joinTables(left: Table, right: Table, { on, kind, suffix }: Join, turns: Turns): Promise<Table> {
  const leftKeys = on.map((name) => columnNamed(left, name));
  const rightKeys = on.map((name) => columnNamed(right, name));
  const found = await rowsByKey(rightKeys, right.rows, turns);
  const key = rowKey(leftKeys);
  if (kind !== "semi" && kind !== "anti") await refuseHuge(left.rows, (row) => found.get(key(row))?.length ?? 0, on, turns);
  const fromLeft: number[] = [];
  const fromRight: number[] = [];
  const met = new LargeSet<string>();
  for (let row = 0; row < left.rows; row++) {
    if (turns.due()) await turns.pass();
    const text = key(row);
    const matches = found.get(text) ?? [];
    if (kind === "semi" || kind === "anti") {
      if (matches.length > 0 === (kind === "semi")) fromLeft.push(row);
      continue;
    }
    if (matches.length > 0) met.add(text);
    else if (kind !== "inner") {
      fromLeft.push(row);
      fromRight.push(NONE);
    }
    for (const match of matches) {
      if (turns.due()) await turns.pass();
      fromLeft.push(row);
      fromRight.push(match);
    }
  }
  if (kind === "semi" || kind === "anti") return takeRowsInTurns(left, fromLeft, turns);
  if (kind === "outer") {
    const rightKey = rowKey(rightKeys);
    for (let row = 0; row < right.rows; row++) {
      if (turns.due()) await turns.pass();
      if (met.has(rightKey(row))) continue;
      fromLeft.push(NONE);
      fromRight.push(row);
    }
  }
  const columns: Column[] = [];
  for (const column of left.columns) {
    columns.push(on.includes(column.name) && kind === "outer" ? await keyColumn(column, columnNamed(right, column.name), fromLeft, fromRight, turns) : await taken(column, fromLeft, turns));
  }
  for (const column of right.columns) {
    if (on.includes(column.name)) continue;
    columns.push(renamed(await taken(column, fromRight, turns), findColumn(left, column.name) === undefined ? column.name : `${column.name}${suffix}`));
  }
  return createTable(`${left.origin} + ${right.origin}`, columns, fromLeft.length);
}

/** Counted before any row is made. */
async function refuseHuge(rows: number, matches: (row: number) => number, on: readonly string[], turns: Turns): Promise<void> {
  let total = 0;
  for (let row = 0; row < rows; row++) {
    if (turns.due()) await turns.pass();
    total += matches(row);
  }
  if (total > MOST_ROWS) {
    throw new DataError({ code: "too-many-rows", message: `this join would have ${total.toLocaleString("en")} rows, and ${MOST_ROWS.toLocaleString("en")} at most can be made: ${on.join(", ")} repeats in both tables`, help: `distinct ${on.join(", ")}` });
  }
}

/** The rows, with null where there is none. */
async function taken(column: Column, rows: readonly number[], turns: Turns): Promise<Column> {
  if (!rows.includes(NONE)) return takeColumnInTurns(column, rows, turns);
  const cells: Cell[] = [];
  for (const row of rows) {
    if (turns.due()) await turns.pass();
    cells.push(row === NONE ? null : cellAt(column, row));
  }
  return { ...createColumn(column.name, column.type, cells), ...writtenAt(column, rows) } as Column;
}

/** A key of an outer join, in which either side may be missing: both sides agree where both are. An int that meets a float becomes one. */
async function keyColumn(left: Column, right: Column, fromLeft: readonly number[], fromRight: readonly number[], turns: Turns): Promise<Column> {
  const cells: Cell[] = [];
  for (const [i, row] of fromLeft.entries()) {
    if (turns.due()) await turns.pass();
    cells.push(row === NONE ? cellAt(right, fromRight[i]!) : cellAt(left, row));
  }
  return createColumn(left.name, left.type === right.type ? left.type : "float", cells);
}
