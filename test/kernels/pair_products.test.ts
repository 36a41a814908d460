/** Without this file a pair's product could differ from ONNX Runtime's in its last bit, and nobody would try before trusting it. */
import * as ort from "onnxruntime-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isSameOrder } from "../../runtime/engine/lane_pair_order.ts";
import { openPairProducts, type PairProducts, type StoredWeights } from "../../runtime/kernels/pair_products.ts";
import { emitProducts } from "../../src/emit/screen.ts";
import { openBytes } from "../emit/run_graph.ts";
import { generator } from "./seeded.ts";

const ROWS = 5;
const FEATURES = 131;

/** Values of many sizes, so that another order of adding gives other bits. */
function values(count: number, seed: number): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length: count }, () => (next() - 0.5) * 2 ** (20 * next() - 10));
}

/** x·w + bias of all pairs from the kernel, features first: in as many pieces as its memory asks for. */
function everyPair(pairs: PairProducts, d: number, x: Float32Array, w: Float32Array, bias: Float32Array): Float32Array {
  for (let n = 0; n < ROWS; n++) pairs.put(n, x.subarray(n * d, (n + 1) * d));
  const made: number[] = [];
  for (let start = 0; start < FEATURES; start += pairs.features) {
    const end = Math.min(FEATURES, start + pairs.features);
    const part = w.subarray(start * d, end * d);
    pairs.weights.set(pairs.stored === "f32" ? part : Uint16Array.from(new Uint32Array(part.buffer, part.byteOffset, part.length), (word) => word >>> 16));
    pairs.arrange(end - start);
    for (let j = start; j < end; j++) {
      for (let n = 0; n < ROWS; n++) {
        if (pairs.isFull()) made.push(...pairs.take());
        pairs.add(n, j - start, bias[j]!);
      }
    }
    made.push(...pairs.take());
  }
  return Float32Array.from(made);
}

for (const stored of ["f32", "bf16"] as const satisfies readonly StoredWeights[]) {
  test(`${stored}: where the order is the runtime's, every bit of every pair is`, async () => {
    for (const d of [4, 12, 128, 132, 384, 508, 512, 516, 576, 768, 2304, 16_384]) {
      const pairs = openPairProducts(d, ROWS, stored)!;
      assert.ok(pairs !== null, "this Node has the instructions");
      if (!(await isSameOrder(pairs, d, openBytes))) {
        console.log(`SKIPPED: this processor adds in another order (d ${d})`);
        continue;
      }
      const [x, w, bias] = [values(ROWS * d, 1), values(FEATURES * d, 2), values(FEATURES, 3)];
      if (stored === "bf16") for (let i = 0, words = new Uint32Array(w.buffer); i < words.length; i++) words[i]! &= 0xffff_0000;
      const session = await openBytes(emitProducts(d).bytes);
      const { biased } = await session.run({ x: new ort.Tensor("float32", x, [ROWS, d]), w: new ort.Tensor("float32", w, [FEATURES, d]), bias: new ort.Tensor("float32", bias, [FEATURES]) });
      await session.release();
      const expected = biased!.data as Float32Array;
      const turned = Float32Array.from({ length: expected.length }, (_, at) => expected[(at % ROWS) * FEATURES + Math.floor(at / ROWS)]!);
      assert.equal(new Uint32Array(everyPair(pairs, d, x, w, bias).buffer), new Uint32Array(turned.buffer), `d ${d}`);
    }
  });
}

test("a sum in another order, or rounded once more, is found out", async () => {
  const d = 576;
  const real = openPairProducts(d, ROWS, "f32")!;
  const inputs = new Map<number, Float32Array>();
  const asked: { readonly input: number; readonly weight: number; readonly bias: number }[] = [];
  const inAnotherWay = (sum: (x: Float32Array, w: Float32Array, bias: number) => number): PairProducts => ({
    ...real,
    put: (row, given) => void inputs.set(row, given),
    add: (input, weight, bias) => void asked.push({ input, weight, bias }),
    take: () => Float32Array.from(asked.splice(0), ({ input, weight, bias }) => sum(inputs.get(input)!, real.weights.subarray(weight * d, (weight + 1) * d) as Float32Array, bias)),
  });
  const { fround } = Math;
  const twice = (x: Float32Array, w: Float32Array, bias: number): number => w.reduce((sum, value, i) => fround(sum + fround(value * x[i]!)), bias);
  const backwards = (x: Float32Array, w: Float32Array, bias: number): number => fround(bias + w.reduceRight((sum, value, i) => fround(sum + value * x[i]!), 0));
  assert.not.ok(await isSameOrder(inAnotherWay(twice), d, openBytes));
  assert.not.ok(await isSameOrder(inAnotherWay(backwards), d, openBytes));
});

test("vectors that do not fill the lanes are left to the runtime", () => {
  assert.is(openPairProducts(130, ROWS, "f32"), null);
  assert.is(openPairProducts(0, ROWS, "f32"), null);
});

test.run();
