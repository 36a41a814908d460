/** Without this file nobody could ask on which tokens a feature is active. */
import type { Op } from "../../src/ops/op.ts";
import { DataError } from "../data/error.ts";
import type { Acts, Column, Table, Tokens } from "../data/frame.ts";
import { createTable, takeRows } from "../data/table.ts";
import { MOST_CELLS } from "../data/table_limits.ts";
import { tableChunks } from "../data/to_table.ts";
import { onlyEntries } from "../kernels/csr.ts";
import type { Turns } from "../turns.ts";

/**
 * A row for each token, or for each active feature of each token.
 * @throws DataError `too-many-rows`
 */
export async function rowsTable(value: Tokens | Acts, { features, special, threshold }: Op & { readonly op: "rows" }, turns: Turns): Promise<Table> {
  const found = value.kind === "tokens" ? value : { ...value, taps: value.taps.map((tap) => ({ ...tap, csr: onlyEntries(tap.csr, features === null ? null : new Set(features), threshold) })) };
  const rows = rowCount(found);
  let gathered: Gathered | null = null;
  for (const chunk of tableChunks(found)) {
    await turns.between();
    if (gathered === null) requireFew(rows, chunk.columns.length, value.kind);
    gathered ??= gather(chunk, rows);
    put(gathered, special ? chunk : withoutSpecial(chunk));
  }
  return tableOf(gathered!, special);
}

/** @throws DataError `too-many-rows` */
export function requireFew(rows: number, columns: number, kind: "tokens" | "acts"): void {
  const most = Math.floor(MOST_CELLS / columns);
  if (rows <= most) return;
  const help = kind === "tokens" ? '… | save "tokens.parquet"' : '… | rows 12, 769, or all into a file: … | save "acts.parquet"';
  throw new DataError({ code: "too-many-rows", message: `these would be ${rows.toLocaleString("en")} rows of ${columns} columns, and ${most.toLocaleString("en")} at most can be made`, help });
}

function rowCount(value: Tokens | Acts): number {
  return value.kind === "tokens" ? value.ids.reduce((sum, { length }) => sum + length, 0) : value.taps.reduce((sum, { csr }) => sum + csr.indices.length, 0);
}

function withoutSpecial(table: Table): Table {
  const marks = table.columns.find(({ name }) => name === "special")!;
  return takeRows(table, Array.from({ length: table.rows }, (_, row) => row).filter((row) => marks.values[row] === 0));
}

/** Columns with room for all rows: no chunk is held until the last one is there. */
interface Gathered {
  readonly origin: string;
  readonly columns: readonly (Column & { readonly values: string[] | Float64Array | Uint8Array })[];
  rows: number;
}

function gather({ origin, columns }: Table, rows: number): Gathered {
  const room = columns.map((column) => ({ ...column, values: column.type === "str" ? [] : column.type === "bool" ? new Uint8Array(rows) : new Float64Array(rows) }));
  return { origin, columns: room as Gathered["columns"], rows: 0 };
}

function put(to: Gathered, { columns, rows }: Table): void {
  to.columns.forEach(({ values }, at) => {
    const more = columns[at]!.values;
    if (Array.isArray(values)) for (const text of more) values.push(text as string);
    else values.set(more as Float64Array, to.rows);
  });
  to.rows += rows;
}

function tableOf({ origin, columns, rows }: Gathered, special: boolean): Table {
  const filled = columns.map((column) => ({ ...column, values: Array.isArray(column.values) ? column.values : column.values.subarray(0, rows) }) as Column);
  return createTable(origin, special ? filled : filled.filter(({ name }) => name !== "special"), rows);
}
