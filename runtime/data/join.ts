/** Without this file what is known of the same thing in two tables could not be brought together. */
import type { JoinKind } from "../../src/ops/op.ts";
import { DataError } from "./error.ts";
import type { Column, Table } from "./frame.ts";
import { rowKey, rowsByKey } from "./row_key.ts";
import { cellAt, columnNamed, createColumn, createTable, findColumn, renamed, takeColumn, takeRows } from "./table.ts";

const MOST_ROWS = 50_000_000;
const NONE = -1;

export interface Join {
  readonly on: readonly string[];
  readonly kind: JoinKind;
  /** Put behind columns of the right table whose names the left has too. */
  readonly suffix: string;
}

/**
 * Rows that agree in all columns of `on`; null agrees with null. Order: rows of the left, for each its matches in the order of
 * the right; `outer` then adds the rows of the right that nothing matched. Columns: the left's, then the right's others.
 * `semi` and `anti` keep rows of the left that have a match or none, once each. Throws `too-many-rows`.
 */
export function joinTables(left: Table, right: Table, { on, kind, suffix }: Join): Table {
  const leftKeys = on.map((name) => columnNamed(left, name));
  const rightKeys = on.map((name) => columnNamed(right, name));
  const found = rowsByKey(rightKeys, right.rows);
  const key = rowKey(leftKeys);
  if (kind !== "semi" && kind !== "anti") refuseHuge(left.rows, (row) => found.get(key(row))?.length ?? 0, on);
  const fromLeft: number[] = [];
  const fromRight: number[] = [];
  const met = new Set<string>();
  for (let row = 0; row < left.rows; row++) {
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
      fromLeft.push(row);
      fromRight.push(match);
    }
  }
  if (kind === "semi" || kind === "anti") return takeRows(left, fromLeft);
  if (kind === "outer") {
    for (const [text, rows] of found) {
      if (met.has(text)) continue;
      for (const row of rows) {
        fromLeft.push(NONE);
        fromRight.push(row);
      }
    }
  }
  const columns = [
    ...left.columns.map((column) => (on.includes(column.name) ? keyColumn(column, columnNamed(right, column.name), fromLeft, fromRight, kind) : taken(column, fromLeft))),
    ...right.columns
      .filter(({ name }) => !on.includes(name))
      .map((column) => renamed(taken(column, fromRight), findColumn(left, column.name) === undefined ? column.name : `${column.name}${suffix}`)),
  ];
  return createTable(`${left.origin} + ${right.origin}`, columns, fromLeft.length);
}

/** Counted before any row is made. */
function refuseHuge(rows: number, matches: (row: number) => number, on: readonly string[]): void {
  let total = 0;
  for (let row = 0; row < rows; row++) total += matches(row);
  if (total > MOST_ROWS) {
    throw new DataError({ code: "too-many-rows", message: `this join would have ${total.toLocaleString("en")} rows, and ${MOST_ROWS.toLocaleString("en")} at most can be made: ${on.join(", ")} repeats in both tables`, help: `distinct ${on.join(", ")}` });
  }
}

/** The rows, with null where there is none. */
function taken(column: Column, rows: readonly number[]): Column {
  if (!rows.includes(NONE)) return takeColumn(column, rows);
  return createColumn(column.name, column.type, rows.map((row) => (row === NONE ? null : cellAt(column, row))));
}

/** Both sides agree where both are; in an outer join a side may be missing. An int that meets a float becomes one. */
function keyColumn(left: Column, right: Column, fromLeft: readonly number[], fromRight: readonly number[], kind: JoinKind): Column {
  if (kind !== "outer") return taken(left, fromLeft);
  const type = left.type === right.type ? left.type : "float";
  return createColumn(left.name, type, fromLeft.map((row, i) => (row === NONE ? cellAt(right, fromRight[i]!) : cellAt(left, row))));
}
