/** Without this file rows of a large file would be gathered to be counted and summed up, by group or in all. */
import type { Op, Plan } from "../../src/ops/op.ts";
import type { Turns } from "../turns.ts";
import { collected } from "../data/collected.ts";
import { evaluate, finiteTotal, type OnUndefined } from "../data/evaluate.ts";
import { evaluateInTurns } from "../data/evaluate_in_turns.ts";
import type { Cell, Column, Table } from "../data/frame.ts";
import { aggregateTable, groupRows, MOST_GROUPS, refuseManyGroups } from "../data/grouping.ts";
import { labelColumns } from "../data/group_labels.ts";
import { LargeMap } from "../data/large.ts";
import { requireRoom } from "../data/room.ts";
import { rowKey, rowsByKey } from "../data/row_key.ts";
import { aggregatesOf, columnsOf, replaced, rowLocal, type Aggregate } from "../data/scalar_parts.ts";
import { cellAt, columnNamed, concatTables, createColumn, createTable, tableFromRows, takeRows } from "../data/table.ts";
import { takeRowsInTurns } from "../data/take_rows_in_turns.ts";
import { TOTALS, type Total } from "../data/totals.ts";

/** Rows per combination of values of `by`, by the groups of `keys` or in all, as `countRows` counts them, holding one row of each. Throws `too-many-groups`. */
export async function streamedCount(pieces: AsyncGenerator<Table>, keys: readonly string[], by: readonly string[], turns: Turns): Promise<Table> {
  const counts = await countOf(pieces, [...keys, ...by], turns);
  if (keys.length === 0) return counts;
  const groups = await rowsByKey(keys.map((name) => columnNamed(counts, name)), counts.rows, turns);
  refuseManyGroups(groups.size, keys);
  // Groups stand whole, one after the other.
  return by.length === 0 ? counts : takeRowsInTurns(counts, [...groups.values()].flatMap((rows) => [...rows]), turns);
}

async function countOf(pieces: AsyncGenerator<Table>, by: readonly string[], turns: Turns): Promise<Table> {
  const places = new LargeMap<string, number>();
  const counts: number[] = [];
  const firsts: Table[] = [];
  for await (const piece of pieces) {
    const keys = createTable(piece.origin, by.map((name) => columnNamed(piece, name)), piece.rows);
    const key = rowKey(keys.columns);
    const met: number[] = [];
    for (let row = 0; row < piece.rows; row++) {
      if (turns.due()) await turns.pass();
      const text = key(row);
      const place = places.get(text);
      if (place !== undefined) {
        counts[place]!++;
        continue;
      }
      places.set(text, counts.length);
      counts.push(1);
      met.push(row);
    }
    requireRoom(() => `the different values of ${by.join(", ")}`);
    if (met.length > 0 || firsts.length === 0) firsts.push(takeRows(keys, met));
  }
  if (by.length === 0 && counts.length === 0) counts.push(0);
  const kept = concatTables(firsts);
  return createTable(kept.origin, [...kept.columns, createColumn("count", "int", counts)], counts.length);
}

/**
 * `agg` over a stream, by the columns `by` or in all. Totals that add up take no more than a state for each group; others gather the
 * columns that they read.
 */
export async function streamedAggregate(plan: Plan, op: Op & { readonly op: "aggregate" }, by: readonly string[], pieces: AsyncGenerator<Table>, turns: Turns, onUndefined: OnUndefined): Promise<Table> {
  const wanted = op.columns.map(({ value }) => aggregatesOf(value));
  if (wanted.flat().every(addsUp)) return added(plan, op, by, wanted, pieces, turns, onUndefined);
  const columns = new Set([...by, ...op.columns.flatMap(({ value }) => columnsOf(value))]);
  const table = await narrowed(pieces, columns);
  if (op.keys === null) return aggregateTable([{ name: null, table }], op.columns, null, turns, onUndefined);
  const { members } = await groupRows(table, by, turns);
  return members.length === 0 ? tableFromRows(plan.schema.columns, [], plan.label) : aggregateTable(members.map(({ name, keys, value }) => ({ name, keys, table: value })), op.columns, op.keys, turns, onUndefined);
}

/** A total whose argument looks at one row at a time. */
export function addsUp({ fn, args, input }: Aggregate): boolean {
  return Object.hasOwn(TOTALS, fn) && input === 0 && args.length <= 1 && args.every(rowLocal);
}

/** What aggregates that add up give of all rows. */
export async function streamedTotals(aggregates: readonly Aggregate[], pieces: AsyncGenerator<Table>, turns: Turns, onUndefined: OnUndefined): Promise<readonly Cell[]> {
  const totals = aggregates.map(({ fn }) => TOTALS[fn]!());
  for await (const piece of pieces) {
    for (const [i, { args: [arg] }] of aggregates.entries()) {
      const column = arg === undefined ? null : await evaluateInTurns(arg, piece, turns, [piece], onUndefined);
      for (let row = 0; row < piece.rows; row++) take(totals[i]!, column, row);
    }
  }
  return aggregates.map((aggregate, i) => finiteTotal(aggregate, totals[i]!.value(aggregate.type === "int"), onUndefined));
}

interface Group {
  readonly keys: readonly Cell[];
  /** Of each column, of each aggregate in it. */
  readonly totals: readonly (readonly Total[])[];
}

async function added(plan: Plan, op: Op & { readonly op: "aggregate" }, by: readonly string[], wanted: readonly (readonly Aggregate[])[], pieces: AsyncGenerator<Table>, turns: Turns, onUndefined: OnUndefined): Promise<Table> {
  const create = (keys: readonly Cell[]): Group => ({ keys, totals: wanted.map((each) => each.map(({ fn }) => TOTALS[fn]!())) });
  const groups = new LargeMap<string, Group>();
  if (op.keys === null) groups.set("", create([]));
  const spare = create([]);
  const missing = wanted.map(() => new Map<string, number>());
  for await (const piece of pieces) {
    const columns = by.map((name) => columnNamed(piece, name));
    const key = rowKey(columns);
    const args: (Column | null)[][] = wanted.map(() => []);
    for (const [at, aggregates] of wanted.entries()) {
      for (const { args: [arg] } of aggregates) args[at]!.push(arg === undefined ? null : await evaluateInTurns(arg, piece, turns, [piece], counter(missing[at]!)));
    }
    for (let row = 0; row < piece.rows; row++) {
      if (turns.due()) await turns.pass();
      const text = key(row);
      let group = groups.get(text);
      if (group === undefined) {
        // Groups that are too many are only counted.
        group = groups.size < MOST_GROUPS ? create(columns.map((column) => cellAt(column, row))) : spare;
        groups.set(text, group);
      }
      for (let at = 0; at < args.length; at++) for (let i = 0; i < args[at]!.length; i++) take(group.totals[at]![i]!, args[at]![i]!, row);
    }
  }
  refuseManyGroups(groups.size, by);
  const found = [...groups.values()];
  if (op.keys !== null && found.length === 0) return tableFromRows(plan.schema.columns, [], plan.label);
  const row = createTable("", [], 1);
  const told = new Map<string, number>();
  const note = counter(told);
  const made = op.columns.map(({ name, value }, at) => {
    for (const [operation, rows] of missing[at]!) note(operation, rows);
    const cells = found.map(({ totals }) => {
      let next = 0;
      const known = replaced(value, (aggregate) => finiteTotal(aggregate, totals[at]![next++]!.value(aggregate.type === "int"), note));
      return cellAt(evaluate(known, row, [row], note), 0);
    });
    return createColumn(name, value.type === "null" ? "str" : value.type, cells);
  });
  for (const [operation, rows] of told) onUndefined(operation, rows);
  return createTable("agg", [...labelColumns(found.map(({ keys }) => ({ name: null, keys })), op.keys), ...made], found.length);
}

function take(total: Total, column: Column | null, row: number): void {
  if (column === null) total.put(1);
  else if (column.valid !== null && column.valid[row] === 0) total.skip();
  else total.put(column.type === "str" ? 0 : column.values[row]!);
}

const counter = (found: Map<string, number>): OnUndefined => (operation, rows) => void found.set(operation, (found.get(operation) ?? 0) + rows);

/** Only these columns, all rows: no columns take no memory. */
async function narrowed(pieces: AsyncGenerator<Table>, columns: ReadonlySet<string>): Promise<Table> {
  let rows = 0;
  const keep = async function* (): AsyncGenerator<Table> {
    for await (const piece of pieces) {
      rows += piece.rows;
      yield createTable(piece.origin, piece.columns.filter(({ name }) => columns.has(name)), piece.rows);
    }
  };
  const table = await collected(keep());
  return { ...table, rows };
}
