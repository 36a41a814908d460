/** Without this file every output format would decide for itself which rows a value has. */
import type { Acts, ActsTap, Column, Dense, DenseTap, Plot, Single, Table, Tokens, Value } from "./frame.ts";
import { keysOf, noRows, withLabel } from "./group_labels.ts";
import { concatTables, createTable } from "./table.ts";

/** Rows of a chunk: few enough to write while the next are made. */
export const CHUNK_ROWS = 65_536;

/**
 * The rows machines read, whole in memory:
 * tokens → row, position, token_id, token, special · acts → the same, feature, value · dense → the same, v0 … · plot → series, bin_start, bin_end, count · text → text ·
 * table, features and chart → their own columns. Several layers: `layer` first. Groups: `group`, or the keys that they were made from, before everything.
 * `row` is the document's row in its table, from 0; `position` 0 is the first token the model saw; special tokens are
 * kept and marked: no figure counts them.
 */
export function toTable(value: Value): Table {
  if (value.kind === "table") return value;
  return concatTables([...tableChunks(value)]);
}

/** The same rows in tables of at most `rows` rows with equal columns; at least one table. */
export function* tableChunks(value: Value, rows = CHUNK_ROWS): Generator<Table> {
  if (value.kind !== "groups") return yield* single(value, rows);
  if (value.members.length === 0) yield createTable("groups", noRows(value), 0);
  for (const member of value.members) {
    for (const table of single(member.value, rows)) yield withLabel(table, member, keysOf(value), member.value.kind === "table");
  }
}

function* single(value: Single, rows: number): Generator<Table> {
  switch (value.kind) {
    case "table":
      return yield* slices(value, rows);
    case "features":
    case "chart":
      return yield* slices(value.table, rows);
    case "tokens":
      return yield* tokenRows(value, rows);
    case "acts":
      for (const tap of value.taps) yield* tapChunks(value, tap, rows);
      return;
    case "dense":
      for (const tap of value.taps) yield* denseRows(value, tap, rows);
      return;
    case "plot":
      return yield* slices(plotRows(value), rows);
    case "text":
      return yield* slices(createTable("text", [{ name: "text", type: "str", values: value.text.split("\n"), valid: null }]), rows);
    case "reduced":
      throw new Error("activations that were let go have no rows");
    default:
      return value satisfies never;
  }
}

function* slices(table: Table, rows: number): Generator<Table> {
  if (table.rows <= rows) return yield table;
  for (let from = 0; from < table.rows; from += rows) {
    const to = Math.min(from + rows, table.rows);
    const columns = table.columns.map((column) => ({ ...column, values: column.values.slice(from, to), valid: column.valid?.slice(from, to) ?? null }) as Column);
    yield createTable(table.origin, columns, to - from);
  }
}

const ints = (name: string, values: ArrayLike<number>): Column => ({ name, type: "int", values: Float64Array.from(values), valid: null });
const strs = (name: string, values: readonly string[]): Column => ({ name, type: "str", values, valid: null });
const bools = (name: string, of: readonly number[], holds: (each: number) => boolean): Column => ({ name, type: "bool", values: Uint8Array.from(of, (each) => Number(holds(each))), valid: null });

/** Numbers as they are, not-a-number and infinities included: the writers decide how to show them. */
const floats = (name: string, values: ArrayLike<number>): Column => ({ name, type: "float", values: Float64Array.from(values), valid: null });

function* tokenRows(tokens: Tokens, size: number): Generator<Table> {
  const total = tokens.ids.reduce((sum, ids) => sum + ids.length, 0);
  let document = 0;
  let at = 0;
  for (let from = 0; from === 0 || from < total; from += size) {
    const row: number[] = [];
    const position: number[] = [];
    const id: number[] = [];
    while (id.length < size && document < tokens.ids.length) {
      const ids = tokens.ids[document]!;
      if (at === ids.length) {
        document++;
        at = 0;
        continue;
      }
      row.push(document);
      position.push(at);
      id.push(ids[at++]!);
    }
    yield createTable(tokens.table.origin, [ints("row", row), ints("position", position), ints("token_id", id), strs("token", pieces(tokens, id)), bools("special", id, (each) => tokens.special.has(each))]);
  }
}

function pieces(tokens: Tokens, ids: readonly number[]): string[] {
  const known = new Map<number, string>();
  return ids.map((id) => {
    let piece = known.get(id);
    if (piece === undefined) known.set(id, (piece = tokens.piece(id)));
    return piece;
  });
}

/** The first columns of activations: where each listed row of `value.rows` is. */
function places(value: Acts | Dense, layer: number, rows: readonly number[]): Column[] {
  const { document, position, token, masked } = value.rows;
  const ids = rows.map((row) => token[row]!);
  return [
    ...(value.taps.length > 1 ? [ints("layer", ids.map(() => layer))] : []),
    ints("row", rows.map((row) => document[row]!)),
    ints("position", rows.map((row) => position[row]!)),
    ints("token_id", ids),
    strs("token", pieces(value.tokens, ids)),
    bools("special", rows, (row) => masked[row] === 1),
  ];
}

/** The rows of one tap of `value`, as `tableChunks` gives them. */
export function* tapChunks(value: Acts, tap: ActsTap, size = CHUNK_ROWS): Generator<Table> {
  const { indptr, indices, values } = tap.csr;
  const total = indptr[value.rows.count] ?? 0;
  let row = 0;
  for (let from = 0; from === 0 || from < total; from += size) {
    const to = Math.min(from + size, total);
    const rows: number[] = [];
    for (let at = from; at < to; at++) {
      while (at >= indptr[row + 1]!) row++;
      rows.push(row);
    }
    yield createTable(value.tokens.table.origin, [...places(value, tap.layer, rows), ints("feature", indices.subarray(from, to)), floats("value", values.subarray(from, to))]);
  }
}

function* denseRows(value: Dense, tap: DenseTap, size: number): Generator<Table> {
  const { width, values } = tap;
  const total = value.rows.count;
  // Wide rows make large chunks: as many cells as a chunk of activations has.
  const step = Math.max(1, Math.min(size, Math.floor((size * 6) / Math.max(1, width))));
  for (let from = 0; from === 0 || from < total; from += step) {
    const to = Math.min(from + step, total);
    const rows = Array.from({ length: to - from }, (_, i) => from + i);
    const coordinates = Array.from({ length: width }, (_, at) => floats(`v${at}`, rows.map((row) => values[row * width + at]!)));
    yield createTable(value.tokens.table.origin, [...places(value, tap.layer, rows), ...coordinates]);
  }
}

function plotRows(plot: Plot): Table {
  const series: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const counts: number[] = [];
  for (const { name, counts: bins } of plot.series) {
    bins.forEach((count, at) => {
      series.push(name);
      starts.push(plot.edges[at]!);
      ends.push(plot.edges[at + 1]!);
      counts.push(count);
    });
  }
  return createTable(plot.title, [strs("series", series), floats("bin_start", starts), floats("bin_end", ends), ints("count", counts)]);
}
