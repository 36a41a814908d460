/** Without this file tables could be read but not filtered, ordered, cut, sampled or split. */
import seedrandom from "seedrandom";
import type { SortKey } from "../../src/ops/op.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import { evaluate, truths, type OnUndefined } from "./evaluate.ts";
import type { Column, Groups, Table } from "./frame.ts";
import { rowsByKey } from "./row_key.ts";
import { columnNamed, renamed, takeRows } from "./table.ts";

/** Keep the rows where the condition is true; null is not. */
export function filterRows(table: Table, predicate: Scalar, inputs?: readonly Table[], onUndefined?: OnUndefined): Table {
  return takeRows(table, where(truths(evaluate(predicate, table, inputs, onUndefined))));
}

function where(keep: Uint8Array): number[] {
  const rows: number[] = [];
  for (let i = 0; i < keep.length; i++) if (keep[i] === 1) rows.push(i);
  return rows;
}

/** The columns given by the expressions, in order. */
export function projectColumns(table: Table, columns: readonly { readonly name: string; readonly value: Scalar }[], inputs?: readonly Table[], onUndefined?: OnUndefined): Table {
  return { ...table, columns: columns.map(({ name, value }) => renamed(evaluate(value, table, inputs, onUndefined), name)) };
}

/** Sorted by the keys, earlier keys first; nulls last in both directions; rows that tie keep their order. */
export function sortRows(table: Table, keys: readonly SortKey[]): Table {
  const orders = keys.map(({ by, descending }) => order(evaluate(by, table), descending));
  const rows = Uint32Array.from({ length: table.rows }, (_, i) => i);
  rows.sort((a, b) => {
    for (const compare of orders) {
      const difference = compare(a, b);
      if (difference !== 0) return difference;
    }
    return a - b;
  });
  return takeRows(table, rows);
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
export function distinctRows(table: Table, by: readonly string[]): Table {
  const columns = by.length === 0 ? table.columns : by.map((name) => columnNamed(table, name));
  return takeRows(table, [...rowsByKey(columns, table.rows).values()].map((rows) => rows[0]!));
}

/**
 * `count` rows without replacement, in their old order; all rows where there are fewer. Each row gets one draw of the
 * stream in order and the smallest draws win, so a sample of 10 lies within the sample of 20 of the same stream.
 */
export function sampleRows(table: Table, count: number, stream: string): Table {
  if (stream === "") throw new Error("a sample needs a named stream");
  const random = seedrandom(stream);
  const draws = Float64Array.from({ length: table.rows }, () => random());
  const rows = Uint32Array.from({ length: table.rows }, (_, i) => i).sort((a, b) => draws[a]! - draws[b]! || a - b);
  return takeRows(table, rows.slice(0, Math.min(count, table.rows)).sort());
}

export interface Split {
  readonly groups: Groups<Table>;
  /** How many rows are in no group, and in more than one. */
  readonly unmatched: number;
  readonly shared: number;
}

/** One group per part: the rows where its condition is true. A row may be in several groups or in none; both are counted. */
export function splitRows(table: Table, parts: readonly { readonly name: string; readonly predicate: Scalar }[], onUndefined?: OnUndefined): Split {
  const kept = parts.map(({ predicate }) => truths(evaluate(predicate, table, [table], onUndefined)));
  let shared = 0;
  let unmatched = 0;
  for (let i = 0; i < table.rows; i++) {
    const times = kept.reduce((sum, keep) => sum + keep[i]!, 0);
    if (times > 1) shared++;
    if (times === 0) unmatched++;
  }
  const members = parts.map(({ name }, at) => ({ name, value: takeRows(table, where(kept[at]!)) }));
  return { groups: { kind: "groups", members }, unmatched, shared };
}
