/** Without this file nobody could ask on which tokens a feature is active. */
import type { Op } from "../../src/ops/op.ts";
import type { Acts, Table, Tokens } from "../data/frame.ts";
import { requireRoom } from "../data/room.ts";
import { concatTables, createTable, takeRows } from "../data/table.ts";
import { tableChunks } from "../data/to_table.ts";
import { onlyColumns } from "../kernels/csr.ts";

/**
 * A row for each token, or for each active feature of each token.
 * @throws DataError `too-large-to-hold`
 */
export function rowsTable(value: Tokens | Acts, { features, special }: Op & { readonly op: "rows" }): Table {
  const wanted = features === null || value.kind === "tokens" ? value : { ...value, taps: value.taps.map((tap) => ({ ...tap, csr: onlyColumns(tap.csr, new Set(features)) })) };
  const chunks: Table[] = [];
  for (const chunk of tableChunks(wanted)) {
    requireRoom(() => "the rows of these activations");
    chunks.push(special ? chunk : withoutSpecial(chunk));
  }
  return concatTables(chunks);
}

function withoutSpecial(table: Table): Table {
  const marks = table.columns.find(({ name }) => name === "special")!;
  const kept = Array.from({ length: table.rows }, (_, row) => row).filter((row) => marks.values[row] === 0);
  const { columns, rows, origin } = takeRows(table, kept);
  return createTable(origin, columns.filter(({ name }) => name !== "special"), rows);
}
