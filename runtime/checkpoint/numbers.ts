/** Without this file the small vectors of an SAE, and its decoder norms, could not be read into JavaScript numbers. */
import { absentFile } from "./absent.ts";
import { CheckpointError } from "./error.ts";
import { openFile } from "./real_path.ts";
import { fill, requireShape, type TensorEntry } from "./safetensors.ts";

/** Bytes read at a time. */
export const CHUNK = 4 * 2 ** 20;
const WIDTH: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Where bytes of numbers lie. `dtype` is the name in the safetensors header. */
export interface NumberRange {
  readonly name: string;
  readonly file: string;
  readonly dtype: string;
  readonly offset: number;
  readonly length: number;
}

/** The bytes of a tensor in pieces of at most `CHUNK`, each a whole number of elements. Pieces share one buffer, `into` where it is given: use each before asking for the next. */
export async function* pieces(range: NumberRange, into?: Uint8Array): AsyncGenerator<Uint8Array> {
  const absent = absentFile(range.file);
  if (absent !== null) {
    for (let done = 0; done < range.length; done += CHUNK) yield await absent.read(range.offset + done, Math.min(CHUNK, range.length - done));
    return;
  }
  const handle = await openFile(range.file);
  try {
    const buffer = into ?? new Uint8Array(Math.min(CHUNK, range.length));
    for (let done = 0; done < range.length; done += CHUNK) {
      const piece = buffer.subarray(0, Math.min(CHUNK, range.length - done));
      await fill(handle, range.file, range.offset + done, piece);
      yield piece;
    }
  } finally {
    await handle.close();
  }
}

/** Little-endian numbers as float32; those of float64 as near as it has them, or infinite. */
export function decodeNumbers(bytes: Uint8Array, dtype: string): Float32Array {
  switch (dtype) {
    case "F64":
      return Float32Array.from(new Float64Array(bytes.buffer, 0, bytes.length / 8));
    case "F32":
      return new Float32Array(bytes.buffer, 0, bytes.length / 4);
    case "BF16": {
      const halves = new Uint16Array(bytes.buffer, 0, bytes.length / 2);
      const bits = new Uint32Array(halves.length);
      for (let at = 0; at < halves.length; at += 1) bits[at] = (halves[at] as number) << 16;
      return new Float32Array(bits.buffer);
    }
    case "F16": {
      const halves = new Uint16Array(bytes.buffer, 0, bytes.length / 2);
      const numbers = new Float32Array(halves.length);
      for (let at = 0; at < halves.length; at += 1) numbers[at] = halfTable()[halves[at] as number] as number;
      return numbers;
    }
    default:
      throw new Error(`numbers of type ${dtype} were not refused earlier`);
  }
}

let table: Float32Array | null = null;

/** All 65,536 float16 values (IEEE 754 binary16). */
function halfTable(): Float32Array {
  if (table !== null) return table;
  table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    const size = exponent === 0 ? fraction * 2 ** -14 : exponent === 31 ? (fraction === 0 ? Infinity : NaN) : (1 + fraction) * 2 ** (exponent - 15);
    table[bits] = bits & 0x8000 ? -size : size;
  }
  return table;
}

function requireNumbers(tensor: TensorEntry): void {
  if (WIDTH[tensor.dtype] === undefined) {
    throw new CheckpointError("unsupported-dtype", `tensor \`${tensor.name}\` of ${tensor.file} is stored as ${tensor.dtype}`, { notes: [`types that can be used: ${Object.keys(WIDTH).join(", ")}`] });
  }
}

/** A vector [length] as float32; NaN and infinities are errors with the first index. */
export async function readVector(tensor: TensorEntry, length: number): Promise<Float32Array> {
  requireNumbers(tensor);
  requireShape(tensor, [length]);
  const vector = new Float32Array(length);
  let at = 0;
  for await (const bytes of pieces(tensor)) {
    const numbers = decodeNumbers(bytes, tensor.dtype);
    vector.set(numbers, at);
    at += numbers.length;
  }
  const bad = vector.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new CheckpointError("nonfinite-weights", `tensor \`${tensor.name}\` of ${tensor.file} holds ${String(vector[bad])} at index ${bad}`);
  return vector;
}

/**
 * L2 norm of each feature's decoder vector, summed in float64. The decoder is [features, d] ("in_out") or [d, features] ("out_in").
 * Clamped to at least 1e-8 as sae_lens does (`saes/sae.py` `get_W_dec_norm`).
 */
export async function decoderNorms(tensor: TensorEntry, layout: "in_out" | "out_in", features: number, d: number): Promise<Float64Array> {
  requireNumbers(tensor);
  requireShape(tensor, layout === "in_out" ? [features, d] : [d, features]);
  // Norms of a decoder that is not here yet are not worth its download: whoever encodes reads the SAE again when it has arrived.
  if (absentFile(tensor.file) !== null) return new Float64Array(features).fill(1);
  const squares = new Float64Array(features);
  // Element e belongs to feature e / d of [features, d], to feature e % features of [d, features].
  let element = 0;
  for await (const bytes of pieces(tensor)) {
    const numbers = decodeNumbers(bytes, tensor.dtype);
    if (layout === "in_out") addRows(squares, numbers, element, d);
    else addColumns(squares, numbers, element % features);
    element += numbers.length;
  }
  const norms = squares.map((sum) => Math.max(Math.sqrt(sum), 1e-8));
  const bad = norms.findIndex((norm) => !Number.isFinite(norm));
  if (bad >= 0) throw new CheckpointError("nonfinite-weights", `tensor \`${tensor.name}\` of ${tensor.file} has no finite norm for feature ${bad}`);
  return norms;
}

/** Squares of elements `first` … of a matrix with rows of d, added to their row's sum. */
function addRows(squares: Float64Array, numbers: Float32Array, first: number, d: number): void {
  for (let at = 0; at < numbers.length; ) {
    const row = Math.floor((first + at) / d);
    const end = Math.min(numbers.length, (row + 1) * d - first);
    let sum = squares[row] as number;
    for (; at < end; at += 1) sum += (numbers[at] as number) * (numbers[at] as number);
    squares[row] = sum;
  }
}

/** The same with a sum per column; `column` is that of the first number. */
function addColumns(squares: Float64Array, numbers: Float32Array, column: number): void {
  for (let at = 0; at < numbers.length; ) {
    const end = Math.min(numbers.length, at + squares.length - column);
    for (; at < end; at += 1, column += 1) squares[column] = (squares[column] as number) + (numbers[at] as number) * (numbers[at] as number);
    column = 0;
  }
}
