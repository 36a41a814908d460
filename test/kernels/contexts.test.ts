/** Without this file a feature's windows could be another's, or in another order. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Acts, Table } from "../../runtime/data/frame.ts";
import { contextsTable } from "../../runtime/figures/contexts.ts";
import { cellAt } from "../../runtime/data/table.ts";

interface Oracle {
  readonly lengths: number[];
  readonly document: number[];
  readonly position: number[];
  readonly masked: number[];
  readonly csr: { readonly rows: number; readonly cols: number; readonly indptr: number[]; readonly indices: number[]; readonly values: number[] };
  readonly asked: number[];
  readonly count: number;
  readonly window: number;
  readonly threshold: number;
  readonly contexts: readonly { readonly feature: number; readonly rank: number; readonly activation: number; readonly row: number; readonly position: number; readonly activations: (number | null)[] }[];
}
/** What pandas finds (make_contexts.py). */
const oracle = JSON.parse(readFileSync(new URL("./contexts_oracle.json", import.meta.url), "utf8")) as Oracle;

const { csr, document, position, masked } = oracle;
const acts: Acts = {
  kind: "acts",
  // Token ids that say where they are: 100 · document + position.
  tokens: {
    kind: "tokens", model: "none", boundary: null, special: new Set(), truncated: 0, source: "text", piece: (id) => ` ${id}`, pieces: (ids) => Array.from(ids, (id) => ` ${id}`),
    table: { kind: "table", rows: oracle.lengths.length, columns: [], origin: "texts" },
    ids: oracle.lengths.map((length, at) => Int32Array.from({ length }, (_, i) => 100 * at + i)),
  },
  rows: {
    count: document.length, document: Uint32Array.from(document), position: Uint32Array.from(position), masked: Uint8Array.from(masked),
    token: Int32Array.from(document, (each, i) => 100 * each + position[i]!),
  },
  taps: [{ layer: 7, hook: "resid_post", sae: "none", csr: { rows: csr.rows, cols: csr.cols, indptr: Uint32Array.from(csr.indptr), indices: Uint32Array.from(csr.indices), values: Float32Array.from(csr.values) } }],
};
const op = { op: "contexts", features: oracle.asked, count: oracle.count, window: oracle.window, threshold: oracle.threshold } as const;
const rowsOf = (table: Table): Record<string, unknown>[] => Array.from({ length: table.rows }, (_, row) => Object.fromEntries(table.columns.map((column) => [column.name, cellAt(column, row)])));

test("the windows are those that pandas finds, in its order, with the activations around", () => {
  const rows = rowsOf(contextsTable(op, acts));
  const figures = rows.map(({ feature, rank, activation, row, position: at, activations }) => ({ feature, rank, activation, row, position: at, activations: JSON.parse(String(activations)) as unknown }));
  assert.equal(figures, [...oracle.contexts]);
  assert.ok(oracle.contexts.some(({ activations }) => activations.includes(null)), "some windows reach beyond what was read");
});

test("windows say which of their tokens are special", () => {
  const windows = contextsTable(op, acts).windows!;
  assert.ok(windows.some(({ special }) => special!.includes(true)));
  for (const { row, position: at, firing, special } of windows as readonly ((typeof windows)[number] & { readonly row: number; readonly position: number })[]) {
    special!.forEach((each, i) => assert.is(each, acts.rows.document.some((document, other) => document === row && acts.rows.position[other] === at - firing + i && acts.rows.masked[other] === 1)));
  }
});

test("before, token and after are the text of the window", () => {
  for (const { row, position: at, before, token, after } of rowsOf(contextsTable(op, acts))) {
    const ids = Array.from(acts.tokens.ids[Number(row)]!).slice(Math.max(0, Number(at) - oracle.window), Number(at) + oracle.window + 1);
    assert.is(`${String(before)}${String(token)}${String(after)}`, ids.map((id) => ` ${id}`).join(""));
    assert.is(token, ` ${100 * Number(row) + Number(at)}`);
  }
});

test("where all activations are equal, the lower row comes first, and in it the lower position", () => {
  const [tap] = acts.taps;
  const level = { ...acts, taps: [{ ...tap!, csr: { ...tap!.csr, values: tap!.csr.values.map((value) => (Number.isFinite(value) && value > op.threshold ? 2 : value)) } }] };
  for (const feature of op.features) {
    const found = rowsOf(contextsTable({ ...op, features: [feature] }, level)).map(({ row, position: at }) => [Number(row), Number(at)]);
    const firsts = new Map<number, number>();
    for (let i = 0; i < csr.rows; i++) {
      const active = csr.indices.slice(csr.indptr[i], csr.indptr[i + 1]).some((each, n) => each === feature && level.taps[0]!.csr.values[csr.indptr[i]! + n] === 2);
      if (active && masked[i] === 0 && !firsts.has(document[i]!)) firsts.set(document[i]!, position[i]!);
    }
    assert.equal(found, [...firsts].slice(0, op.count), `feature ${feature}`);
  }
});

test("features come from the list where none is named, of the layer they were found at", () => {
  const list: Table = { kind: "table", rows: 2, origin: "top", columns: [{ name: "layer", type: "int", values: Float64Array.of(7, 9), valid: null }, { name: "feature", type: "int", values: Float64Array.of(3, 5), valid: null }] };
  const two = { ...acts, taps: [acts.taps[0]!, { ...acts.taps[0]!, layer: 9 }] };
  const found = rowsOf(contextsTable({ ...op, features: null }, { kind: "features", table: list, acts: two }));
  assert.equal([...new Set(found.map(({ layer, feature }) => `${String(layer)}:${String(feature)}`))], ["7:3", "9:5"]);
});

test.run();
