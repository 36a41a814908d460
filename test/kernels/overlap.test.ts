/** Without this file nothing would show that feature sets are compared as sets. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { overlap, union } from "../../runtime/kernels/overlap.ts";

test("sizes, intersection and Jaccard, whatever the order", () => {
  const found = overlap(Uint32Array.of(9, 2, 30), Uint32Array.of(30, 4, 2, 100));
  assert.equal(found, { sizes: [3, 4], intersection: Uint32Array.of(2, 30), jaccard: 2 / 5 });
});

test("empty sets", () => {
  assert.is(overlap(new Uint32Array(0), new Uint32Array(0)).jaccard, null);
  assert.is(overlap(new Uint32Array(0), Uint32Array.of(1)).jaccard, 0);
});

test("a union ascends and holds each feature once", () => {
  assert.equal(union([Uint32Array.of(10, 9, 2), Uint32Array.of(100, 9)]), Uint32Array.of(2, 9, 10, 100));
  assert.equal(union([]), new Uint32Array(0));
});

test.run();
