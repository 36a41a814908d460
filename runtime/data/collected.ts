/** Without this file a stream whose rows are all wanted would have no end as a table. */
import type { Table } from "./frame.ts";
import { requireRoom } from "./room.ts";
import { concatTables } from "./table.ts";

/** All pieces as one table: what is left of them must fit, not what came in. */
export async function collected(pieces: AsyncGenerator<Table>): Promise<Table> {
  let parts: Table[] = [];
  let rows = 0;
  for await (const piece of pieces) {
    if (piece.rows === 0 && parts.length > 0) continue;
    // A first piece without rows only names the columns.
    if (parts.length === 1 && parts[0]!.rows === 0) parts = [];
    parts.push(piece);
    rows += piece.rows;
    requireRoom(() => `the rows of ${piece.origin}, ${rows.toLocaleString("en")} so far,`);
    // Many small pieces become one now and then, so that their number does not grow with the file.
    if (parts.length > 64 && rows < parts.length * 64) parts = [concatTables(parts)];
  }
  return parts.length === 1 ? parts[0]! : concatTables(parts);
}
