/** Without this file every stage would wait for the last row of the one before it, and hold them all. */
import seedrandom from "seedrandom";
import type { Op, Plan, SortKey } from "../../src/ops/op.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import type { TokenIds } from "../cache/kept_tokens.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { OnUndefined } from "../data/evaluate.ts";
import type { Table, Value } from "../data/frame.ts";
import { orderedRows } from "../data/ordered_rows.ts";
import { LargeSet } from "../data/large.ts";
import { requireRoom } from "../data/room.ts";
import { rowKey } from "../data/row_key.ts";
import { filterRows, limitRows, projectColumns, sortRows } from "../data/rows.ts";
import { aggregatesOf, replaced, rowLocal } from "../data/scalar_parts.ts";
import { columnNamed, concatTables, takeRows } from "../data/table.ts";
import { chunkingOf, chunkTables } from "../passes/chunking.ts";
import { createTurns, type Turns } from "../turns.ts";
import { addsUp, streamedTotals } from "./streamed_totals.ts";
import { withoutValue } from "./without_value.ts";

/** What streaming needs to know of a run. */
export interface StreamContext {
  readonly catalog: Catalog;
  readonly tokenIds: TokenIds;
  /** Values that are there already are not read again. */
  readonly known: (plan: Plan) => Value | undefined;
  readonly onNotice: (text: string) => void;
  /** How many rows of a file have come, of how many. */
  readonly onRows?: (read: Plan, rows: number, total: number) => void;
  readonly signal: AbortSignal;
}

/**
 * The rows of a plan in tables of bounded size, in order, or null where they cannot be had so: the plan does not begin with a large file, or a
 * stage needs all rows at once. At least one table.
 */
export function streamOf(plan: Plan, context: StreamContext): AsyncGenerator<Table> | null {
  if (context.known(plan) !== undefined) return null;
  const { op } = plan;
  if (op.op === "read") {
    const stream = context.catalog.stream(op, { signal: context.signal });
    return stream === null ? null : watched(plan, stream.pieces, stream.rows, context);
  }
  if (op.op === "edit") return streamOf(plan.inputs[0]!, context);
  const sort = op.op === "limit" ? plan.inputs[0]! : null;
  if (sort?.op.op === "sort" && op.op === "limit" && context.known(sort) === undefined && sort.op.keys.every(({ by }) => rowLocal(by))) {
    const input = streamOf(sort.inputs[0]!, context);
    return input === null ? null : first(input, sort.op.keys, op.count, createTurns(context.signal));
  }
  if (!streams(op)) return null;
  const input = streamOf(plan.inputs[0]!, context);
  return input === null ? null : through(plan, op, input, context);
}

type Streaming = Op & { readonly op: "filter" | "project" | "limit" | "skip" | "distinct" | "sample" | "chunk" };

function streams(op: Op): op is Streaming {
  switch (op.op) {
    case "filter":
    case "project":
      return expressionsOf(op).every((scalar) => aggregatesOf(scalar).every(addsUp) && rowLocal(replaced(scalar, () => null)));
    case "limit":
    case "skip":
    case "distinct":
    case "sample":
    case "chunk":
      return true;
    default:
      return false;
  }
}

function expressionsOf(op: Streaming): readonly Scalar[] {
  return op.op === "filter" ? [op.predicate] : op.op === "project" ? op.columns.map(({ value }) => value) : [];
}

/** The same op with what its aggregates give of all rows in their places: these come twice then. */
async function settled(plan: Plan, op: Streaming, note: OnUndefined, context: StreamContext): Promise<Streaming> {
  const aggregates = expressionsOf(op).flatMap(aggregatesOf);
  if (aggregates.length === 0) return op;
  const known = await streamedTotals(aggregates, streamOf(plan.inputs[0]!, context)!, createTurns(context.signal), note);
  let next = 0;
  const put = (scalar: Scalar): Scalar => replaced(scalar, () => known[next++]!);
  if (op.op === "filter") return { ...op, predicate: put(op.predicate) };
  return op.op === "project" ? { ...op, columns: op.columns.map(({ name, value }) => ({ name, value: put(value) })) } : op;
}

async function* through(plan: Plan, op: Streaming, input: AsyncGenerator<Table>, context: StreamContext): AsyncGenerator<Table> {
  const missing = new Map<string, number>();
  const note: OnUndefined = (operation, rows) => missing.set(operation, (missing.get(operation) ?? 0) + rows);
  yield* changed(plan, await settled(plan, op, note, context), input, note, context);
  for (const [operation, rows] of missing) context.onNotice(withoutValue(plan.label, operation, rows));
}

/** Ctrl-C and progress between pieces. */
async function* watched(plan: Plan, pieces: AsyncGenerator<Table>, total: number, { signal, onRows }: StreamContext): AsyncGenerator<Table> {
  let rows = 0;
  for await (const piece of pieces) {
    signal.throwIfAborted();
    rows += piece.rows;
    onRows?.(plan, rows, total);
    yield piece;
  }
}

async function* changed(plan: Plan, op: Streaming, input: AsyncGenerator<Table>, note: OnUndefined, context: StreamContext): AsyncGenerator<Table> {
  const turns = createTurns(context.signal);
  switch (op.op) {
    case "filter":
      for await (const piece of input) yield await filterRows(piece, op.predicate, turns, note);
      return;
    case "project":
      for await (const piece of input) yield await projectColumns(piece, op.columns, turns, note);
      return;
    case "limit": {
      let left = op.count;
      for await (const piece of input) {
        yield slice(piece, 0, left);
        left -= Math.min(left, piece.rows);
        if (left === 0) return;
      }
      return;
    }
    case "skip": {
      let left = op.count;
      for await (const piece of input) {
        yield slice(piece, left, piece.rows);
        left -= Math.min(left, piece.rows);
      }
      return;
    }
    case "distinct":
      yield* distinct(input, op.by, turns);
      return;
    case "sample":
      yield await sampled(plan, op, input, context);
      return;
    case "chunk":
      yield* chunkTables(op, input, chunkingOf(op, context), turns, (text) => context.onNotice(`${plan.label}: ${text}`));
      return;
    default:
      op satisfies never;
  }
}

/** The first row of each combination of values: the keys of those that were met are held. */
async function* distinct(input: AsyncGenerator<Table>, by: readonly string[], turns: Turns): AsyncGenerator<Table> {
  const met = new LargeSet<string>();
  for await (const piece of input) {
    const key = rowKey(by.length === 0 ? piece.columns : by.map((name) => columnNamed(piece, name)));
    const rows: number[] = [];
    for (let row = 0; row < piece.rows; row++) {
      if (turns.due()) await turns.pass();
      if (met.add(key(row))) rows.push(row);
    }
    requireRoom(() => `the different values of ${by.length === 0 ? "all columns" : by.join(", ")}`);
    yield takeRows(piece, rows);
  }
}

/** The first rows in an order, as `sortRows` and `limitRows` give them, holding about twice as many as are wanted. */
async function* first(input: AsyncGenerator<Table>, keys: readonly SortKey[], count: number, turns: Turns): AsyncGenerator<Table> {
  let best: Table | null = null;
  let waiting: Table[] = [];
  let rows = 0;
  const merge = async (): Promise<Table> => {
    best = limitRows(await sortRows(concatTables(best === null ? waiting : [best, ...waiting]), keys, turns), count);
    waiting = [];
    rows = 0;
    return best;
  };
  for await (const piece of input) {
    waiting.push(piece);
    rows += piece.rows;
    if (rows >= count) await merge();
  }
  yield await merge();
}

function slice(table: Table, from: number, to: number): Table {
  const start = Math.min(from, table.rows);
  const end = Math.max(start, Math.min(to, table.rows));
  return start === 0 && end === table.rows ? table : takeRows(table, Uint32Array.from({ length: end - start }, (_, i) => start + i));
}

/** The rows of the smallest draws, as `sampleRows` takes them, holding about twice as many as are wanted. */
async function sampled(plan: Plan, op: Op & { readonly op: "sample" }, input: AsyncGenerator<Table>, { onNotice, signal }: StreamContext): Promise<Table> {
  const turns = createTurns(signal);
  const random = seedrandom(op.stream);
  let waiting: Table[] = [];
  let draws: number[] = [];
  /** Draws above it are not among the smallest. */
  let bound = Number.POSITIVE_INFINITY;
  let rows = 0;
  const settle = async (): Promise<Table> => {
    const all = concatTables(waiting);
    const own = draws;
    const best = (await orderedRows(own.length, (a, b) => own[a]! - own[b]!, turns)).slice(0, op.count);
    if (best.length === op.count && op.count > 0) bound = own[best.at(-1)!]!;
    best.sort();
    draws = Array.from(best, (i) => own[i]!);
    const kept = takeRows(all, best);
    waiting = [kept];
    return kept;
  };
  for await (const piece of input) {
    rows += piece.rows;
    const chosen: number[] = [];
    for (let row = 0; row < piece.rows; row++) {
      const draw = random();
      if (draw > bound) continue;
      chosen.push(row);
      draws.push(draw);
    }
    // A piece without rows only names the columns.
    if (chosen.length > 0 || waiting.length === 0) waiting.push(takeRows(piece, chosen));
    if (draws.length > 2 * op.count) await settle();
  }
  if (rows < op.count) onNotice(`${plan.label}: there are only ${rows} rows, and all of them are taken`);
  return settle();
}
