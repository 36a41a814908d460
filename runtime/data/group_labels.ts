/** Without this file each table made of groups would say in its own way which group a row is of. */
import type { ColumnSchema } from "../../src/ops/schema.ts";
import { DataError } from "./error.ts";
import type { Cell, Column, Groups, Single, Table, Value } from "./frame.ts";
import { cellAt, createColumn, findColumn, withoutPlaces } from "./table.ts";

/** What tells one group from another; `name` is null for a value that is no group. */
export interface Label {
  readonly name: string | null;
  /** One for each key, where groups were made from values. */
  readonly keys?: readonly Cell[] | undefined;
}

/** One group of a value, or the whole. */
export interface Member<T extends Single = Single> extends Label {
  readonly value: T;
}

/** The table of one group, or of the whole. */
export interface GroupPart extends Label {
  readonly table: Table;
}

/** The keys by whose values the groups of a value were made, or null where they are named, or there are none. */
export function keysOf(value: Value): readonly ColumnSchema[] | null {
  return value.kind === "groups" ? value.keys ?? null : null;
}

/** The columns that name the group of each row, one row for each label: the keys, `group`, or none where there are no groups. */
export function labelColumns(labels: readonly Label[], keys: readonly ColumnSchema[] | null): readonly Column[] {
  if (keys !== null) return keys.map(({ name, type }, at) => createColumn(name, type, labels.map((label) => label.keys?.[at] ?? null)));
  return labels.some(({ name }) => name !== null) ? [createColumn("group", "str", labels.map(({ name }) => name))] : [];
}

/**
 * A table of one group with the columns that name the group in front. `own`: its rows are those that were grouped, so that a key which is
 * still a column of them stays what it is. @throws DataError `name-taken`
 */
export function withLabel(table: Table, label: Label, keys: readonly ColumnSchema[] | null, own = false): Table {
  const columns = labelColumns([label], keys).map((column) => {
    const kept = findColumn(table, column.name);
    if (kept === undefined) return createColumn(column.name, column.type, new Array<Cell>(table.rows).fill(cellAt(column, 0)));
    if (own && keys !== null) return kept;
    throw new DataError({ code: "name-taken", message: `a column \`${column.name}\` says the group of each row, and there is one already`, help: `… | rename ${column.name}_before = ${column.name}` });
  });
  if (columns.length === 0) return table;
  const names = new Set(columns.map(({ name }) => name));
  return { ...withoutPlaces(table), columns: [...columns, ...table.columns.filter(({ name }) => !names.has(name))] };
}

/** The columns of groups of which there is none. */
export function noRows({ keys }: Groups): readonly Column[] {
  return keys === undefined ? [createColumn("group", "str", [])] : labelColumns([], keys);
}
