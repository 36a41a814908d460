/** Without this file JSON lines would lose digits, duplicate keys and `__proto__` on the way into a table. */
import { basename } from "node:path";
import { MAX_COLUMNS, EMPTY_QUOTED, MAX_FIELD_BYTES } from "./csv_guard.ts";
import type { ReadResult } from "./csv.ts";
import { forceColumn, inferColumn } from "./csv_types.ts";
import { askedTypes } from "./column_types.ts";
import { DataError } from "./error.ts";
import { createTable } from "./table.ts";
import { parseFlatObject, type JsonValue } from "./json_line.ts";
import { readSource } from "./source.ts";

export interface JsonlOptions {
  readonly types?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
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
  let rows = 0;
  let lines = 0;
  let blank = 0;
  let digest = "";
  const addRow = (line: string): void => {
    lines++;
    if (line.trim() === "") {
      blank++;
      return;
    }
    rows++;
    for (const [name, value] of parseFlatObject(path, line, { row: rows, line: lines })) {
      let column = columns.get(name);
      if (column === undefined) {
        if (columns.size >= MAX_COLUMNS) throw new DataError({ code: "too-many-columns", message: `${path}: there are more than ${MAX_COLUMNS} different keys by row ${rows}`, row: rows, help: "keep names that differ from row to row in a column of their own" });
        columns.set(name, (column = { cells: [], text: -1, other: -1 }));
      }
      put(column, rows - 1, value);
    }
  };
  let rest = "";
  const place = (): { row: number; text: string } => ({ row: lines + 1, text: ` in line ${lines + 1}` });
  for await (const chunk of readSource(path, { signal: options.signal, onDigest: (found) => (digest = found), place })) {
    // Only what is new is searched: a line without an end costs no more than its length.
    const parts = chunk.toString("utf8").split("\n");
    parts[0] = rest + parts[0]!;
    rest = parts.pop() ?? "";
    for (const line of parts) addRow(line);
    if (rest.length > MAX_FIELD_BYTES * 4) throw new DataError({ code: "field-too-large", message: `${path}: line ${lines + 1} is larger than 64 MB`, row: rows + 1, help: "JSON lines hold one object per line" });
  }
  if (rest !== "") addRow(rest);
  const notes = blank === 0 ? [] : [blank === 1 ? "1 blank line skipped" : `${blank} blank lines skipped`];
  const asked = askedTypes(path, [...columns.keys()], options.types ?? {});
  const made = [...columns].map(([name, column]) => {
    while (column.cells.length < rows) column.cells.push("");
    const type = asked.get(name) ?? (column.text >= 0 ? "str" : undefined);
    if (column.text >= 0 && column.other >= 0 && !asked.has(name)) notes.push(`${name} is text: row ${column.text + 1} holds text, row ${column.other + 1} does not`);
    if (type !== undefined) return forceColumn(name, type, column.cells);
    const { column: inferred, note } = inferColumn(name, column.cells);
    if (note !== null) notes.push(note);
    return inferred;
  });
  return { table: createTable(basename(path), made, rows), digest, notes };
}

function put(column: Gathered, row: number, value: JsonValue): void {
  while (column.cells.length < row) column.cells.push("");
  if (value.kind === "text") {
    if (column.text < 0) column.text = row;
    column.cells.push(value.text === "" ? EMPTY_QUOTED : value.text);
    return;
  }
  if (value.kind === "plain" && column.other < 0) column.other = row;
  column.cells.push(value.kind === "null" ? "" : value.text);
}
