/** Without this file a disk would be full before anybody knew how much a `save` writes. */
import type { SaveFormat } from "../../src/ops/op.ts";
import type { Single, Value } from "./frame.ts";
import { tableChunks } from "./to_table.ts";
import { formatRows } from "./write.ts";

/** From so many rows, or bytes, on it is told before. */
export interface Much {
  readonly rows: number;
  readonly bytes: number;
}
const MUCH: Much = { rows: 1_000_000, bytes: 200e6 };
/** Rows whose length in the file stands for that of all. */
const SAMPLED = 64;

/** Whether rows are all that there will be, about as many, or those so far. */
export type Extent = "all" | "about" | "so far";

/** What is said before a large file is written: its rows, exactly, and its size, from those of its first rows; null for others. */
export function foretoldSize(value: Value, format: SaveFormat, much: Much = MUCH): string | null {
  const rows = value.kind === "groups" ? value.members.reduce((sum, member) => sum + rowsWritten(member.value), 0) : rowsWritten(value);
  return foretoldRows(value, rows, "all", format, much);
}

/** The same of `rows` rows that are written as they come; `first` is or begins with the first of them. */
export function foretoldRows(first: Value, rows: number, extent: Extent, format: SaveFormat, much: Much = MUCH): string | null {
  if (rows < 1024 && rows < much.rows) return null;
  const bytes = format === "parquet" || format === "svg" ? null : rows * bytesOfRow(first, format);
  if (rows < much.rows && (bytes ?? 0) < much.bytes) return null;
  const count = `${extent === "about" ? "about " : ""}${rows.toLocaleString("en-US")} rows of ${format}${extent === "so far" ? " so far" : ""}`;
  if (bytes === null) return count;
  return `${count}, about ${bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`}; parquet takes less, figures of stats or top hardly any`;
}

function rowsWritten(value: Single): number {
  switch (value.kind) {
    case "table":
      return value.rows;
    case "features":
    case "chart":
      return value.table.rows;
    case "tokens":
      return value.ids.reduce((sum, ids) => sum + ids.length, 0);
    case "acts":
      return value.taps.reduce((sum, { csr }) => sum + csr.values.length, 0);
    case "dense":
      return value.taps.length * value.rows.count;
    case "plot":
    case "text":
    case "reduced":
      return 0;
    default:
      return value satisfies never;
  }
}

function bytesOfRow(value: Value, format: Exclude<SaveFormat, "parquet" | "svg">): number {
  for (const table of tableChunks(value, SAMPLED)) {
    if (table.rows === 0) continue;
    const text = [...formatRows(table, format, { raw: true })].join("");
    return Buffer.byteLength(text) / table.rows;
  }
  return 0;
}
