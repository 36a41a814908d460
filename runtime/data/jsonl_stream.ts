/**
 * Without this file a million JSON lines would have to fit in memory before the first could be left out.
 *
 * As with CSV a large file is read twice: for its columns and their types, which depend on all lines, and for its rows in tables of bounded size.
 */
import type { ScalarType } from "../../src/ops/schema.ts";
import { askedTypes } from "./column_types.ts";
import { DataError } from "./error.ts";
import { changed, createPieces, type Scan, type ScannedColumn } from "./pieces.ts";
import { createInference, infer, noteOf, type Inference } from "./csv_types.ts";
import type { Table } from "./frame.ts";
import type { ReadCall } from "./source.ts";
import { cellOf, fileNotes, leaveOutNested, note, objectsOf, requireRoom, textNotes, type JsonFile, type Nesting } from "./jsonl.ts";

interface Seen {
  readonly state: Inference;
  text: number;
  other: number;
  nested: number;
  present: number;
}

/** Columns in order of appearance with their types, number of rows and digest of a JSON-lines file, without holding it. Throws DataError as `readJsonl` does. */
export async function scanJsonl(path: string, { types, ...call }: ReadCall & Nesting & { readonly types: Readonly<Record<string, string>> }): Promise<Scan> {
  const columns = new Map<string, Seen>();
  const file: JsonFile = { digest: "", blank: 0 };
  let rows = 0;
  for await (const objects of objectsOf(path, file, call)) {
    for (const entries of objects) {
      for (const [name, value] of entries) {
        let column = columns.get(name);
        if (column === undefined) {
          requireRoom(path, columns.size, rows + 1);
          columns.set(name, (column = { state: createInference(), text: -1, other: -1, nested: -1, present: 0 }));
        }
        note(column, rows, value);
        if (value.kind !== "null") column.present++;
        // Lines without the key are nulls.
        column.state.rows = rows;
        infer(column.state, cellOf(value));
      }
      rows++;
    }
  }
  const nested = [...columns].flatMap(([name, column]) => (column.nested >= 0 ? [name] : []));
  const notes = [...fileNotes(file), ...leaveOutNested(columns)];
  const asked = askedTypes(path, [...columns.keys()], types);
  const scanned = [...columns].map(([name, column]): ScannedColumn => {
    const type: ScalarType | undefined = asked.get(name) ?? (column.text >= 0 ? "str" : undefined);
    if (!asked.has(name)) notes.push(...textNotes(name, column));
    const hint = type === undefined ? noteOf(name, column.state) : null;
    if (hint !== null) notes.push(hint);
    return { name, type: type ?? column.state.type ?? "str", nullable: column.present < rows, asked: asked.has(name) };
  });
  const scan: Scan = { columns: scanned, rows, digest: file.digest, notes, leftOut: nested };
  return asked.size === 0 ? scan : tried(path, scan, call);
}

/** A cell that does not fit the type asked for is a mistake to tell now, not after the model has run for an hour; and NaN in a column asked to be float is a null. */
async function tried(path: string, scan: Scan, { signal, nested, within }: ReadCall & Nesting): Promise<Scan> {
  const nullable = scan.columns.map((column) => column.nullable);
  try {
    for await (const piece of streamJsonl(path, { signal, nested, within }, scan)) piece.columns.forEach(({ valid }, at) => (nullable[at] ||= valid !== null));
  } catch (error) {
    if (!(error instanceof DataError) || error.code !== "type-mismatch") throw error;
    // Read whole, columns are typed one after the other: a cell further down in an earlier column is told first.
    const from = scan.columns.findIndex(({ name }) => name === error.column);
    const earlier = scan.columns.map((column, at) => ({ ...column, asked: column.asked && at < from }));
    if (earlier.some(({ asked }) => asked)) await tried(path, { ...scan, columns: earlier }, { signal, nested, within });
    throw error;
  }
  return { ...scan, columns: scan.columns.map((column, at) => ({ ...column, nullable: nullable[at]! })) };
}

/** The rows of a scanned file in tables of at most 8,192 rows or about 4 MB. Throws `input-changed` at the end where it is another file now. */
export async function* streamJsonl(path: string, call: ReadCall & Nesting, scan: Scan): AsyncGenerator<Table> {
  const file = { digest: "", blank: 0 };
  const places = new Map(scan.columns.map(({ name }, at) => [name, at]));
  const leftOut = new Set(scan.leftOut);
  const pieces = createPieces(path, scan);
  for await (const objects of objectsOf(path, file, call)) {
    for (const entries of objects) {
      for (const [name, value] of entries) {
        const at = places.get(name);
        if (at === undefined && leftOut.has(name)) continue;
        if (at === undefined) throw changed(path);
        pieces.put(at, cellOf(value));
      }
      const piece = pieces.endRow();
      if (piece !== null) yield piece;
    }
  }
  yield* pieces.rest(file.digest);
}
