/** Without this file results that other tools keep as Parquet would have to become CSV first. */
import { basename } from "node:path";
import type { ReadResult } from "./csv.ts";
import { DataError } from "./error.ts";
import type { Column } from "./frame.ts";
import { openParquet, type ParquetOptions } from "./parquet_file.ts";
import { columnFrom } from "./parquet_types.ts";
import { createTable } from "./table.ts";

const MOST_BYTES = 4 * 2 ** 30;

/**
 * A Parquet file as a table. Whole numbers become int (text, where one is beyond 2^53), floats and decimals float, dates and times text.
 * Throws DataError: too-large, changed-while-read and what `openParquet` throws.
 */
export async function readParquet(path: string, options: ParquetOptions = {}): Promise<ReadResult> {
  const file = await openParquet(path, options);
  try {
    if (file.unpacked > BigInt(MOST_BYTES)) {
      throw new DataError({ code: "too-large", message: `${path} unpacks to ${(Number(file.unpacked) / 1e9).toFixed(1)} GB, more than the ${(MOST_BYTES / 1e9).toFixed(1)} GB that are read at once`, help: 'name the columns that are needed: parquet "…" columns a, b' });
    }
    const notes: string[] = [];
    const columns: Column[] = [];
    for (const { name, type } of file.fields) {
      const cells = new Array<unknown>(file.rows);
      let row = 0;
      for await (const page of file.cells(name)) for (let i = 0; i < page.length; i++) cells[row++] = page[i];
      const { column, note } = columnFrom(name, type, cells);
      if (note !== null) notes.push(note);
      columns.push(column);
    }
    await file.unchanged();
    return { table: createTable(basename(path), columns, file.rows), digest: file.digest, notes };
  } finally {
    await file.close();
  }
}
