/** Without this file the many types of Parquet would not have one meaning each in saeq, and saeq's four none in Parquet. */
import type { ParquetParsers, SchemaElement, TimeUnit } from "hyparquet";
import type { ScalarType } from "../../src/ops/schema.ts";
import { DataError } from "./error.ts";
import type { Cell, Column } from "./frame.ts";
import { createColumn } from "./table.ts";

const LARGEST_INT = 2n ** 53n;
/** Whatever a text begins with belongs to it: U+FEFF is dropped otherwise. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes === null) return undefined;
  try {
    return strict.decode(bytes);
  } catch {
    throw new DataError({ code: "not-utf8", message: "a text in this Parquet file is not valid UTF-8" });
  }
}

/** ISO 8601 from a count of units since 1970, with as many decimals as the unit has. */
function moment(count: bigint | number, perSecond: bigint, decimals: number): string {
  const units = BigInt(count);
  const seconds = units / perSecond - (units % perSecond < 0n ? 1n : 0n);
  const rest = units - seconds * perSecond;
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new DataError({ code: "not-parquet", message: "a time in this Parquet file lies outside the calendar" });
  return `${date.toISOString().slice(0, -5)}.${String(rest).padStart(decimals, "0")}`;
}

/** ISO 8601 from a count of units since midnight. */
function timeOfDay(count: bigint | number, perSecond: bigint, decimals: number): string {
  if (count < 0 || BigInt(count) >= 86_400n * perSecond) throw new DataError({ code: "not-parquet", message: "a time in this Parquet file lies outside the day" });
  return moment(count, perSecond, decimals).slice("1970-01-01T".length);
}

/** Powers of ten that a double holds exactly, as it does unscaled values up to 2^53: their quotient is rounded once. */
const MOST_SCALE = 22;

/** The double nearest to a decimal, of which a file keeps the digits as a whole number, or as its bytes from the highest on. */
function decimal(digits: number | bigint | Uint8Array, scale: number): number {
  const whole = digits instanceof Uint8Array ? BigInt.asIntN(8 * digits.length, BigInt(`0x${Buffer.from(digits).toString("hex") || "0"}`)) : digits;
  return scale <= MOST_SCALE && whole <= LARGEST_INT && whole >= -LARGEST_INT ? Number(whole) / Number(`1e${scale}`) : Number(`${whole}e-${scale}`);
}

/** How many to a second, and decimals of one. */
const UNITS: Readonly<Record<TimeUnit, readonly [perSecond: bigint, decimals: number]>> = { MILLIS: [1_000n, 3], MICROS: [1_000_000n, 6], NANOS: [1_000_000_000n, 9] };

function timeUnit({ converted_type: converted, logical_type: logical }: SchemaElement): TimeUnit | null {
  if (logical?.type === "TIME") return logical.unit;
  return converted === "TIME_MILLIS" ? "MILLIS" : converted === "TIME_MICROS" ? "MICROS" : null;
}

/** Types that hyparquet hands over raw or rounded twice: the element that makes it hand over what the file holds, and what that means. */
export function heldRaw(element: SchemaElement): { readonly element: SchemaElement; readonly meaning: (cell: number | bigint | Uint8Array) => number | string } | null {
  const unit = timeUnit(element);
  if (unit !== null) return { element, meaning: (count) => timeOfDay(count as number | bigint, ...UNITS[unit]) };
  if (element.converted_type !== "DECIMAL") return null;
  const { converted_type: _, logical_type: __, ...raw } = element;
  return { element: raw, meaning: (digits) => decimal(digits, element.scale ?? 0) };
}

/** How hyparquet is to hand over what it would turn into dates and objects: as text. */
export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (count) => moment(count, 1_000n, 3),
  timestampFromMicroseconds: (count) => moment(count, 1_000_000n, 6),
  timestampFromNanoseconds: (count) => moment(count, 1_000_000_000n, 9),
  dateFromDays: (days) => moment(BigInt(days) * 86_400n, 1n, 0).slice(0, 10),
  stringFromBytes: text,
  jsonFromBytes: text,
};

/** The type of a flat column in saeq, or null where it has none. */
export function typeOf(element: SchemaElement): ScalarType | null {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (logical?.type === "NULL") return "str";
  if (converted === "DECIMAL") return "float";
  if (converted === "DATE" || converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS" || logical?.type === "TIMESTAMP") return "str";
  if (timeUnit(element) !== null) return "str";
  if (converted === "INTERVAL" || converted === "BSON") return null;
  switch (type) {
    case "BOOLEAN": return "bool";
    case "INT32":
    case "INT64": return logical === undefined || logical.type === "INTEGER" ? "int" : null;
    case "FLOAT":
    case "DOUBLE": return "float";
    case "INT96": return "str";
    case "BYTE_ARRAY": return logical === undefined || ["STRING", "ENUM", "JSON"].includes(logical.type) ? "str" : null;
    case "FIXED_LEN_BYTE_ARRAY": return logical?.type === "FLOAT16" ? "float" : logical?.type === "UUID" ? "str" : null;
    case undefined: return null;
    default: return type satisfies never;
  }
}

/** A column from the cells that hyparquet gives. Ints of which one is beyond 2^53 are text, so that no digit is lost. */
export function columnFrom(name: string, type: ScalarType, cells: readonly unknown[]): { readonly column: Column; readonly note: string | null } {
  const large = type === "int" ? firstLarge(cells) : -1;
  if (large < 0) return { column: createColumn(name, type, cellsAs(type, cells)), note: null };
  return { column: createColumn(name, "str", cellsAs("str", cells)), note: largeNote(name, large, cells[large]) };
}

/** Where the first int beyond 2^53 stands; -1: none does. */
export function firstLarge(cells: ArrayLike<unknown>): number {
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (typeof cell === "bigint" && (cell > LARGEST_INT || cell < -LARGEST_INT)) return i;
  }
  return -1;
}

export function largeNote(name: string, row: number, cell: unknown): string {
  return `${name} is text because of row ${row + 1}: ${String(cell)} is beyond 2^53`;
}

/** What hyparquet gives as cells of a column of that type; ints may also become text. */
export function cellsAs(type: ScalarType, cells: ArrayLike<unknown>): Cell[] {
  return Array.from(cells, (cell): Cell => (cell === null || cell === undefined ? null : type === "bool" ? (cell as boolean) : type === "str" ? String(cell) : Number(cell)));
}
