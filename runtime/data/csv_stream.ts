/**
 * Without this file a table of a million rows would have to fit in memory before its first row could be left out.
 *
 * A column's type depends on all its cells, so a large file is read twice: `scanCsv` learns types, rows and the content's digest, `streamCsv`
 * gives the rows in tables of bounded size. Both read through the same guard as `readCsv`, and give the same cells, messages and notes.
 */
import { Readable } from "node:stream";
import Papa from "papaparse";
import type { Leniency } from "../../src/ops/op.ts";
import type { ScalarType } from "../../src/ops/schema.ts";
import { askedTypes } from "./column_types.ts";
import { fitted, guarded, nameColumns } from "./csv.ts";
import { dialect } from "./csv_dialect.ts";
import { createGuard } from "./csv_guard.ts";
import { createInference, markOf, infer, noteOf, type Inference } from "./csv_types.ts";
import { DataError } from "./error.ts";
import type { Table } from "./frame.ts";
import { changed, createPieces, forced, PIECE_ROWS, type Scan, type ScannedColumn } from "./pieces.ts";
import type { ReadCall } from "./source.ts";

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

export interface CsvStreamOptions extends Leniency, ReadCall {
  readonly separator: string;
}

/**
 * Types, number of rows and digest of a CSV file, without holding it. Throws DataError as `readCsv` does: what is wrong with the text first,
 * then with the header, then with the types asked for, column by column.
 */
export async function scanCsv(path: string, options: CsvStreamOptions & { readonly types: Readonly<Record<string, string>> }): Promise<Scan> {
  const { separator } = options;
  const guard = createGuard(path, separator.charCodeAt(0), options);
  const table = createScanner(path, options);
  let digest = "";
  for await (const some of rowsOf(guarded(path, guard, options, (found) => (digest = found)), separator)) some.forEach(table.take);
  const { columns, rows, notes } = table.end();
  return { columns, rows, digest, notes: [...guard.notes(), ...notes] };
}

interface Scanner {
  take(row: readonly string[]): void;
  /** @throws DataError for the first mistake in the order in which `readCsv` finds them */
  end(): Pick<Scan, "columns" | "rows" | "notes">;
}

function createScanner(path: string, { types, ragged, ...marks }: { readonly types: Readonly<Record<string, string>> } & Leniency): Scanner {
  const mark = markOf(marks);
  const notes: string[] = [];
  let names: readonly string[] | null = null;
  let asked = new Map<string, ScalarType>();
  let rows = 0;
  let states: Inference[] = [];
  let piece: string[][] = [];
  let nullable: boolean[] = [];
  /** The rest of a file may hold a mistake that comes first. */
  let unreadable: DataError | null = null;
  const unfit: DataError[] = [];

  const begin = (header: readonly string[]): void => {
    try {
      names = nameColumns(path, header, notes);
      asked = askedTypes(path, names, types);
    } catch (error) {
      unreadable = dataError(error);
    }
    states = header.map(() => createInference(mark));
    piece = header.map(() => []);
    nullable = header.map(() => false);
  };
  const check = (from: number): void => {
    names?.forEach((name, at) => {
      const type = asked.get(name);
      if (type === undefined || unfit[at] !== undefined) return;
      try {
        const { valid } = forced(name, type, piece[at]!, from, false, mark);
        nullable[at] ||= valid !== null;
      } catch (error) {
        unfit[at] = dataError(error);
      }
    });
    piece = piece.map(() => []);
  };
  return {
    take: (row) => {
      if (names === null && unreadable === null) return begin(row);
      const whole = fitted(row, states.length, ragged);
      if (whole === null || unreadable !== null) return;
      names!.forEach((name, at) => {
        if (asked.has(name)) piece[at]!.push(whole[at]!);
        else infer(states[at]!, whole[at]!);
      });
      if (++rows % PIECE_ROWS === 0) check(rows - PIECE_ROWS);
    },
    end: () => {
      if (names === null && unreadable === null) begin([]);
      if (unreadable !== null) throw unreadable;
      check(rows - (rows % PIECE_ROWS));
      const [wrong] = unfit.filter((each) => each !== undefined);
      if (wrong !== undefined) throw wrong;
      const columns = names!.map((name, at): ScannedColumn => {
        const state = states[at]!;
        const note = asked.has(name) ? null : noteOf(name, state);
        if (note !== null) notes.push(note);
        return { name, type: asked.get(name) ?? state.type ?? "str", nullable: asked.has(name) ? nullable[at]! : state.present < state.rows, asked: asked.has(name) };
      });
      return { columns, rows, notes };
    },
  };
}

function dataError(error: unknown): DataError {
  if (error instanceof DataError) return error;
  throw error;
}

/** The rows of a scanned file in tables of at most 8,192 rows or about 4 MB. Throws `input-changed` at the end where it is another file now. */
export async function* streamCsv(path: string, options: CsvStreamOptions, scan: Scan): AsyncGenerator<Table> {
  const guard = createGuard(path, options.separator.charCodeAt(0), options);
  const pieces = createPieces(path, scan, markOf(options));
  let found = "";
  let header = true;
  for await (const some of rowsOf(guarded(path, guard, options, (each) => (found = each)), options.separator)) {
    for (const row of some) {
      if (header) {
        header = false;
        continue;
      }
      const whole = fitted(row, scan.columns.length, options.ragged);
      if (whole === null) continue;
      if (whole.length !== scan.columns.length) throw changed(path);
      whole.forEach((cell, at) => pieces.put(at, cell));
      const piece = pieces.endRow();
      if (piece !== null) yield piece;
    }
  }
  yield* pieces.rest(found);
}
