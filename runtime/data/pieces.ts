/** Without this file each kind of file that is streamed would gather its rows into tables, and notice that it is another file now, in its own way. */
import { basename } from "node:path";
import type { ScalarType } from "../../src/ops/schema.ts";
import { buildColumn, forceColumn, type DecimalMark } from "./csv_types.ts";
import { DataError } from "./error.ts";
import type { Table } from "./frame.ts";
import { createTable } from "./table.ts";

export interface ScannedColumn {
  readonly name: string;
  readonly type: ScalarType;
  readonly nullable: boolean;
  /** Whether its user gave the type. */
  readonly asked: boolean;
}

export interface Scan {
  readonly columns: readonly ScannedColumn[];
  readonly rows: number;
  readonly digest: string;
  readonly notes: readonly string[];
  /** Columns of the file that are no columns of the table. */
  readonly leftOut?: readonly string[];
}

/** Rows and characters of one piece at most. */
export const PIECE_ROWS = 8192;
export const PIECE_CHARACTERS = 1 << 22;

/** Rows on their way into tables. */
export interface Pieces {
  /** A cell of the row that is being read, as CSV has it: empty is null, and so is what is not put. */
  put(at: number, cell: string): void;
  /** The row is complete; a table where there is enough for one. */
  endRow(): Table | null;
  /** What is left, at least one table in all. `found`: the digest of what was read. @throws DataError `input-changed` where it is not the file that was scanned */
  rest(found: string): Generator<Table>;
}

export function createPieces(path: string, { columns, rows, digest }: Scan, decimal?: DecimalMark): Pieces {
  let cells: string[][] = columns.map(() => []);
  let held = 0;
  let characters = 0;
  let given = 0;
  const fill = (column: string[]): void => {
    while (column.length < held) column.push("");
  };
  const piece = (): Table => {
    cells.forEach(fill);
    const table = createTable(basename(path), columns.map(({ name, type, nullable, asked }, at) => (asked ? forced(name, type, cells[at]!, given, nullable, decimal) : buildColumn(name, type, cells[at]!, nullable, decimal))), held);
    given += held;
    held = 0;
    characters = 0;
    cells = columns.map(() => []);
    return table;
  };
  return {
    put: (at, cell) => {
      fill(cells[at]!);
      cells[at]!.push(cell);
      characters += cell.length;
    },
    endRow: () => {
      held++;
      return held === PIECE_ROWS || characters > PIECE_CHARACTERS ? piece() : null;
    },
    *rest(found) {
      if (held > 0 || given === 0) yield piece();
      if (found !== digest || given !== rows) throw changed(path);
    },
  };
}

/** A piece of a column whose type was asked for; rows in messages count from the start of the file. */
export function forced(name: string, type: ScalarType, cells: readonly string[], from: number, nullable: boolean, decimal?: DecimalMark): ReturnType<typeof forceColumn> {
  try {
    const column = forceColumn(name, type, cells, decimal);
    return column.valid === null && nullable ? { ...column, valid: new Uint8Array(cells.length).fill(1) } : column;
  } catch (error) {
    if (!(error instanceof DataError) || error.row === null) throw error;
    const row = error.row + from;
    throw new DataError({ code: error.code, message: error.message.replace(`row ${error.row}`, `row ${row}`), notes: error.notes, ...(error.help === null ? {} : { help: error.help }), row, column: name });
  }
}

export function changed(path: string): DataError {
  return new DataError({ code: "input-changed", message: `\`${basename(path)}\` changed after it was checked`, notes: ["the line that reads it is run again"] });
}
