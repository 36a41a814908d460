/**
 * Without this file a Parquet file would have to fit in memory unpacked, and one group of rows often is the whole file.
 *
 * Whether a column of whole numbers is text depends on all its cells, so a large file is read twice: for types and mistakes column by column, in the
 * order in which `readParquet` finds them, and for its rows with all columns side by side. Either holds a page and a dictionary of each column
 * that is read, which are as large as who wrote the file made them: a megabyte or 20,000 rows in what pyarrow writes.
 */
import { basename } from "node:path";
import type { Cell, Column, Table } from "./frame.ts";
import { openParquet } from "./parquet_file.ts";
import { cellsAs, firstLarge, largeNote } from "./parquet_types.ts";
import { changed, PIECE_CHARACTERS, PIECE_ROWS, type Scan, type ScannedColumn } from "./pieces.ts";
import type { ReadCall } from "./source.ts";
import { createColumn, createTable } from "./table.ts";

export interface ParquetStreamOptions extends ReadCall {
  /** Columns to read, in this order; all where not given. */
  readonly columns?: readonly string[];
}

/** Types, number of rows and digest of a Parquet file, without holding it. Throws DataError as `readParquet` does, but reads files of any size. */
export async function scanParquet(path: string, options: ParquetStreamOptions): Promise<Scan> {
  const file = await openParquet(path, options);
  try {
    const notes: string[] = [];
    const columns: ScannedColumn[] = [];
    for (const { name, type } of file.fields) {
      let row = 0;
      let large = false;
      let nullable = false;
      for await (const cells of file.cells(name)) {
        const at: number = type === "int" && !large ? firstLarge(cells) : -1;
        if (at >= 0) notes.push(largeNote(name, row + at, cells[at]));
        large ||= at >= 0;
        nullable ||= createColumn(name, type, cellsAs(type, cells)).valid !== null;
        row += cells.length;
      }
      columns.push({ name, type: large ? "str" : type, nullable, asked: false });
    }
    await file.unchanged();
    return { columns, rows: file.rows, digest: file.digest, notes };
  } finally {
    await file.close();
  }
}

/** The rows of a scanned file in tables of at most 8,192 rows, and about 4 MB more than a page. Throws `input-changed` where it is another file now. */
export async function* streamParquet(path: string, options: ParquetStreamOptions, scan: Scan): AsyncGenerator<Table> {
  const file = await openParquet(path, options);
  try {
    if (file.digest !== scan.digest || file.rows !== scan.rows) throw changed(path);
    const readers = scan.columns.map((column) => createReader(column, file.cells(column.name)));
    let given = 0;
    do {
      let held = 0;
      let characters = 0;
      while (held < PIECE_ROWS && characters <= PIECE_CHARACTERS && given + held < scan.rows) {
        let rows = Math.min(PIECE_ROWS - held, scan.rows - given - held);
        for (const reader of readers) rows = Math.min(rows, await reader.ready());
        for (const reader of readers) characters += reader.take(rows);
        held += rows;
      }
      given += held;
      yield createTable(basename(path), readers.map((reader) => reader.column()), held);
    } while (given < scan.rows);
    await file.unchanged();
  } finally {
    await file.close();
  }
}

/** One column on its way into tables: its pages end elsewhere than those of others. */
interface Reader {
  /** How many cells are there to take; some are. */
  ready(): Promise<number>;
  /** Put cells to those that are held; how many characters they have. */
  take(rows: number): number;
  /** What is held, which is let go. */
  column(): Column;
}

function createReader({ name, type, nullable }: ScannedColumn, pages: AsyncGenerator<ArrayLike<unknown>>): Reader {
  let page: readonly Cell[] = [];
  let at = 0;
  let held: Cell[] = [];
  return {
    ready: async () => {
      while (at === page.length) {
        const { value, done } = await pages.next();
        if (done === true) throw new Error(`column ${name} ended before its rows`);
        page = cellsAs(type, value);
        at = 0;
      }
      return page.length - at;
    },
    take: (rows) => {
      let characters = 0;
      for (const end = at + rows; at < end; at++) {
        const cell = page[at]!;
        held.push(cell);
        if (typeof cell === "string") characters += cell.length;
      }
      return characters;
    },
    column: () => {
      const column = createColumn(name, type, held);
      held = [];
      return column.valid === null && nullable ? { ...column, valid: new Uint8Array(column.values.length).fill(1) } : column;
    },
  };
}
