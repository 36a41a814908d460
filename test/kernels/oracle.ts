/** Without this file each kernel test would read the oracle's figures its own way. */
import { readFileSync } from "node:fs";
import type { Csr, Rows } from "../../runtime/kernels/csr.ts";
import { accumulate, createAccumulator, type Accumulator, type Wanted } from "../../runtime/kernels/accumulate.ts";

type Spread = Readonly<Record<"mean" | "sd" | "min" | "p5" | "p50" | "p95" | "max", number>>;

export interface StoredGroup {
  readonly csr: { readonly rows: number; readonly cols: number; readonly indptr: number[]; readonly indices: number[]; readonly values: number[]; readonly masked: number[] };
  readonly threshold: number;
  readonly totals: Readonly<Record<"feature" | "count" | "sum" | "mean" | "max" | "frac", number[]>>;
  readonly orders: Readonly<Record<string, number[]>>;
  readonly tokens: number;
  readonly live: number;
  readonly l0: Spread;
  readonly activation: Spread;
  readonly l0PerRow: number[];
}

export interface Oracle {
  readonly groups: readonly StoredGroup[];
  readonly histogram: { readonly series: number[][]; readonly made: Readonly<Record<"fd" | "seven" | "one", { readonly edges: number[]; readonly counts: number[][] }>> };
  readonly columns: Readonly<Record<"tenths" | "huge" | "close", { readonly values: number[]; readonly bins: number | null; readonly edges: number[]; readonly counts: number[] }>>;
  readonly sums: { readonly values: number[]; readonly sum: number; readonly mean: number };
}

/** Figures of numpy, pandas and exact fractions (make_fixtures.py). */
export const oracle = JSON.parse(readFileSync(new URL("./oracle.json", import.meta.url), "utf8")) as Oracle;

/** One matrix and its rows: two rows to a document. */
export function matrixOf({ csr }: StoredGroup): { readonly csr: Csr; readonly rows: Rows } {
  return {
    csr: { rows: csr.rows, cols: csr.cols, indptr: Uint32Array.from(csr.indptr), indices: Uint32Array.from(csr.indices), values: Float32Array.from(csr.values) },
    rows: rowTable(csr.masked),
  };
}

export function rowTable(masked: readonly number[]): Rows {
  return {
    count: masked.length,
    document: Uint32Array.from(masked, (_, row) => row >> 1),
    position: Uint32Array.from(masked, (_, row) => row & 1),
    token: new Int32Array(masked.length),
    masked: Uint8Array.from(masked),
  };
}

/** A matrix from one list of [feature, value] pairs per row. */
export function matrix(cols: number, rows: readonly (readonly (readonly [number, number])[])[]): Csr {
  const indptr = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => (indptr[i + 1] = indptr[i]! + row.length));
  const flat = rows.flat();
  return { rows: rows.length, cols, indptr, indices: Uint32Array.from(flat, (pair) => pair[0]), values: Float32Array.from(flat, (pair) => pair[1]) };
}

/** The rows `keep` [n] of a matrix and of its row table, in that order. */
export function rowsAt(csr: Csr, rows: Rows, keep: readonly number[]): { readonly csr: Csr; readonly rows: Rows } {
  const lists = keep.map((row) => Array.from(csr.indices.subarray(csr.indptr[row], csr.indptr[row + 1]), (feature, i) => [feature, csr.values[csr.indptr[row]! + i]!] as const));
  const pick = <T extends Uint32Array | Int32Array | Uint8Array>(from: T): T => (from.constructor as unknown as { from: (values: readonly number[]) => T }).from(keep.map((row) => from[row]!));
  return { csr: matrix(csr.cols, lists), rows: { count: keep.length, document: pick(rows.document), position: pick(rows.position), token: pick(rows.token), masked: pick(rows.masked) } };
}

/** What is remembered of one matrix. */
export function remembered<K extends Wanted["of"]>(of: K, csr: Csr, rows: Rows, threshold = 0): Accumulator & { readonly of: K } {
  const state = createAccumulator({ of, threshold }, csr.cols);
  accumulate(state, csr, rows);
  return state as Accumulator & { readonly of: K };
}
