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
import { createObjectSplitter, type WrittenObject } from "./json_list.ts";
import { parseObject, type JsonValue } from "./json_line.ts";
import { readSource, type ReadCall } from "./source.ts";

/** What is done with lists and objects in a cell: they are text, or their columns are left out; and what one object around the whole file calls its rows. */
export interface Nesting {
  readonly nested?: "drop" | undefined;
  readonly within?: string | undefined;
}

export interface JsonlOptions extends ReadCall, Nesting {
  readonly types?: Readonly<Record<string, string>>;
}

/** Cells as the CSV reader has them, so that both give a column the same type. */
interface Gathered {
  readonly cells: string[];
  /** Row of the first text, of the first value that is none, and of the first list or object; -1 for none. */
  text: number;
  other: number;
  nested: number;
}

/**
 * One JSON object per line, or a list of them, as a table. Columns in order of first appearance; a missing key and null are null; each column has one
 * type over all rows, as in CSV, except that quoted text is never a number, and a list or an object is its JSON as text; whole numbers beyond 2^53 stay text.
 * Throws DataError: `bad-json`, `duplicate-key`, `nul-byte`, `too-many-columns`, `field-too-large` and what `readSource` throws.
 */
export async function readJsonl(path: string, options: JsonlOptions = {}): Promise<ReadResult> {
  const columns = new Map<string, Gathered>();
  const file: JsonFile = { digest: "", blank: 0 };
  let rows = 0;
  for await (const objects of objectsOf(path, file, options)) {
    for (const entries of objects) {
      rows++;
      for (const [name, value] of entries) {
        let column = columns.get(name);
        if (column === undefined) {
          requireRoom(path, columns.size, rows);
          columns.set(name, (column = { cells: [], text: -1, other: -1, nested: -1 }));
        }
        put(column, rows - 1, value);
      }
    }
  }
  const notes = [...fileNotes(file), ...leaveOutNested(columns)];
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

/** What is known of a file when all of it was read: its digest, its blank lines, and whether its only object is a whole table, laid out in another way. */
export interface JsonFile {
  digest: string;
  blank: number;
  turned?: boolean;
}

/** The objects of a file, one to a line or in a list; those of a piece of it at a time. */
export async function* objectsOf(path: string, file: JsonFile, { signal, onBytes, nested, within }: ReadCall & Nesting = {}): AsyncGenerator<readonly Entries[]> {
  let rows = 0;
  const splitter = createObjectSplitter(path, within);
  const parsed = (found: readonly WrittenObject[]): readonly Entries[] => {
    const objects = found.map(({ text, line }): Entries => [...parseObject(path, text, { row: ++rows, line, nested })]);
    file.turned = rows === 1 && (objects.length === 0 ? file.turned === true : isTable(objects[0]!));
    return objects;
  };
  const place = (): { row: number; text: string } => ({ row: splitter.row, text: ` in line ${splitter.line}` });
  for await (const chunk of readSource(path, { signal, onBytes, onDigest: (found) => (file.digest = found), place })) yield parsed(splitter.push(chunk.toString("utf8")));
  yield parsed(splitter.end());
  file.blank = splitter.blank;
}

/** @throws DataError `too-many-columns` */
export function requireRoom(path: string, columns: number, row: number): void {
  if (columns >= MOST_COLUMNS) throw new DataError({ code: "too-many-columns", message: `${path}: there are more than ${MOST_COLUMNS} different keys by row ${row}`, row, help: "keep names that differ from row to row in a column of their own" });
}

/** What is told of the file as a whole. */
export function fileNotes({ blank, turned }: JsonFile): readonly string[] {
  return [
    ...(blank === 0 ? [] : [`${counted(blank, "blank line")} skipped`]),
    ...(turned === true ? ['the file is one object that holds a whole table, as pandas\' to_json writes it: that is one row here; with df.to_json("rows.jsonl", orient="records", lines=True) each row is one'] : []),
  ];
}

/** Whether one object is a table as pandas writes it: by columns, `{"a": {"0": 1, "1": 2}}`, by rows, `{"0": {"a": 1}}`, or split in `columns`, `index` and `data`. */
function isTable(entries: Entries): boolean {
  const text = ([, value]: Entries[number]): string => (value.kind === "text" ? value.text : "");
  const names = entries.map(([name]) => name).sort().join();
  return entries.length > 0 && (entries.every((entry) => /^\{\s*"0"\s*:/.test(text(entry))) || entries.every((entry, i) => entry[0] === String(i) && text(entry).startsWith("{")) || (names === "columns,data,index" && entries.every((entry) => text(entry).startsWith("["))));
}

/** Takes columns out that hold a list or an object; a note for each. */
export function leaveOutNested(columns: Map<string, { readonly nested: number }>): readonly string[] {
  const left = [...columns].filter(([, { nested }]) => nested >= 0);
  for (const [name] of left) columns.delete(name);
  return left.map(([name, { nested }]) => `${name} is left out: row ${nested + 1} holds a list or an object`);
}

export function textNotes(name: string, { text, other }: Pick<Gathered, "text" | "other">): readonly string[] {
  return text >= 0 && other >= 0 ? [`${name} is text: row ${text + 1} holds text, row ${other + 1} does not`] : [];
}

function put(column: Gathered, row: number, value: JsonValue): void {
  while (column.cells.length < row) column.cells.push("");
  note(column, row, value);
  column.cells.push(cellOf(value));
}

/** Remember where text, other values and nested ones came first. */
export function note(column: { text: number; other: number; nested: number }, row: number, value: JsonValue): void {
  if (value.kind === "nested" && column.nested < 0) column.nested = row;
  if (value.kind === "text" && column.text < 0) column.text = row;
  if (value.kind === "plain" && column.other < 0) column.other = row;
}

/** A value as the CSV reader would have its cell. */
export function cellOf(value: JsonValue): string {
  if (value.kind === "text") return value.text === "" ? EMPTY_QUOTED : value.text;
  return value.kind === "plain" ? value.text : "";
}
