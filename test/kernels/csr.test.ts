/** Without this file nothing would show that stacking sparse matrices keeps every entry. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concatenate, rowsOf } from "../../runtime/kernels/csr.ts";
import { matrixOf, oracle, rowsAt } from "./oracle.ts";

const { csr, rows } = matrixOf(oracle.groups[0]!);

test("documents stack to the matrix they were cut from", () => {
  const parts = [0, 0, 7, 20, 61].slice(1).map((to, i) => {
    const from = [0, 0, 7, 20][i]!;
    return rowsAt(csr, rows, Array.from({ length: to - from }, (_, r) => from + r)).csr;
  });
  const again = concatenate(parts, csr.cols);
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

test.run();
