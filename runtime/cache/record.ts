/**
 * Without this file cached activations would be as large on disk as in memory, and hard to pack.
 *
 * A record is what one tap gave for one document, or the ids that a model continued it with. Integers are little-endian.
 *   0  u8   kind: 1 sparse, 2 dense, 3 token ids
 *   1  u8   bytes of a row's count (sparse), of an id (3), 0 (dense)
 *   2  u8   bytes of a distance (sparse), 0 (dense, 3)
 *   3  u8   0
 *   4  u32  rows (sparse, dense), ids (3)
 *   8  u32  entries (sparse), width (dense), 0 (3)
 *  12       body
 * Words lie in planes: of all the top byte, then the next lower one. Of counts, distances and ids there are as many planes as the largest
 * needs, 1 to 4.
 * Body, sparse: per row the number of its features; all features, each row's first as it is and the others as the distance to the one
 * before minus 1; the values' float32 bits, whose top bytes (sign and exponent) repeat.
 * Body, dense: the values' float32 bits. Body, ids: the ids.
 * Measured on 320 texts of the shipped model, packed (`pack.ts`): 56 % of the bytes that the compressed rows take in memory (`bench/cache`).
 */
import type { TapOutput } from "../engine/port.ts";

const SPARSE = 1;
const DENSE = 2;
const IDS = 3;
const HEAD = 12;
const NONE = new Uint32Array(0);

export type Stored = TapOutput | Int32Array;

/** Exact: every bit of every value comes back, those of NaN too. */
export function encodeRecord(stored: Stored): Buffer {
  if (stored instanceof Int32Array) return record(IDS, stored.length, 0, [narrow(new Uint32Array(stored.buffer, stored.byteOffset, stored.length))]);
  if (stored.kind === "dense") return record(DENSE, stored.width === 0 ? 0 : stored.values.length / stored.width, stored.width, [], bitsOf(stored.values));
  const { indptr, indices, values } = stored;
  const rows = indptr.length - 1;
  const counts = Uint32Array.from({ length: rows }, (_, row) => indptr[row + 1]! - indptr[row]!);
  const distances = new Uint32Array(indices.length);
  for (let row = 0; row < rows; row++) {
    let before = -1;
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
      distances[at] = indices[at]! - before - 1;
      before = indices[at]!;
    }
  }
  return record(SPARSE, rows, indices.length, [narrow(counts), narrow(distances)], bitsOf(values));
}

/** The record of bytes whose checksum was right. Throws where they are none all the same, before memory is taken for numbers that they do not hold. */
export function decodeRecord(bytes: Uint8Array): Stored {
  if (bytes.length < HEAD) throw new Error("a record is too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first, second] = [bytes[1]!, bytes[2]!];
  const rows = view.getUint32(4, true);
  const number = view.getUint32(8, true);
  const holds = (length: number, ...widths: readonly number[]): void => {
    if (bytes.length - HEAD !== length || widths.some((width) => width < 1 || width > 4)) throw new Error("a record is not as long as it says");
  };
  switch (bytes[0]) {
    case IDS:
      holds(rows * first, first);
      return new Int32Array(words(bytes, HEAD, rows, first).buffer);
    case DENSE:
      holds(rows * number * 4);
      return { kind: "dense", width: number, values: valuesFrom(bytes, HEAD, rows * number) };
    case SPARSE: {
      holds(rows * first + number * (second + 4), first, second);
      const indptr = rowsFrom(words(bytes, HEAD, rows, first), number);
      const indices = words(bytes, HEAD + rows * first, number, second);
      fromDistances(indices, indptr);
      return { kind: "sparse", indptr, indices, values: valuesFrom(bytes, HEAD + rows * first + number * second, number) };
    }
    default:
      throw new Error("a record is of an unknown kind");
  }
}

interface Narrow {
  readonly words: Uint32Array;
  /** Bytes of each. */
  readonly width: number;
}

/** As few bytes a word as the largest needs. */
function narrow(words: Uint32Array): Narrow {
  let all = 0;
  for (const word of words) all |= word;
  return { words, width: Math.max(1, Math.ceil((32 - Math.clz32(all)) / 8)) };
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function record(kind: number, rows: number, number: number, numbers: readonly Narrow[], values: Uint32Array = NONE): Buffer {
  const parts = [...numbers, { words: values, width: 4 }];
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, { words, width }) => sum + words.length * width, HEAD));
  bytes.fill(0, 0, HEAD);
  bytes[0] = kind;
  numbers.forEach(({ width }, i) => (bytes[1 + i] = width));
  bytes.writeUInt32LE(rows, 4);
  bytes.writeUInt32LE(number, 8);
  let at = HEAD;
  for (const { words, width } of parts) {
    for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) for (const word of words) bytes[at++] = word >>> shift;
  }
  return bytes;
}

/** `count` words from planes of `width` bytes each, which begin at byte `from`. */
function words(bytes: Uint8Array, from: number, count: number, width: number): Uint32Array {
  const found = new Uint32Array(count);
  found.set(bytes.subarray(from, from + count));
  for (let plane = from + count; plane < from + width * count; plane += count) for (let i = 0; i < count; i++) found[i] = (found[i]! << 8) | bytes[plane + i]!;
  return found;
}

/** Values whose bits lie in four planes. In one pass: a re-run reads millions, and each pass over them costs a hundredth of it. */
function valuesFrom(bytes: Uint8Array, from: number, count: number): Float32Array {
  const [second, third, fourth] = [from + count, from + 2 * count, from + 3 * count];
  const bits = new Int32Array(count);
  for (let i = 0; i < count; i++) bits[i] = (bytes[from + i]! << 24) | (bytes[second + i]! << 16) | (bytes[third + i]! << 8) | bytes[fourth + i]!;
  return new Float32Array(bits.buffer);
}

/** Where rows begin, of how many entries each has. */
function rowsFrom(counts: Uint32Array, entries: number): Uint32Array {
  const indptr = new Uint32Array(counts.length + 1);
  let sum = 0;
  for (let row = 0; row < counts.length; row++) indptr[row + 1] = sum += counts[row]!;
  if (sum !== entries) throw new Error("the rows of a record do not add up");
  return indptr;
}

/** Features of the distances between them, in their place. */
function fromDistances(distances: Uint32Array, indptr: Uint32Array): void {
  const rows = indptr.length - 1;
  for (let row = 0; row < rows; row++) {
    const end = indptr[row + 1]!;
    let before = -1;
    for (let at = indptr[row]!; at < end; at++) {
      before = (before + distances[at]! + 1) | 0;
      distances[at] = before;
    }
  }
}
