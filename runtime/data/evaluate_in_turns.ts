/** Without this file an expression over many rows, or over long cells, would hold up all else until its last row. */
import type { Scalar, ScalarLiteral } from "../../src/ops/scalar.ts";
import type { Turns } from "../turns.ts";
import { aggregateOf, evaluate, type OnUndefined } from "./evaluate.ts";
import type { Column, Table } from "./frame.ts";
import { aggregatesOf, columnsOf, replaced, rowLocal } from "./scalar_parts.ts";
import { inTurns } from "./steps.ts";
import { concatColumns, rowsBetween, withoutPlaces } from "./table.ts";

const FIRST_ROWS = 1024;
const MOST_ROWS = 65_536;
/** Milliseconds that a block of rows should take. */
const BLOCK_MS = 20;

/** What `evaluate` gives, some rows at a time. What several blocks tell of undefined values is told once, added up. */
export async function evaluateInTurns(scalar: Scalar, table: Table, turns: Turns, inputs: readonly Table[] = [table], onUndefined: OnUndefined = () => {}): Promise<Column> {
  const settled = await withoutAggregates(scalar, inputs, turns, onUndefined);
  if (table.rows <= FIRST_ROWS || !rowLocal(settled)) return evaluate(settled, table, inputs, onUndefined);
  const read = new Set(columnsOf(settled));
  const narrow: Table = { ...withoutPlaces(table), columns: table.columns.filter(({ name }) => read.has(name)) };
  const blocks: Column[] = [];
  const missing = new Map<string, number>();
  let size = FIRST_ROWS;
  for (let from = 0; from < table.rows; ) {
    const to = Math.min(table.rows, from + size);
    const began = performance.now();
    blocks.push(evaluate(settled, rowsBetween(narrow, from, to), inputs, (operation, rows) => missing.set(operation, (missing.get(operation) ?? 0) + rows)));
    const took = performance.now() - began;
    size = took > 2 * BLOCK_MS ? Math.max(1, Math.floor((size * BLOCK_MS) / took)) : took < BLOCK_MS / 2 ? Math.min(MOST_ROWS, size * 2) : size;
    from = to;
    if (from < table.rows) await turns.pass();
  }
  for (const [operation, rows] of missing) onUndefined(operation, rows);
  return concatColumns("", blocks.map((column) => ({ column, origin: table.origin })), table.rows);
}

/** The expression with what its aggregates give in their places. */
async function withoutAggregates(scalar: Scalar, inputs: readonly Table[], turns: Turns, onUndefined: OnUndefined): Promise<Scalar> {
  const known: ScalarLiteral[] = [];
  for (const aggregate of aggregatesOf(scalar)) {
    const table = inputs[aggregate.input];
    if (table === undefined) throw new Error(`${aggregate.fn} reads input ${aggregate.input} of ${inputs.length}`);
    const columns: Column[] = [];
    for (const operand of aggregate.args) columns.push(await evaluateInTurns(operand, table, turns, inputs, onUndefined));
    known.push(await inTurns(aggregateOf(aggregate, columns, table.rows, onUndefined), turns));
    if (turns.due()) await turns.pass();
  }
  let next = 0;
  return known.length === 0 ? scalar : replaced(scalar, () => known[next++]!);
}
