/** Without this file sums that saturate on some processors would pass for exact ones, and a slow product for a quick one. */
import * as ort from "onnxruntime-node";
import { emitExactness, emitSpeed } from "../../src/emit/screen.ts";

type Open = (bytes: Uint8Array) => Promise<ort.InferenceSession>;

const DEPTH = 64;

/** The largest products, all of one sign: x86 without VNNI adds pairs of them in 16 bits, which saturate. */
export async function isExact(open: Open): Promise<boolean> {
  const session = await open(emitExactness(DEPTH).bytes);
  try {
    for (const level of [127, -127]) {
      const { sums } = await session.run({ x: new ort.Tensor("int8", new Int8Array(DEPTH * 16).fill(level), [DEPTH, 16]) });
      if (!(sums!.data as Int32Array).every((sum) => sum === 255 * level * DEPTH)) return false;
    }
    return true;
  } finally {
    await session.release();
  }
}

const SIZE = 1024;
const ROWS = 128;

/** How quick products are: [1024, 1024] by 128 rows, the quickest of five each, interleaved. */
export interface Speed {
  /** Time of the float32 product by the time of the eight-bit one. */
  readonly ratio: number;
  /** Multiplications and additions of the float32 product, in thousand millions a second. */
  readonly gflops: number;
}

export async function productSpeed(open: Open): Promise<Speed> {
  const single = await open(emitSpeed(SIZE, false).bytes);
  try {
    const eight = await open(emitSpeed(SIZE, true).bytes);
    try {
      return await raced(single, eight);
    } finally {
      await eight.release();
    }
  } finally {
    await single.release();
  }
}

async function raced(single: ort.InferenceSession, eight: ort.InferenceSession): Promise<Speed> {
  const runs = [
    { session: single, feeds: { x: new ort.Tensor("float32", new Float32Array(SIZE * ROWS).fill(1), [ROWS, SIZE]) }, best: Number.POSITIVE_INFINITY },
    { session: eight, feeds: { x: new ort.Tensor("int8", new Int8Array(SIZE * ROWS).fill(1), [SIZE, ROWS]) }, best: Number.POSITIVE_INFINITY },
  ];
  for (let round = 0; round < 5; round++) {
    for (const each of runs) {
      const started = performance.now();
      await each.session.run(each.feeds);
      each.best = Math.min(each.best, performance.now() - started);
    }
  }
  const [slow, quick] = runs.map(({ best }) => best) as [number, number];
  return { ratio: slow / quick, gflops: (2 * SIZE * SIZE * ROWS) / slow / 1e6 };
}
