/** Without this file only products would be timed, and a step that writes one token of each text, which mostly reads weights, would be foretold as too short. */
import * as ort from "onnxruntime-node";
import { emitCopying, emitReading, LARGE_MATRIX, SMALL_MATRIX } from "../../src/emit/reading.ts";
import { draw, drawable } from "../kernels/drawing.ts";
import type { WritingSpeed } from "./port.ts";

type Open = (bytes: Uint8Array) => Promise<ort.InferenceSession>;

/** More than most processors' caches hold of one core's data. */
const BYTES = 64 << 20;
/** Large matrices, whose float32 copies are more than that. */
const LARGE_COUNT = 2;
/** Of each kind the quickest counts: the first finds its memory cleared by the system, a page at a time. */
const TIMES = 3;
/** As few rows as a product is ever given. */
const ROWS = 2;
/** Two bytes that are 1 in float16, and four that are a usual number in float32. */
const ONE = 0x3c00;
/** Keys and values of one block and some texts, [rows, width], by the number of blocks. */
const KEPT = { width: 1024, rows: 512, count: 8 };

const VOCABULARY = 2 ** 15;
/** Odd, so that each rank has one token. */
const SHUFFLED = 40_503;
/** Enough for the loop to be compiled. */
const DRAWINGS = 6;

/**
 * How fast weights are read, what is kept of tokens is copied, and tokens are drawn. Weights are inputs, so that nothing of them is copied before. The binding feeds no
 * bfloat16: those of two bytes are float16, whose cast takes as long (measured on x86-64).
 */
export async function writingSpeed(open: Open): Promise<WritingSpeed> {
  const halves = new Uint16Array(BYTES / 2).fill(ONE);
  const singles = new Float32Array(halves.buffer);
  const read = async (element: "f32" | "f16", shape: readonly [number, number], most: number): Promise<number> => {
    const size = shape[0] * shape[1];
    const width = element === "f32" ? 4 : 2;
    const count = Math.min(most, BYTES / width / size);
    const weights = named("w", count, (at) => {
      const [from, to] = [at * size, (at + 1) * size];
      return element === "f32" ? new ort.Tensor("float32", singles.subarray(from, to), shape) : new ort.Tensor("float16", halves.subarray(from, to), shape);
    });
    const x = new ort.Tensor("float32", new Float32Array(ROWS * shape[1]).fill(1), [ROWS, shape[1]]);
    return (width * size * count) / (await quickest(open, emitReading(element, shape, count).bytes, { x, ...weights }));
  };
  const single = await read("f32", SMALL_MATRIX, Number.POSITIVE_INFINITY);
  const half = await read("f16", SMALL_MATRIX, Number.POSITIVE_INFINITY);
  const tiled = await read("f16", LARGE_MATRIX, LARGE_COUNT);
  const numbers = KEPT.width * KEPT.rows;
  const past = named("past", KEPT.count, (at) => new ort.Tensor("float32", singles.subarray(at * numbers, (at + 1) * numbers), [KEPT.rows, KEPT.width]));
  const row = new ort.Tensor("float32", new Float32Array(KEPT.width), [1, KEPT.width]);
  const copied = (4 * numbers * KEPT.count) / (await quickest(open, emitCopying(KEPT.width, KEPT.count).bytes, { row, ...past }));
  return { single, half, tiled, copied, drawn: drawingSpeed() };
}

/** Of a vocabulary in which the r-th likeliest token has a share of about r⁻², 10⁹ logits a second. */
function drawingSpeed(): number {
  const row = Float32Array.from({ length: VOCABULARY }, (_, id) => -2 * Math.log(1 + ((id * SHUFFLED) % VOCABULARY)));
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < DRAWINGS; time++) {
    const started = performance.now();
    draw(drawable(row, { temperature: 1, topK: null, topP: 0.9 }), 0.5);
    best = Math.min(best, performance.now() - started);
  }
  return VOCABULARY / best / 1e6;
}

function named(name: string, count: number, make: (at: number) => ort.Tensor): Record<string, ort.Tensor> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, make(at)]));
}

/** Of some runs the shortest, in 10⁻⁹ s: bytes by it are 10⁹ bytes a second. */
async function quickest(open: Open, bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<number> {
  const session = await open(bytes);
  try {
    let best = Number.POSITIVE_INFINITY;
    for (let time = 0; time < TIMES; time++) {
      const started = performance.now();
      await session.run(feeds);
      best = Math.min(best, performance.now() - started);
    }
    return best * 1e6;
  } finally {
    await session.release();
  }
}
