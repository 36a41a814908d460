/** Without this file rows would be set against each other by their place in silence, where a column of both tables says who is whose partner. */
import type { Cell, Table } from "../data/frame.ts";
import { LargeMap } from "../data/large.ts";
import { cellAt, columnNamed } from "../data/table.ts";
import type { Turns } from "../turns.ts";

export interface PartnerColumn {
  readonly name: string;
  /** Whether a value that both have stands at another place in one than in the other. */
  readonly moved: boolean;
}

/** Columns that number or repeat tokens and predictions, and name no text. */
const OF_TOKENS: readonly string[] = ["row", "position", "token_id", "token", "rank"];

/**
 * The first column by which rows of two tables, or what `unit` numbers in them, could be paired: text or whole numbers that are there and different for each one of a table, at least half
 * of those of the smaller table also in the other. Null where there is none. `scores`: the columns that are compared.
 */
export async function partnerColumn([a, b]: readonly [Table, Table], scores: readonly string[], unit: string | null, turns: Turns): Promise<PartnerColumn | null> {
  for (const { name, type } of a.columns) {
    if ((type !== "str" && type !== "int") || scores.includes(name) || OF_TOKENS.includes(name) || b.columns.find((other) => other.name === name)?.type !== type) continue;
    const left = await placesOf(a, name, unit, turns);
    const right = left === null ? null : await placesOf(b, name, unit, turns);
    if (left === null || right === null) continue;
    let [both, moved] = [0, false];
    for (const [value, place] of left) {
      const partner = right.get(value);
      if (partner === undefined) continue;
      both++;
      moved ||= partner !== place;
    }
    if (both > 1 && both * 2 >= Math.min(left.size, right.size)) return { name, moved };
  }
  return null;
}

/** Which row, or which unit, each value names; null where one names several, or one is missing. */
async function placesOf(table: Table, name: string, unit: string | null, turns: Turns): Promise<LargeMap<Cell, Cell> | null> {
  const column = columnNamed(table, name);
  const of = unit === null ? null : columnNamed(table, unit);
  const places = new LargeMap<Cell, Cell>();
  const names = new LargeMap<Cell, Cell>();
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const value = cellAt(column, row);
    const place = of === null ? row : cellAt(of, row);
    if (value === null) return null;
    const other = places.get(value);
    if (other !== undefined && other !== place) return null;
    const before = names.get(place);
    if (before !== undefined && before !== value) return null;
    if (other === undefined) places.set(value, place);
    if (before === undefined) names.set(place, value);
  }
  return places;
}
