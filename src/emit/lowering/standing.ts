/** Without this file attention from standard operators would not know where the tokens of a batch stand. */
import { constant, ints, node, type Graph } from "../graph.ts";

/** Where the new tokens of a batch stand, what they see, and where they are kept. */
export interface Standing {
  /** Rows of a table of positions for the new tokens, under `path`, as they are multiplied with [B, H, S, D]. */
  readonly rows: (out: Graph, path: string, table: string, total: string) => string;
  /** Masks for scores [B, H, S, T], true where a query must not see a key: later ones, and those before its window, if there is one (-1: none). */
  readonly hidden: (out: Graph, total: string, window: number) => readonly string[];
  /** Keys or values with the new ones, under the name that the operator gave them. */
  readonly kept: (out: Graph, name: string, past: string, fresh: string, total: string) => string;
}

/** Position of the first new token, int32 [1]: 0 unless there is a cache. The engine feeds it. */
const START = "start";

/** Their names begin so: positions are exact in float32 alone. */
export const HIDDEN_NODES = "/hidden/";

export function start(out: Graph): string {
  if (!out.names.has(START)) {
    out.inputs.push({ name: START, element: "i32", dims: [1] });
    out.names.add(START);
  }
  return START;
}

/** Entries `from` … `to` (int32 [1] values) of the first axis. */
export function rows(out: Graph, path: string, table: string, from: string, to: string): string {
  return node(out, path, "Slice", [table, from, to, constant(out, "i32", [1], [0])]);
}

/** Numbers from 0, as float32: WebGPU cuts no int32. */
export function positionsOf(out: Graph): string {
  return constant(out, "f32", [out.positions], Float32Array.from({ length: out.positions }, (_, i) => i));
}

/** Texts of one length: the new tokens are the last of all. */
export const ONE_LENGTH: Standing = {
  rows: (out, path, table, total) => (out.names.has(path) ? path : rows(out, path, table, start(out), total)),

  /** [S, T] */
  hidden: (out, total, window) => {
    const shared = `${HIDDEN_NODES}${window}`;
    const [later, before] = [`${shared}/later`, `${shared}/before`];
    if (out.names.has(later)) return window < 0 ? [later] : [later, before];
    const keys = rows(out, `${shared}/keys`, positionsOf(out), constant(out, "i32", [1], [0]), total);
    const queries = node(out, `${shared}/queries`, "Unsqueeze", [rows(out, `${shared}/new`, positionsOf(out), start(out), total), ints(out, 1)]);
    node(out, later, "Greater", [keys, queries]);
    if (window < 0) return [later];
    const oldest = node(out, `${shared}/oldest`, "Sub", [queries, constant(out, "f32", [1], [window - 1])]);
    return [later, node(out, before, "Less", [keys, oldest])];
  },

  kept: (out, name, past, fresh) => (past === "" ? node(out, name, "Identity", [fresh]) : node(out, name, "Concat", [past, fresh], { axis: 2 })),
};
