/** Without this file nothing would show that cutting and stacking sparse matrices keeps every entry. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { above, assertCsr, concatenate, dropMasked, rowsOf, selectColumns, sliceRows } from "../../runtime/kernels/csr.ts";
import { matrix, matrixOf, oracle, rowTable } from "./oracle.ts";

const { csr, rows } = matrixOf(oracle.groups[0]!);

test("documents stack to the matrix they were cut from", () => {
  const parts = [0, 0, 7, 20, 61].slice(1).map((to, i) => {
    const from = [0, 0, 7, 20][i]!;
    return sliceRows(csr, Uint32Array.from({ length: to - from }, (_, r) => from + r));
  });
  const again = concatenate(parts, csr.cols);
  assertCsr(again, rows);
  assert.equal(again, csr);
  assert.equal(concatenate([], 5), { rows: 0, cols: 5, indptr: Uint32Array.of(0), indices: new Uint32Array(0), values: new Float32Array(0) });
});

test("rows carry document, position, token and mask", () => {
  const made = rowsOf([Int32Array.of(1, 7, 8), Int32Array.of(1), Int32Array.of(1, 9)], [Uint32Array.of(0, 2), new Uint32Array(0), Uint32Array.of(1)], new Set([1]));
  assert.equal(made, {
    count: 3,
    document: Uint32Array.of(0, 0, 2),
    position: Uint32Array.of(0, 2, 1),
    token: Int32Array.of(1, 8, 9),
    masked: Uint8Array.of(1, 0, 0),
  });
  assert.throws(() => rowsOf([Int32Array.of(1)], [Uint32Array.of(1)], new Set()), /position 1 of document 0/);
});

test("masked rows are dropped from matrix and row table alike", () => {
  const kept = dropMasked(csr, rows);
  assertCsr(kept.csr, kept.rows);
  assert.is(kept.rows.count, oracle.groups[0]!.tokens);
  assert.is(kept.rows.masked.includes(1), false);
});

test("the threshold is strict, is compared in float32, and keeps NaN in sight", () => {
  const small = matrix(9, [[[0, 0.1], [3, 0.2], [4, Number.NaN]], [], [[8, 5]]]);
  const kept = above(small, 0.1);
  assert.equal(kept.indptr, Uint32Array.of(0, 2, 2, 3));
  assert.equal(kept.indices, Uint32Array.of(3, 4, 8));
  assert.ok(Number.isNaN(kept.values[1]!));
  assert.equal(above(small, 100).indices, Uint32Array.of(4));
});

test("columns are selected without renumbering", () => {
  const small = matrix(9, [[[0, 1], [3, 2]], [[3, 4], [8, 5]]]);
  assert.equal(selectColumns(small, [8, 0]), matrix(9, [[[0, 1]], [[8, 5]]]));
  assert.throws(() => selectColumns(small, [9]), /feature 9 of 9/);
});

test("broken matrices are named", () => {
  const good = matrix(4, [[[0, 1], [2, 2]], [[3, 3]]]);
  assertCsr(good, rowTable([0, 0]));
  assert.throws(() => assertCsr({ ...good, indices: Uint32Array.of(2, 0, 3) }), /do not ascend at row 0: 0 after 2/);
  assert.throws(() => assertCsr({ ...good, indices: Uint32Array.of(2, 2, 3) }), /do not ascend/);
  assert.throws(() => assertCsr({ ...good, cols: 3 }), /feature 3 of 3 at row 1/);
  assert.throws(() => assertCsr({ ...good, indptr: Uint32Array.of(0, 3, 2) }), /last offset|offsets fall/);
  assert.throws(() => assertCsr(good, rowTable([0])), /2 rows, 1 in the row table/);
});

test.run();
