/** Without this file every kernel would build and index columns in its own way. */
import type { ColumnSchema, ScalarType } from "../../src/ops/schema.ts";
import type { ScalarLiteral } from "../../src/ops/scalar.ts";
import { DataError } from "./error.ts";
import type { Cell, Column, Table, WrittenTokens } from "./frame.ts";
import { nearNames } from "./near.ts";

/** A table of equally long columns. Throws (a bug) where lengths differ; `rows` is only needed without columns. */
export function createTable(origin: string, columns: readonly Column[], rows = columns[0]?.values.length ?? 0): Table {
  const odd = columns.find((column) => column.values.length !== rows);
  if (odd !== undefined) throw new Error(`column ${odd.name} has ${odd.values.length} values, the table has ${rows} rows`);
  return { kind: "table", rows, columns, origin };
}

/** A column from cells; null, undefined results and not-a-number are null. Booleans also pass as 0 and 1. */
export function createColumn(name: string, type: ScalarType, cells: readonly (Cell | undefined)[]): Column {
  const rows = cells.length;
  const present = new Uint8Array(rows);
  let nulls = 0;
  for (let i = 0; i < rows; i++) {
    const cell = cells[i];
    if (cell === null || cell === undefined || Number.isNaN(cell)) nulls++;
    else present[i] = 1;
  }
  const valid = nulls === 0 ? null : present;
  if (type === "str") return { name, type, values: cells.map((cell, i) => (present[i] === 1 ? String(cell) : "")), valid };
  const values = type === "bool" ? new Uint8Array(rows) : new Float64Array(rows);
  for (let i = 0; i < rows; i++) if (present[i] === 1) values[i] = Number(cells[i]);
  return type === "bool" ? { name, type, values: values as Uint8Array, valid } : { name, type, values: values as Float64Array, valid };
}

/** Rows of literals, as `prompts` and REPL values give them: rows[i][j] belongs to columns[j]. */
export function tableFromRows(columns: readonly ColumnSchema[], rows: readonly (readonly ScalarLiteral[])[], origin: string): Table {
  return createTable(origin, columns.map(({ name, type }, at) => createColumn(name, type, rows.map((row) => row[at]))), rows.length);
}

export function cellAt(column: Column, row: number): Cell {
  if (column.valid !== null && column.valid[row] === 0) return null;
  const value = column.values[row]!;
  return column.type === "bool" ? value === 1 : value;
}

export function findColumn(table: Table, name: string): Column | undefined {
  return table.columns.find((column) => column.name === name);
}

/** The column of that name. Throws `unknown-column` with near names. */
export function columnNamed(table: Table, name: string): Column {
  const column = findColumn(table, name);
  if (column !== undefined) return column;
  const near = nearNames(name, table.columns.map((other) => other.name));
  throw new DataError({
    code: "unknown-column",
    message: `there is no column ${name} in ${table.origin}`,
    column: name,
    notes: near.length > 0 ? [`near: ${near.join(", ")}`] : [],
  });
}

export function renamed(column: Column, name: string): Column {
  return { ...column, name };
}

/** The table whose rows are no places in texts any more. */
export function withoutPlaces({ windows: _, ...table }: Table): Table {
  return table;
}

/** Some rows of places in texts are places still; in another order they are read as a table. */
export function withPlaces(table: Table, rows: ArrayLike<number>): Table {
  const { windows } = table;
  if (windows === undefined) return table;
  if (rows.length === 0) return withoutPlaces(table);
  const taken: (typeof windows)[number][] = [];
  for (let i = 0; i < rows.length; i++) {
    if (i > 0 && rows[i]! <= rows[i - 1]!) return withoutPlaces(table);
    taken.push(windows[rows[i]!]!);
  }
  return { ...table, windows: taken };
}

/** The rows at `rows`, in that order; indices must lie in the table. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  return { ...withPlaces(table, rows), rows: rows.length, columns: table.columns.map((column) => takeColumn(column, rows)) };
}

export function takeColumn(column: Column, rows: ArrayLike<number>): Column {
  const valid = column.valid === null ? null : gather(column.valid, rows, new Uint8Array(rows.length));
  switch (column.type) {
    case "str": {
      const values = Array.from({ length: rows.length }, (_, i) => column.values[rows[i]!]!);
      return { name: column.name, type: "str", values, valid, ...writtenAt(column, rows) };
    }
    case "bool":
      return { name: column.name, type: "bool", values: gather(column.values, rows, new Uint8Array(rows.length)), valid };
    case "int":
    case "float":
      return { name: column.name, type: column.type, values: gather(column.values, rows, new Float64Array(rows.length)), valid };
    default:
      return column satisfies never;
  }
}

/** The tokens that these rows of a column were written in, as a part of the new column: nothing where a model wrote none of it. */
export function writtenAt(column: Column, rows: ArrayLike<number>): { readonly written?: readonly (WrittenTokens | null)[] } {
  const written = column.type === "str" ? column.written : undefined;
  return written === undefined ? {} : { written: Array.from({ length: rows.length }, (_, i) => written[rows[i]!] ?? null) };
}

/** The rows from `from` up to `to`, which must lie in the table; numbers are not copied. */
export function rowsBetween(table: Table, from: number, to: number): Table {
  const places = table.windows === undefined ? table : to > from ? { ...table, windows: table.windows.slice(from, to) } : withoutPlaces(table);
  return { ...places, rows: to - from, columns: table.columns.map((column) => columnBetween(column, from, to)) };
}

function columnBetween(column: Column, from: number, to: number): Column {
  const valid = column.valid?.subarray(from, to) ?? null;
  switch (column.type) {
    case "str":
      return { ...column, values: column.values.slice(from, to), valid, ...(column.written === undefined ? {} : { written: column.written.slice(from, to) }) };
    case "bool":
      return { ...column, values: column.values.subarray(from, to), valid };
    case "int":
    case "float":
      return { ...column, values: column.values.subarray(from, to), valid };
    default:
      return column satisfies never;
  }
}

function gather<T extends Uint8Array | Float64Array>(from: T, rows: ArrayLike<number>, to: T): T {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]!]!;
  return to;
}

/**
 * The rows of all tables, in order. Columns must have the same names (order of the first table) and types, except that
 * int and float make float. Throws `different-columns`. At least one table.
 */
export function concatTables(tables: readonly Table[]): Table {
  const [first, ...others] = tables;
  if (first === undefined) throw new Error("concat needs at least one table");
  for (const other of others) {
    const missing = first.columns.find(({ name }) => findColumn(other, name) === undefined) ?? other.columns.find(({ name }) => findColumn(first, name) === undefined);
    if (missing !== undefined) {
      throw new DataError({
        code: "different-columns",
        message: `${first.origin} and ${other.origin} cannot be put below one another: ${findColumn(first, missing.name) === undefined ? first.origin : other.origin} has no column ${missing.name}`,
        help: "select the same columns of both first",
        column: missing.name,
      });
    }
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const columns = first.columns.map(({ name }) => concatColumns(name, tables.map((table) => ({ column: columnNamed(table, name), origin: table.origin })), rows));
  return createTable([...new Set(tables.map(({ origin }) => origin))].join(" + "), columns, rows);
}

/** Columns below one another, of `rows` rows in all; `origin` is where each is from, for messages. Throws `different-columns`. */
export function concatColumns(name: string, parts: readonly { readonly column: Column; readonly origin: string }[], rows: number): Column {
  const types = [...new Set(parts.map(({ column }) => column.type))];
  const numbers = types.every((type) => type === "int" || type === "float");
  if (types.length > 1 && !numbers) {
    throw new DataError({ code: "different-columns", message: `column ${name} is ${parts.map(({ column, origin }) => `${column.type} in ${origin}`).join(", ")}`, column: name, help: "give it one type first: derive …" });
  }
  const columns = parts.map(({ column }) => column);
  let valid: Uint8Array | null = null;
  if (columns.some((column) => column.valid !== null)) {
    valid = new Uint8Array(rows).fill(1);
    let at = 0;
    for (const column of columns) {
      if (column.valid !== null) valid.set(column.valid, at);
      at += column.values.length;
    }
  }
  const type = numbers && types.length > 1 ? "float" : types[0]!;
  if (type === "str") {
    const written = columns.map((column) => (column.type === "str" ? column.written : undefined));
    const values = columns.flatMap((column) => column.values as readonly string[]);
    return { name, type, values, valid, ...(written.every((each) => each === undefined) ? {} : { written: columns.flatMap((column, at) => written[at] ?? new Array<null>(column.values.length).fill(null)) }) };
  }
  const values = type === "bool" ? new Uint8Array(rows) : new Float64Array(rows);
  let at = 0;
  for (const column of columns) {
    values.set(column.values as Uint8Array | Float64Array, at);
    at += column.values.length;
  }
  return type === "bool" ? { name, type, values: values as Uint8Array, valid } : { name, type, values: values as Float64Array, valid };
}
