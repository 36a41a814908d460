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
  ".json": { format: "jsonl", separator: "" },
  ".parquet": { format: "parquet", separator: "" },
};

/** `.csv`; "" where there is none. */
export function endingOf(path: string): string {
  return /\.[a-z]+$/i.exec(path)?.[0].toLowerCase() ?? "";
}

/** How a file is read; null where its ending says nothing. */
export function readerOf(path: string): Reader | null {
  const ending = endingOf(path);
  return Object.hasOwn(READERS, ending) ? READERS[ending]! : null;
}
