/** Without this file tables could be read but not filtered, ordered, cut, sampled or split. */
import seedrandom from "seedrandom";
import type { SortKey } from "../../src/ops/op.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import type { Turns } from "../turns.ts";
import { truths, type OnUndefined } from "./evaluate.ts";
import { evaluateInTurns } from "./evaluate_in_turns.ts";
import type { Column, Groups, Table } from "./frame.ts";
import { LargeSet } from "./large.ts";
import { orderedRows } from "./ordered_rows.ts";
import { requireRoom, ROWS_A_LOOK } from "./room.ts";
import { rowKey } from "./row_key.ts";
import { columnNamed, renamed, takeRows, withoutPlaces } from "./table.ts";
import { takeRowsInTurns } from "./take_rows_in_turns.ts";

/** Keep the rows where the condition is true; null is not. */
export async function filterRows(table: Table, predicate: Scalar, turns: Turns, onUndefined?: OnUndefined): Promise<Table> {
  return takeRowsInTurns(table, where(truths(await evaluateInTurns(predicate, table, turns, [table], onUndefined))), turns);
}

function where(keep: Uint8Array): number[] {
  const rows: number[] = [];
  for (let i = 0; i < keep.length; i++) if (keep[i] === 1) rows.push(i);
  return rows;
}

/** The columns given by the expressions, in order. */
export async function projectColumns(table: Table, columns: readonly { readonly name: string; readonly value: Scalar }[], turns: Turns, onUndefined?: OnUndefined): Promise<Table> {
  const made: Column[] = [];
  for (const { name, value } of columns) made.push(renamed(await evaluateInTurns(value, table, turns, [table], onUndefined), name));
  return { ...withoutPlaces(table), columns: made };
}

/** Sorted by the keys, earlier keys first; nulls last in both directions; rows that tie keep their order. */
export async function sortRows(table: Table, keys: readonly SortKey[], turns: Turns): Promise<Table> {
  const orders: ((a: number, b: number) => number)[] = [];
  for (const { by, descending } of keys) orders.push(order(await evaluateInTurns(by, table, turns), descending));
  const before = (a: number, b: number): number => {
    for (const compare of orders) {
      const difference = compare(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  return takeRowsInTurns(table, await orderedRows(table.rows, before, turns), turns);
}

function order({ values, valid }: Column, descending: boolean): (a: number, b: number) => number {
  const up = descending ? -1 : 1;
  const missing = (row: number): number => {
    if (valid !== null && valid[row] === 0) return 1;
    const value = values[row];
    // NaN compares with nothing; among the nulls it cannot upset the order.
    return value === value ? 0 : 1;
  };
  return (a, b) => {
    const gone = missing(a) - missing(b);
    if (gone !== 0 || missing(a) === 1) return gone;
    const left = values[a]!;
    const right = values[b]!;
    return left < right ? -up : left > right ? up : 0;
  };
}

/** The first `count` rows. */
export function limitRows(table: Table, count: number): Table {
  return takeRows(table, Uint32Array.from({ length: Math.min(count, table.rows) }, (_, i) => i));
}

/** All rows but the first `count`. */
export function skipRows(table: Table, count: number): Table {
  const from = Math.min(count, table.rows);
  return takeRows(table, Uint32Array.from({ length: table.rows - from }, (_, i) => from + i));
}

/** The first row of each combination of values in these columns, in order; null is a value like others. [] looks at all columns. */
export async function distinctRows(table: Table, by: readonly string[], turns: Turns): Promise<Table> {
  const columns = by.length === 0 ? table.columns : by.map((name) => columnNamed(table, name));
  const key = rowKey(columns);
  const met = new LargeSet<string>();
  const rows: number[] = [];
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass();
    if (met.add(key(row))) rows.push(row);
    if (row % ROWS_A_LOOK === 0) requireRoom(() => `the different values of ${columns.map(({ name }) => name).join(", ")}`);
  }
  return takeRowsInTurns(table, rows, turns);
}

/**
 * `count` rows without replacement, in their old order; all rows where there are fewer. Each row gets one draw of the
 * stream in order and the smallest draws win, so a sample of 10 lies within the sample of 20 of the same stream.
 */
export async function sampleRows(table: Table, count: number, stream: string, turns: Turns): Promise<Table> {
  if (stream === "") throw new Error("a sample needs a named stream");
  const random = seedrandom(stream);
  const draws = Float64Array.from({ length: table.rows }, () => random());
  const rows = await orderedRows(table.rows, (a, b) => draws[a]! - draws[b]!, turns);
  return takeRowsInTurns(table, rows.slice(0, Math.min(count, table.rows)).sort(), turns);
}

export interface Split {
  readonly groups: Groups<Table>;
  /** How many rows are in no group, and in more than one. */
  readonly unmatched: number;
  readonly shared: number;
}

/** One group per part: the rows where its condition is true. A row may be in several groups or in none; both are counted. */
export async function splitRows(table: Table, parts: readonly { readonly name: string; readonly predicate: Scalar }[], turns: Turns, onUndefined?: OnUndefined): Promise<Split> {
  const kept: Uint8Array[] = [];
  for (const { predicate } of parts) kept.push(truths(await evaluateInTurns(predicate, table, turns, [table], onUndefined)));
  let shared = 0;
  let unmatched = 0;
  for (let i = 0; i < table.rows; i++) {
    if (turns.due()) await turns.pass();
    const times = kept.reduce((sum, keep) => sum + keep[i]!, 0);
    if (times > 1) shared++;
    if (times === 0) unmatched++;
  }
  const members: { readonly name: string; readonly value: Table }[] = [];
  for (const [at, { name }] of parts.entries()) members.push({ name, value: await takeRowsInTurns(table, where(kept[at]!), turns) });
  return { groups: { kind: "groups", members }, unmatched, shared };
}
