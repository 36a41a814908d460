/** Without this file rows that come in pieces would stand in other chunks than rows that are there at once, and a Parquet file in other row groups. */
import type { Table } from "./frame.ts";
import { concatTables, takeRows } from "./table.ts";
import { CHUNK_ROWS } from "./to_table.ts";

export interface Chunks {
  /** What is complete with these rows: tables of `rows` rows each. */
  put(table: Table): readonly Table[];
  /** What is left: one table, without rows where none were put, or nothing; null before the first `put`. What is put next begins anew. */
  rest(): Table | null;
}

/** Tables of equal columns, however they are cut, as tables of `rows` rows: those that `tableChunks` makes of all of them. */
export function createChunks(rows: number = CHUNK_ROWS): Chunks {
  let waiting: Table | null = null;
  let given = false;
  return {
    put: (table) => {
      const all: Table = waiting === null || waiting.rows === 0 ? table : table.rows === 0 ? waiting : concatTables([waiting, table]);
      const whole: Table[] = [];
      let from = 0;
      for (; all.rows - from >= rows; from += rows) whole.push(cut(all, from, from + rows));
      waiting = cut(all, from, all.rows);
      given ||= whole.length > 0;
      return whole;
    },
    rest: () => {
      const left = waiting !== null && (waiting.rows > 0 || !given) ? waiting : null;
      waiting = null;
      given = false;
      return left;
    },
  };
}

function cut(table: Table, from: number, to: number): Table {
  return from === 0 && to === table.rows ? table : takeRows(table, Uint32Array.from({ length: to - from }, (_, i) => from + i));
}
