/** Without this file results could not be handed on with their types. */
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter, type ColumnSource } from "hyparquet-writer";
import { DataError } from "./error.ts";
import type { Column } from "./frame.ts";
import { cellAt } from "./table.ts";
import type { Encoder } from "./write.ts";

/** A Parquet file, each table a row group: int as INT64, float as DOUBLE, true/false as BOOLEAN, text as STRING; snappy. `piece` throws DataError `bad-argument`. */
export function parquetEncoder(): Encoder {
  const bytes = new ByteWriter();
  let writer: ParquetWriter | null = null;
  return {
    piece: (table) => {
      writer ??= new ParquetWriter({ writer: bytes, schema: [{ name: "root", num_children: table.columns.length }, ...table.columns.map(element)], createdBy: "saeq" });
      const columnData = table.columns.map((column): ColumnSource => ({ name: column.name, data: cells(column), ...(holdsNegativeZero(column) ? { encoding: "PLAIN" } : {}) }));
      // Only a writer that flushes by itself gives a promise here.
      void writer.write({ columnData, rowGroupSize: Math.max(1, table.rows) });
      return taken(bytes);
    },
    end: () => {
      void writer?.finish();
      return taken(bytes);
    },
  };
}

/** What was written since last asked; offsets in the file go on counting. */
function taken(bytes: ByteWriter): Uint8Array {
  const made = bytes.getBytes().slice();
  bytes.index = 0;
  return made;
}

const STORED: Readonly<Record<Column["type"], Partial<SchemaElement>>> = {
  int: { type: "INT64" },
  float: { type: "DOUBLE" },
  bool: { type: "BOOLEAN" },
  str: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
};

function element({ name, type }: Column): SchemaElement {
  return { name, repetition_type: "OPTIONAL", ...STORED[type] };
}

/** The writer's dictionary of a column's values takes 0 and −0 for one: such a column is written without. */
function holdsNegativeZero({ type, values }: Column): boolean {
  return type === "float" && values.some((value) => Object.is(value, -0));
}

function cells(column: Column): unknown[] {
  return Array.from({ length: column.values.length }, (_, row) => {
    const cell = cellAt(column, row);
    if (column.type !== "int" || cell === null) return cell;
    const int = BigInt(Number(cell));
    if (BigInt.asIntN(64, int) !== int) throw new DataError({ code: "bad-argument", message: `column ${column.name} holds ${int} in row ${row + 1}, which does not fit 64 bits`, help: `derive ${column.name} = ${column.name} * 1.0`, row: row + 1, column: column.name });
    return int;
  });
}
