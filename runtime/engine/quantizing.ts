/** Without this file an encoder would have no eight-bit form. Runs in the engine's process, part by part, so that it can be stopped. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { StoredType, TensorRef } from "../../src/emit/specs.ts";
import { quantize } from "../kernels/eight_bits.ts";

/** Features whose weights are in memory at a time: 2,048 of 4,096 weights are 32 MiB. */
const PART_FEATURES = 2048;
const WIDTH: Readonly<Record<StoredType, number>> = { f32: 4, f16: 2, bf16: 2, f64: 8 };
/** Norms above are no bound: their products may overflow float32. */
const LARGEST_NORM = 2 ** 60;

/** Where the parts go: levels uint8 [m, d] from byte 0 of `file`, then, for an encoder stored as [d, m], its rows [m, d] from `rowsAt`. */
export interface QuantizeTarget {
  readonly file: string;
  readonly rowsAt: number | null;
}

export interface QuantizedPart {
  readonly scale: Float32Array;
  readonly norm: Float32Array;
  readonly error: Float32Array;
}

/**
 * Quantise features `from` … `to` of an encoder, [m, d] or, with `inOut`, [d, m], into the file, which exists. The same weights give the same bytes.
 * @throws the system's error; an Error where the checkpoint is shorter than it was.
 */
export function quantizeFeatures(encoder: TensorRef, inOut: boolean, from: number, to: number, target: QuantizeTarget): QuantizedPart {
  const [d, m] = (inOut ? encoder.shape : encoder.shape.toReversed()) as readonly [number, number];
  const width = WIDTH[encoder.dtype];
  const count = to - from;
  const made: QuantizedPart = { scale: new Float32Array(count), norm: new Float32Array(count), error: new Float32Array(count) };
  const input = openSync(encoder.file, "r");
  const output = openSync(target.file, "r+");
  try {
    for (let first = from; first < to; first += PART_FEATURES) {
      const some = Math.min(PART_FEATURES, to - first);
      const bytes = inOut ? transposed(input, encoder.offset, first, some, d, m, width) : read(input, encoder.offset + first * d * width, some * d * width);
      const weights = toFloats(bytes, encoder.dtype);
      const levels = new Uint8Array(some * d);
      for (let j = 0; j < some; j++) {
        const { scale, norm, error } = quantize(weights, j * d, d, levels, j * d, 128, null);
        made.scale[first - from + j] = scale;
        made.norm[first - from + j] = norm < LARGEST_NORM ? norm : Number.POSITIVE_INFINITY;
        made.error[first - from + j] = error;
      }
      write(output, levels, first * d);
      if (target.rowsAt !== null) write(output, bytes, target.rowsAt + first * d * width);
    }
  } finally {
    closeSync(input);
    closeSync(output);
  }
  return made;
}

function read(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const count = readSync(file, bytes, at, length - at, offset + at);
    if (count === 0) throw new Error("the SAE's file is shorter than it was");
    at += count;
  }
  return bytes;
}

function write(file: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, offset + at);
}

/** Columns `first` … of a matrix [d, m] as rows [some, d]. */
function transposed(file: number, offset: number, first: number, some: number, d: number, m: number, width: number): Uint8Array {
  const made = new Uint8Array(some * d * width);
  const cells = cellsOf(made.buffer, width);
  /** Rows of the file turned at a time: their cells of one feature share cache lines. */
  const BAND = 32;
  const band = new Uint8Array(BAND * some * width);
  const source = cellsOf(band.buffer, width);
  for (let row = 0; row < d; row += BAND) {
    const rows = Math.min(BAND, d - row);
    for (let i = 0; i < rows; i++) band.set(read(file, offset + ((row + i) * m + first) * width, some * width), i * some * width);
    for (let j = 0; j < some; j++) for (let i = 0; i < rows; i++) cells[j * d + row + i] = source[i * some + j]!;
  }
  return made;
}

/** Numbers as things to move: what they are has no part in it. */
function cellsOf(bytes: ArrayBuffer, width: number): Uint16Array | Uint32Array | Float64Array {
  return width === 8 ? new Float64Array(bytes) : width === 4 ? new Uint32Array(bytes) : new Uint16Array(bytes);
}

function toFloats(bytes: Uint8Array, dtype: StoredType): Float32Array {
  if (dtype === "f32") return new Float32Array(bytes.buffer);
  if (dtype === "f64") return Float32Array.from(new Float64Array(bytes.buffer));
  const halves = new Uint16Array(bytes.buffer);
  const words = new Uint32Array(halves.length);
  if (dtype === "bf16") for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  else for (let i = 0; i < halves.length; i++) words[i] = HALF[halves[i]!]!;
  return new Float32Array(words.buffer);
}

/** float32 bits of every float16. */
const HALF = Uint32Array.from({ length: 65536 }, (_, half) => {
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN) : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return new Uint32Array(Float32Array.of(half >> 15 === 1 ? -size : size).buffer)[0]!;
});
