/**
 * Without this file a table of a million rows would have to fit in memory before its first row could be left out.
 *
 * A column's type depends on all its cells, so a large file is read twice: `scanCsv` learns types, rows and the content's digest, `streamCsv`
 * gives the rows in tables of bounded size. Both read through the same guard as `readCsv`, and give the same cells, messages and notes.
 */
import { Readable } from "node:stream";
import Papa from "papaparse";
import type { ScalarType } from "../../src/ops/schema.ts";
import { askedTypes } from "./column_types.ts";
import { guarded, nameColumns } from "./csv.ts";
import { dialect } from "./csv_dialect.ts";
import { createGuard } from "./csv_guard.ts";
import { createInference, infer, noteOf, type Inference } from "./csv_types.ts";
import type { Table } from "./frame.ts";
import { changed, createPieces, forced, PIECE_ROWS, type Scan, type ScannedColumn } from "./pieces.ts";

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

/** The rows of a scanned file in tables of at most 8,192 rows or about 4 MB. Throws `input-changed` at the end where it is another file now. */
export async function* streamCsv(path: string, separator: string, scan: Scan): AsyncGenerator<Table> {
  const guard = createGuard(path, separator.charCodeAt(0));
  const pieces = createPieces(path, scan);
  let found = "";
  let header = true;
  for await (const some of rowsOf(guarded(path, guard, {}, (each) => (found = each)), separator)) {
    for (const row of some) {
      if (header) {
        header = false;
        continue;
      }
      if (row.length !== scan.columns.length) throw changed(path);
      row.forEach((cell, at) => pieces.put(at, cell));
      const piece = pieces.endRow();
      if (piece !== null) yield piece;
    }
  }
  yield* pieces.rest(found);
}
