/** Without this file JSON lines would lose digits, duplicate keys and `__proto__` on the way into a table. */
import { basename } from "node:path";
import { MOST_COLUMNS } from "../../src/ops/schema.ts";
import { EMPTY_QUOTED } from "./csv_guard.ts";
import type { ReadResult } from "./csv.ts";
import { forceColumn, inferColumn } from "./csv_types.ts";
import { askedTypes } from "./column_types.ts";
import { counted } from "../counted.ts";
import { DataError } from "./error.ts";
import { createTable } from "./table.ts";
import { parseFlatObject, type JsonValue } from "./json_line.ts";
import { readSource, type ReadCall } from "./source.ts";
import { MAX_FIELD_BYTES } from "./table_limits.ts";

export interface JsonlOptions extends ReadCall {
  readonly types?: Readonly<Record<string, string>>;
}

/** Cells as the CSV reader has them, so that both give a column the same type. */
interface Gathered {
  readonly cells: string[];
  /** Row of the first text, and of the first value that is none; -1 for none. */
  text: number;
  other: number;
}

/**
 * One JSON object per line as a table. Columns in order of first appearance; a missing key and null are null; each column has one
 * type over all rows, as in CSV, except that quoted text is never a number; whole numbers beyond 2^53 stay text.
 * Throws DataError: `bad-json`, `nested-value`, `duplicate-key`, `nul-byte`, `too-many-columns`, `field-too-large` and what `readSource` throws.
 */
export async function readJsonl(path: string, options: JsonlOptions = {}): Promise<ReadResult> {
  const columns = new Map<string, Gathered>();
  const file = { digest: "", blank: 0 };
  let rows = 0;
  for await (const objects of objectsOf(path, file, options)) {
    for (const entries of objects) {
      rows++;
      for (const [name, value] of entries) {
        let column = columns.get(name);
        if (column === undefined) {
          requireRoom(path, columns.size, rows);
          columns.set(name, (column = { cells: [], text: -1, other: -1 }));
        }
        put(column, rows - 1, value);
      }
    }
  }
  const notes = [...blankNotes(file.blank)];
  const asked = askedTypes(path, [...columns.keys()], options.types ?? {});
  const made = [...columns].map(([name, column]) => {
    while (column.cells.length < rows) column.cells.push("");
    const type = asked.get(name) ?? (column.text >= 0 ? "str" : undefined);
    if (!asked.has(name)) notes.push(...textNotes(name, column));
    if (type !== undefined) return forceColumn(name, type, column.cells);
    const { column: inferred, note } = inferColumn(name, column.cells);
    if (note !== null) notes.push(note);
    return inferred;
  });
  return { table: createTable(basename(path), made, rows), digest: file.digest, notes };
}

/** One line's keys and values, in order. */
export type Entries = readonly (readonly [string, JsonValue])[];

/** The objects of a file, one to a line, also those of a list that `save` wrote; those of a piece of it at a time; blank lines are counted, and the digest is there at the end. */
export async function* objectsOf(path: string, file: { digest: string; blank: number }, { signal, onBytes }: ReadCall = {}): AsyncGenerator<readonly Entries[]> {
  let rows = 0;
  let lines = 0;
  let rest = "";
  /** As `save` writes .json: `[`, then an object and a comma in each line, then `]`. */
  let list = false;
  const parsed = (text: readonly string[]): readonly Entries[] => {
    const objects: Entries[] = [];
    for (const line of text) {
      lines++;
      if (line.trim() === "") {
        file.blank++;
        continue;
      }
      const mark = line.trim();
      if (lines === 1 && (mark === "[" || mark === "[]")) list = true;
      else if (!list || mark !== "]") objects.push([...parseFlatObject(path, list ? line.replace(/,\s*$/, "") : line, { row: ++rows, line: lines })]);
    }
    return objects;
  };
  const place = (): { row: number; text: string } => ({ row: lines + 1, text: ` in line ${lines + 1}` });
  for await (const chunk of readSource(path, { signal, onBytes, onDigest: (found) => (file.digest = found), place })) {
    // Only what is new is searched: a line without an end costs no more than its length.
    const parts = chunk.toString("utf8").split("\n");
    parts[0] = rest + parts[0]!;
    rest = parts.pop() ?? "";
    yield parsed(parts);
    if (rest.length > MAX_FIELD_BYTES * 4) throw new DataError({ code: "field-too-large", message: `${path}: line ${lines + 1} is larger than 64 MB`, row: rows + 1, help: "JSON lines hold one object per line" });
  }
  if (rest !== "") yield parsed([rest]);
}

/** @throws DataError `too-many-columns` */
export function requireRoom(path: string, columns: number, row: number): void {
  if (columns >= MOST_COLUMNS) throw new DataError({ code: "too-many-columns", message: `${path}: there are more than ${MOST_COLUMNS} different keys by row ${row}`, row, help: "keep names that differ from row to row in a column of their own" });
}

export function blankNotes(blank: number): readonly string[] {
  return blank === 0 ? [] : [`${counted(blank, "blank line")} skipped`];
}

export function textNotes(name: string, { text, other }: Pick<Gathered, "text" | "other">): readonly string[] {
  return text >= 0 && other >= 0 ? [`${name} is text: row ${text + 1} holds text, row ${other + 1} does not`] : [];
}

function put(column: Gathered, row: number, value: JsonValue): void {
  while (column.cells.length < row) column.cells.push("");
  note(column, row, value);
  column.cells.push(cellOf(value));
}

/** Remember where text and other values came first. */
export function note(column: { text: number; other: number }, row: number, value: JsonValue): void {
  if (value.kind === "text" && column.text < 0) column.text = row;
  if (value.kind === "plain" && column.other < 0) column.other = row;
}

/** A value as the CSV reader would have its cell. */
export function cellOf(value: JsonValue): string {
  if (value.kind === "text") return value.text === "" ? EMPTY_QUOTED : value.text;
  return value.kind === "null" ? "" : value.text;
}
