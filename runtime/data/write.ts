/** Without this file results could be seen but not handed to another program. */
import type { Column, Table, Value } from "./frame.ts";
import { replaced } from "./replaced.ts";
import { requireRoom } from "./room.ts";
import { cellAt, takeRows } from "./table.ts";
import { tableChunks } from "./to_table.ts";

export type RowFormat = "csv" | "tsv" | "jsonl" | "json";

/** What spreadsheets would run instead of showing; wide signs are plain ones to those of East Asia. */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
/** A number below zero as it is written here: nothing to run, in a text as in a column of numbers. */
const NEGATIVE = /^-(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|inf)$/;

export interface RowOptions {
  /** Text that spreadsheets would run is left as it is. */
  readonly raw?: boolean;
  /** Told of each cell, and name of a column, that got a `'` in front. */
  readonly onFormula?: () => void;
}
const LARGEST_INT = 2 ** 53;

/** Rows on their way into a file, table by table. */
export interface Encoder<Chunk extends string | Uint8Array = string | Uint8Array> {
  /** What a table of the same columns adds to the file; there is at least one table. */
  piece(table: Table): Chunk;
  /** What stands behind the last one. */
  end(): Chunk;
}

/**
 * A value as text, in pieces that can be written while the rest is made; the whole ends in a line end. A value without rows keeps its header (csv, tsv) or is `[]` (json).
 * csv: RFC 4180 with LF; null is an empty cell, empty text is `""`; text (header too) that starts with = + - @ tab, CR or LF
 *   and is no number gets a `'` in front, so that spreadsheets do not run it. `raw` leaves it as it is.
 * tsv: the same with tabs, as pandas, R and spreadsheets write and read it: a quote that stands alone would begin a cell over many rows there.
 * jsonl, json: one object per row, columns in order; null for null, NaN and infinities; ints beyond 2^53 as text.
 * csv and tsv write NaN, inf and -inf, which pandas reads. Zero below zero is -0 in all of them, and is read as that.
 */
export function* formatRows(value: Value, format: RowFormat, options: RowOptions = {}): Generator<string> {
  if (value.kind === "text" && value.data !== undefined && (format === "json" || format === "jsonl")) {
    yield `${JSON.stringify(value.data, null, format === "json" ? 2 : 0)}\n`;
    return;
  }
  const made = rowEncoder(format, options);
  for (const table of tableChunks(value)) for (const portion of portions(table)) yield made.piece(portion);
  yield made.end();
}

/** Characters of the texts that are written at once: a text has 536 million at most, and escapes make it longer. */
const PORTION = 1 << 24;

/** A table in parts whose texts are not too long together, at least one; rows are never cut. */
export function* portions(table: Table, most = PORTION): Generator<Table> {
  const texts = table.columns.filter((column) => column.type === "str");
  let from = 0;
  let characters = 0;
  const part = (to: number): Table => (from === 0 && to === table.rows ? table : takeRows(table, Uint32Array.from({ length: to - from }, (_, i) => from + i)));
  for (let row = 0; row < table.rows; row++) {
    const here = texts.reduce((sum, { values }) => sum + values[row]!.length, 0);
    if (characters > 0 && characters + here > most) {
      // A text that was put together of others takes its room only when it is read.
      requireRoom(() => `the texts of ${table.origin}`);
      yield part(row);
      from = row;
      characters = 0;
    }
    characters += here;
  }
  yield part(table.rows);
}

/** The same of tables that come one after another. */
export function rowEncoder(format: RowFormat, options: RowOptions = {}): Encoder<string> {
  let first = true;
  const guarded = guardOf(options);
  const cell = (text: string): string => quoted(guarded(text), CELLS.csv);
  const tabbed = (text: string): string => quoted(guarded(text), CELLS.tsv);
  const text = (table: Table): string => {
    switch (format) {
      case "csv":
        return (first ? `${table.columns.map(({ name }) => cell(name)).join(",")}\n` : "") + lines(table, (column, row) => shownCell(column, row, cell), ",");
      case "tsv":
        return (first ? `${table.columns.map(({ name }) => tabbed(name)).join("\t")}\n` : "") + lines(table, (column, row) => shownCell(column, row, tabbed), "\t");
      case "jsonl":
        return objects(table).map((object) => `${object}\n`).join("");
      case "json":
        return `${first ? "[\n" : ",\n"}${objects(table).join(",\n")}`;
      default:
        return format satisfies never;
    }
  };
  return {
    piece: (table) => {
      // A list begins with its first row.
      if (format === "json" && table.rows === 0) return "";
      const made = text(table);
      first = false;
      return made;
    },
    end: () => (format !== "json" ? "" : first ? "[]\n" : "\n]\n"),
  };
}

function lines(table: Table, cell: (column: Column, row: number) => string, separator: string): string {
  let text = "";
  for (let row = 0; row < table.rows; row++) {
    for (let at = 0; at < table.columns.length; at++) text += (at === 0 ? "" : separator) + cell(table.columns[at]!, row);
    text += "\n";
  }
  return text;
}

function shownCell(column: Column, row: number, shown: (text: string) => string): string {
  const cell = cellAt(column, row);
  return cell === null ? "" : typeof cell === "string" ? shown(cell) : written(column.type, cell);
}

const guardOf = ({ raw, onFormula }: RowOptions) => (text: string): string => {
  if (raw === true || !FORMULA.test(text) || NEGATIVE.test(text)) return text;
  onFormula?.();
  return `'${text}`;
};

const CELLS = { csv: /[",\r\n]/, tsv: /["\t\r\n]/ };
const quoted = (text: string, special: RegExp): string => (text === "" || special.test(text) ? `"${replaced(text, '"', '""')}"` : text);

/** A number, or true or false, as csv, tsv and what names numbers in texts have it. */
export function written(type: Column["type"], cell: number | boolean): string {
  if (type === "int" && Math.abs(Number(cell)) > LARGEST_INT && Number.isFinite(cell)) return String(BigInt(cell));
  if (cell === Number.POSITIVE_INFINITY) return "inf";
  if (cell === Number.NEGATIVE_INFINITY) return "-inf";
  return typeof cell === "number" ? digits(cell) : String(cell);
}

/** A float beyond 2^53 is written with an exponent: as digits alone it would be a whole number, and be read as text. Zero keeps its sign, as it does in Parquet. */
const digits = (cell: number): string => (Object.is(cell, -0) ? "-0" : Math.abs(cell) > LARGEST_INT && Number.isFinite(cell) ? cell.toExponential() : String(cell));

/** Objects as text, never as objects: a column may be called `__proto__`. */
function objects(table: Table): string[] {
  const keys = table.columns.map(({ name }) => JSON.stringify(name));
  return Array.from({ length: table.rows }, (_, row) => `{${table.columns.map((column, at) => `${keys[at]}:${jsonCell(column, row)}`).join(",")}}`);
}

function jsonCell(column: Column, row: number): string {
  const cell = cellAt(column, row);
  if (typeof cell !== "number") return JSON.stringify(cell);
  if (!Number.isFinite(cell)) return "null";
  return column.type === "int" && Math.abs(cell) > LARGEST_INT ? `"${BigInt(cell)}"` : digits(cell);
}
