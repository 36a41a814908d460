/**
 * Without this file a table of a million rows would have to fit in memory before its first row could be left out.
 *
 * A column's type depends on all its cells, so a large file is read twice: `scanCsv` learns types, rows and the content's digest, `streamCsv`
 * gives the rows in tables of bounded size. Both read through the same guard as `readCsv`, and give the same cells, messages and notes.
 */
import { basename } from "node:path";
import { Readable } from "node:stream";
import Papa from "papaparse";
import type { ScalarType } from "../../src/ops/schema.ts";
import { askedTypes } from "./column_types.ts";
import { guarded, nameColumns } from "./csv.ts";
import { dialect } from "./csv_dialect.ts";
import { createGuard } from "./csv_guard.ts";
import { buildColumn, createInference, forceColumn, infer, noteOf, type Inference } from "./csv_types.ts";
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
}

/** Rows and characters of one piece at most. */
export const PIECE_ROWS = 8192;
export const PIECE_CHARACTERS = 1 << 22;

/**
 * Rows of a guarded file, header first, some at a time; the guard has made sure that all are equally long. No text is read while rows
 * wait: papaparse's own pausing parses the rest of a chunk anew each time, which takes the square of the time.
 */
async function* rowsOf(text: AsyncGenerator<string>, separator: string): AsyncGenerator<readonly string[][]> {
  let waiting: string[][] = [];
  let ended = false;
  let failure: unknown = null;
  let wake = (): void => {};
  let drained = (): void => {};
  const source = async function* (): AsyncGenerator<string> {
    for await (const piece of text) {
      yield piece;
      while (waiting.length > 0 && !ended) await new Promise<void>((resolve) => (drained = resolve));
    }
  };
  const input = Readable.from(source());
  const end = (error: unknown): void => {
    failure ??= error;
    ended = true;
    wake();
  };
  Papa.parse<string[]>(input, {
    ...dialect(separator),
    chunk: ({ data, errors }) => {
      if (errors.length > 0) end(new Error(`papaparse and its guard disagree: ${errors[0]!.message}`));
      waiting = waiting.length === 0 ? data : waiting.concat(data);
      wake();
    },
    complete: () => end(null),
    error: end,
  });
  try {
    for (;;) {
      const rows = waiting;
      waiting = [];
      drained();
      if (rows.length > 0) yield rows;
      else if (failure !== null) throw failure;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    ended = true;
    drained();
    input.destroy();
  }
}

/** Types, number of rows and digest of a CSV file, without holding it. Throws DataError as `readCsv` does. */
export async function scanCsv(path: string, { separator, types }: { readonly separator: string; readonly types: Readonly<Record<string, string>> }): Promise<Scan> {
  const guard = createGuard(path, separator.charCodeAt(0));
  let digest = "";
  let header: readonly string[] | null = null;
  let rows = 0;
  const states: Inference[] = [];
  let asked = new Map<string, ScalarType>();
  const notes: string[] = [];
  let names: string[] = [];
  const nullable: boolean[] = [];
  let piece: string[][] = [];
  const check = (from: number): void => {
    names.forEach((name, at) => {
      const type = asked.get(name);
      if (type !== undefined) nullable[at] = forced(name, type, piece[at]!, from, false).valid !== null || nullable[at] === true;
    });
    piece = names.map(() => []);
  };
  const take = (row: string[]): void => {
    if (header === null) {
      header = row;
      names = nameColumns(path, row, notes);
      asked = new Map(askedTypes(path, names, types));
      states.push(...names.map(createInference));
      piece = names.map(() => []);
      return;
    }
    names.forEach((name, at) => {
      const cell = row[at]!;
      if (asked.has(name)) piece[at]!.push(cell);
      else infer(states[at]!, cell);
    });
    if (++rows % PIECE_ROWS === 0) check(rows - PIECE_ROWS);
  };
  for await (const some of rowsOf(guarded(path, guard, {}, (found) => (digest = found)), separator)) some.forEach(take);
  if (header === null) names = nameColumns(path, [], notes);
  check(rows - (rows % PIECE_ROWS));
  const columns = names.map((name, at): ScannedColumn => {
    const state = states[at]!;
    const note = asked.has(name) ? null : noteOf(name, state);
    if (note !== null) notes.push(note);
    return { name, type: asked.get(name) ?? state.type ?? "str", nullable: asked.has(name) ? nullable[at] === true : state.present < state.rows, asked: asked.has(name) };
  });
  return { columns, rows, digest, notes: [...guard.notes(), ...notes] };
}

/** A piece of a column whose type was asked for; rows in messages count from the start of the file. */
function forced(name: string, type: ScalarType, cells: readonly string[], from: number, nullable: boolean): ReturnType<typeof forceColumn> {
  try {
    const column = forceColumn(name, type, cells);
    return column.valid === null && nullable ? { ...column, valid: new Uint8Array(cells.length).fill(1) } : column;
  } catch (error) {
    if (!(error instanceof DataError) || error.row === null) throw error;
    const row = error.row + from;
    throw new DataError({ code: error.code, message: error.message.replace(`row ${error.row}`, `row ${row}`), notes: error.notes, ...(error.help === null ? {} : { help: error.help }), row, column: name });
  }
}

/** Rows `from` on of a scanned file, from their cells by column. */
export function pieceOf(path: string, columns: readonly ScannedColumn[], cells: readonly (readonly string[])[], from: number, rows: number): Table {
  return createTable(basename(path), columns.map(({ name, type, nullable, asked }, at) => (asked ? forced(name, type, cells[at]!, from, nullable) : buildColumn(name, type, cells[at]!, nullable))), rows);
}

/** The rows of a scanned file in tables of at most 8,192 rows or about 4 MB. Throws `input-changed` at the end where it is another file now. */
export async function* streamCsv(path: string, separator: string, { columns, rows, digest }: Scan): AsyncGenerator<Table> {
  const guard = createGuard(path, separator.charCodeAt(0));
  let found = "";
  let cells: string[][] = columns.map(() => []);
  let held = 0;
  let characters = 0;
  let given = 0;
  let header = true;
  const piece = (): Table => {
    const table = pieceOf(path, columns, cells, given, held);
    given += held;
    held = 0;
    characters = 0;
    cells = columns.map(() => []);
    return table;
  };
  for await (const some of rowsOf(guarded(path, guard, {}, (each) => (found = each)), separator)) {
    for (const row of some) {
      if (header) {
        header = false;
        continue;
      }
      if (row.length !== columns.length) throw changed(path);
      row.forEach((cell, at) => {
        cells[at]!.push(cell);
        characters += cell.length;
      });
      held++;
      if (held === PIECE_ROWS || characters > PIECE_CHARACTERS) yield piece();
    }
  }
  if (held > 0 || given === 0) yield piece();
  if (found !== digest || given !== rows) throw changed(path);
}

export function changed(path: string): DataError {
  return new DataError({ code: "input-changed", message: `\`${basename(path)}\` changed after it was checked`, help: "run the line that reads it again" });
}
