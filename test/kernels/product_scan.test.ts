/** Without this file a product that reaches its limit could be passed over, and a feature with it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MOST_FEATURES, openProductScan, TOGETHER } from "../../runtime/kernels/product_scan.ts";
import { generator } from "./seeded.ts";

const LEAST = -(2 ** 31);
const MOST = 2 ** 31 - 1;

for (const vectors of [true, false]) {
  test(`${vectors ? "vectors" : "one by one"}: exactly the groups that hold a product no less than its feature's limit, in order`, () => {
    const next = generator(7);
    for (const [features, rows] of [[1, 1], [3, 16], [64, 17], [200, 256]] as const) {
      const stride = Math.ceil(rows / TOGETHER) * TOGETHER;
      const scan = openProductScan(features, rows, vectors);
      assert.is(scan.products.length, features * stride);
      for (let i = 0; i < scan.products.length; i++) scan.products[i] = Math.floor((next() - 0.5) * 2 ** 20);
      // In each lane of a group one alone, and the two ends of all numbers.
      for (let i = 0; i < Math.min(TOGETHER, features); i++) scan.products[i * stride + i] = i % 2 === 0 ? MOST : LEAST;
      for (let first = 0; first < features; first += MOST_FEATURES) {
        const limits = Int32Array.from({ length: Math.min(MOST_FEATURES, features - first) }, (_, i) => [2 ** 19 - 2 ** 14, MOST, LEAST, 0, scan.products[(first + i) * stride + 3]!][i % 5]!);
        const expected: number[] = [];
        limits.forEach((limit, i) => {
          for (let at = (first + i) * stride; at < (first + i + 1) * stride; at += TOGETHER) {
            let reaches = false;
            for (let lane = 0; lane < TOGETHER; lane++) reaches ||= scan.products[at + lane]! >= limit;
            if (reaches) expected.push(at);
          }
        });
        assert.equal(Array.from(scan.find(first, stride, limits)), expected, `${features} of ${rows}, from ${first}`);
      }
    }
  });
}

test("a narrower block lies closer together in the same memory", () => {
  const scan = openProductScan(4, 64);
  scan.products.fill(-5);
  scan.products[2 * 16 + 7] = 9;
  assert.equal(Array.from(scan.find(0, 16, Int32Array.of(9, 9, 9, 9))), [32]);
  assert.equal(Array.from(scan.find(0, 16, Int32Array.of(10, 10, 9, -5))), [32, 48]);
});

test.run();
