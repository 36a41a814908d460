/** Without this file every caller would choose the reader of a file by itself. */
import type { Leniency, TableFormat } from "../../src/ops/op.ts";
import { readCsv, type ReadResult } from "./csv.ts";
import { readText, readWhole } from "./text.ts";
import { readJsonl } from "./jsonl.ts";

export interface TableRequest {
  readonly format: TableFormat;
  readonly separator: string;
  /** Types asked for by column; for parquet the columns wanted, none meaning all. */
  readonly types: Readonly<Record<string, string>>;
  readonly lenient?: Leniency;
}

/** Read a table. Throws DataError. */
export async function readTable(path: string, { format, separator, types, lenient }: TableRequest): Promise<ReadResult> {
  switch (format) {
    case "csv":
      return readCsv(path, { separator, types, ...lenient });
    case "text":
      return lenient?.whole === "file" ? readWhole(path) : readText(path);
    case "jsonl":
      return readJsonl(path, { types, ...lenient });
    case "parquet": {
      // hyparquet takes a while to load, and few sessions read Parquet.
      const { readParquet } = await import("./parquet.ts");
      const columns = Object.keys(types);
      return readParquet(path, columns.length === 0 ? {} : { columns });
    }
    default:
      return format satisfies never;
  }
}
