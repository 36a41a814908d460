/** Without this file what reads a table by the ending of its name would be known to one stage alone. */
import type { TableFormat } from "../../ops/op.ts";

export interface Reader {
  readonly format: TableFormat;
  readonly separator: string;
}

/** By ending, in lower case. */
export const READERS: Readonly<Record<string, Reader>> = {
  ".csv": { format: "csv", separator: "," },
  ".tsv": { format: "csv", separator: "\t" },
  ".jsonl": { format: "jsonl", separator: "" },
  ".ndjson": { format: "jsonl", separator: "" },
  ".json": { format: "jsonl", separator: "" },
  ".parquet": { format: "parquet", separator: "" },
};

/** `.csv`, `.csv.gz`; "" where there is none. */
export function endingOf(path: string): string {
  return /\.[a-z0-9]+(?:\.gz)?$/i.exec(path)?.[0].toLowerCase() ?? "";
}

/** Endings of files that are read, also packed with gzip. */
export const READ_ENDINGS: readonly string[] = [...Object.keys(READERS), ...Object.entries(READERS).flatMap(([ending, { format }]) => (format === "parquet" ? [] : [`${ending}.gz`]))];

/** What is read by its ending, for messages. */
export const READ_NOTE = `it reads ${Object.keys(READERS).filter((ending) => ending !== ".parquet").join(", ")} (also packed, .gz) and .parquet`;

/** How a file is read; null where its ending says nothing. */
export function readerOf(path: string): Reader | null {
  const ending = endingOf(path);
  const packed = ending.endsWith(".gz");
  const plain = packed ? ending.slice(0, -3) : ending;
  const reader = Object.hasOwn(READERS, plain) ? READERS[plain]! : null;
  return packed && reader?.format === "parquet" ? null : reader;
}
