/** Without this file a NaN could hide in some lane of a vector, or at the end of a tensor. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createFiniteScan } from "../../runtime/kernels/finite.ts";
import type { StoredType } from "../../src/emit/specs.ts";
import { generator } from "./seeded.ts";

const WIDTH: Readonly<Record<Exclude<StoredType, "f64">, number>> = { f32: 4, f16: 2, bf16: 2 };
/** Bits of the largest finite number, of both signs, and of what is none (IEEE 754; bfloat16 is the upper half of binary32). */
const EDGES: Readonly<Record<Exclude<StoredType, "f64">, { readonly finite: readonly number[]; readonly others: readonly number[] }>> = {
  f32: { finite: [0x7f7fffff, 0xff7fffff, 1, 0x80000001, 0], others: [0x7f800000, 0xff800000, 0x7f800001, 0x7fc00000, 0xffffffff] },
  f16: { finite: [0x7bff, 0xfbff, 1, 0x8001, 0], others: [0x7c00, 0xfc00, 0x7c01, 0x7e00, 0xffff] },
  bf16: { finite: [0x7f7f, 0xff7f, 1, 0x8001, 0], others: [0x7f80, 0xff80, 0x7f81, 0x7fc0, 0xffff] },
};

for (const vectors of [true, false]) {
  test(`every place of a piece is looked at, ${vectors ? "by vectors" : "word by word"}`, () => {
    const scan = createFiniteScan(1000, vectors);
    const view = new DataView(scan.buffer.buffer, scan.buffer.byteOffset, scan.buffer.byteLength);
    for (const dtype of ["f32", "f16", "bf16"] as const) {
      const put = (at: number, bits: number): void => (WIDTH[dtype] === 4 ? view.setUint32(4 * at, bits, true) : view.setUint16(2 * at, bits, true));
      for (const length of [WIDTH[dtype], 62 - (62 % WIDTH[dtype]), 64, 68, 1000]) {
        const count = length / WIDTH[dtype];
        // What stands behind the piece does not count.
        scan.buffer.fill(0xff);
        for (let at = 0; at < count; at++) put(at, EDGES[dtype].finite[at % 5]!);
        assert.not(scan.holdsNonFinite(length, dtype), `${dtype} ${length}`);
        for (let at = 0; at < count; at += 1) {
          put(at, EDGES[dtype].others[at % 5]!);
          assert.ok(scan.holdsNonFinite(length, dtype), `${dtype} ${length} at ${at}`);
          put(at, EDGES[dtype].finite[at % 5]!);
        }
      }
      assert.not(scan.holdsNonFinite(0, dtype));
    }
  });
}

test("vectors and words agree about random bits", () => {
  const random = generator(31);
  const [vectors, words] = [createFiniteScan(96), createFiniteScan(96, false)];
  for (let round = 0; round < 3000; round++) {
    const length = 2 * Math.ceil(random() * 48);
    for (let at = 0; at < length; at++) vectors.buffer[at] = words.buffer[at] = Math.floor(random() * 256);
    for (const dtype of ["f16", "bf16", "f32"] as const) if (dtype !== "f32" || length % 4 === 0) assert.is(vectors.holdsNonFinite(length, dtype), words.holdsNonFinite(length, dtype));
  }
});

test("a float64 that float32 cannot hold is not finite", () => {
  const scan = createFiniteScan(64);
  const numbers = new Float64Array(scan.buffer.buffer, scan.buffer.byteOffset, 8);
  numbers.set([1, -3.4e38, 1e-300, 0, 5e-324, 2, 3, Number.NaN]);
  assert.not(scan.holdsNonFinite(56, "f64"));
  assert.ok(scan.holdsNonFinite(64, "f64"));
  for (const value of [3.5e38, -1e300, Number.POSITIVE_INFINITY]) {
    numbers[3] = value;
    assert.ok(scan.holdsNonFinite(56, "f64"), String(value));
  }
});

test.run();
