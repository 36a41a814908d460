/** Without this file products added in another order than ONNX Runtime's would pass for its own. */
import * as ort from "onnxruntime-node";
import { emitProducts } from "../../src/emit/screen.ts";
import type { PairProducts } from "../kernels/pair_products.ts";

const ROWS = 3;
const COLUMNS = 128;
/** Rounds of pairs after which the engine has compiled them a second time, and better. */
const ROUNDS = 4;

/** Numbers of many sizes, both signs and all bits, the same ones each time: in another order, or rounded once more, sums of them differ. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float32Array.from({ length: count }, () => (next() - 0.5) * 2 ** (8 * next()));
}

/** bfloat16: words of which the second half is the upper one, on the processors that the engine runs on. */
const upperHalves = (values: Float32Array): Uint16Array => new Uint16Array(values.buffer).filter((_, half) => half % 2 === 1);

/** Whether the pairs' products of vectors of d are this processor's float32 products, bit for bit; `open`: on one thread. */
export async function isSameOrder(pairs: PairProducts, d: number, open: (bytes: Uint8Array) => Promise<ort.InferenceSession>): Promise<boolean> {
  const [x, w, bias] = [numbers(ROWS * d, 1), numbers(COLUMNS * d, 2), numbers(COLUMNS, 3)];
  if (pairs.stored === "bf16") new Uint16Array(w.buffer).forEach((_, half, halves) => {
    if (half % 2 === 0) halves[half] = 0;
  });
  const stored = pairs.stored === "f32" ? w : upperHalves(w);
  const session = await open(emitProducts(d).bytes);
  try {
    const outputs = await session.run({ x: new ort.Tensor("float32", x, [ROWS, d]), w: new ort.Tensor("float32", w, [COLUMNS, d]), bias: new ort.Tensor("float32", bias, [COLUMNS]) });
    const [products, biased] = [outputs["product"]!.data as Float32Array, outputs["biased"]!.data as Float32Array];
    for (let n = 0; n < ROWS; n++) pairs.put(n, x.subarray(n * d, (n + 1) * d));
    for (let round = 0; round < ROUNDS; round++) {
      for (let start = 0; start < COLUMNS; start += pairs.features) {
        const end = Math.min(COLUMNS, start + pairs.features);
        pairs.weights.set(stored.subarray(start * d, end * d));
        pairs.arrange(end - start);
        for (let j = start; j < end; j++) for (let n = 0; n < ROWS; n++) {
          pairs.add(n, j - start, 0);
          pairs.add(n, j - start, bias[j]!);
        }
        const values = pairs.take();
        for (let at = 0; at < values.length; at++) {
          const entry = ((at >> 1) % ROWS) * COLUMNS + start + Math.floor((at >> 1) / ROWS);
          // 0 is −0 here: a sum that starts at 0 cannot stay −0, and no comparison tells them apart.
          if (values[at] !== (at % 2 === 0 ? products : biased)[entry]) return false;
        }
      }
    }
    return true;
  } finally {
    await session.release();
  }
}
