/**
 * Without this file cached activations would be as large on disk as in memory.
 *
 * A record is what one tap gave for one document, or the ids that a model continued it with. Integers are little-endian.
 *   0  u8   kind: 1 sparse, 2 dense, 3 token ids
 *   1  u8   1: the rest from byte 12 on is one Zstandard frame (RFC 8878), 0: it is stored
 *   2  u16  0
 *   4  u32  rows (sparse, dense), ids (3)
 *   8  u32  entries (sparse), width (dense), 0 (3)
 *  12       body
 * Body, sparse: per row the number of its features, then all features, each row's first as it is and the others as the distance
 * to the one before minus 1; both as LEB128 (7 bits a byte, low ones first, the top bit says that more follow). Then the values'
 * float32 bits in four planes: all top bytes (sign and exponent, which repeat), then the next lower ones.
 * Body, dense: the same four planes. Body, ids: LEB128.
 * Measured on 320 texts of the shipped model: 59 % of the bytes that the compressed rows take in memory (`bench/cache`).
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { TapOutput } from "../engine/port.ts";

const SPARSE = 1;
const DENSE = 2;
const IDS = 3;
const HEAD = 12;
/** Decompressed bytes of one record at most: a document of 16,384 dense positions of 8,192. */
const MOST = 2 ** 30;

/** Shorter bodies are stored: setting a decoder up takes longer than computing what they hold. */
const WORTH_PACKING = 512;
/** And so are those that stay as large: a decoder takes 20 µs, a fifth of what a re-run needs for a text of 50 positions. */
const LARGEST_PACKED = 7 / 8;

export type Stored = TapOutput | Int32Array;

/** Exact: every bit of every value comes back, those of NaN too. */
export function encodeRecord(stored: Stored): Buffer {
  if (stored instanceof Int32Array) return record(IDS, stored.length, 0, varints(stored.length, (put) => stored.forEach(put)));
  if (stored.kind === "dense") return record(DENSE, stored.width === 0 ? 0 : stored.values.length / stored.width, stored.width, planes(stored.values));
  const { indptr, indices, values } = stored;
  const rows = indptr.length - 1;
  const numbers = varints(rows + indices.length, (put) => {
    for (let row = 0; row < rows; row++) put(indptr[row + 1]! - indptr[row]!);
    for (let row = 0; row < rows; row++) {
      let before = -1;
      for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
        put(indices[at]! - before - 1);
        before = indices[at]!;
      }
    }
  });
  return record(SPARSE, rows, indices.length, Buffer.concat([numbers, planes(values)]));
}

/** The record of bytes whose checksum was right. Throws where they are none all the same. */
export function decodeRecord(bytes: Uint8Array): Stored {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD) throw new Error("a record is too short");
  const rows = view.getUint32(4, true);
  const second = view.getUint32(8, true);
  const rest = bytes.subarray(HEAD);
  const body: Uint8Array = view.getUint8(1) === 1 ? zstdDecompressSync(rest, { maxOutputLength: MOST }) : rest;
  const reader = { body, at: 0 };
  switch (view.getUint8(0)) {
    case IDS:
      return Int32Array.from({ length: rows }, () => take(reader));
    case DENSE:
      return { kind: "dense", width: second, values: values(reader, rows * second) };
    case SPARSE: {
      const indptr = new Uint32Array(rows + 1);
      for (let row = 0; row < rows; row++) indptr[row + 1] = indptr[row]! + take(reader);
      if (indptr[rows] !== second) throw new Error("the rows of a record do not add up");
      const indices = new Uint32Array(second);
      for (let row = 0; row < rows; row++) {
        let before = -1;
        for (let at = indptr[row]!; at < indptr[row + 1]!; at++) indices[at] = before = before + 1 + take(reader);
      }
      return { kind: "sparse", indptr, indices, values: values(reader, second) };
    }
    default:
      throw new Error("a record is of an unknown kind");
  }
}

function record(kind: number, rows: number, second: number, body: Buffer): Buffer {
  const packed = body.length < WORTH_PACKING ? body : zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const smaller = packed.length < body.length * LARGEST_PACKED;
  const head = Buffer.alloc(HEAD);
  head.writeUInt8(kind, 0);
  head.writeUInt8(smaller ? 1 : 0, 1);
  head.writeUInt32LE(rows, 4);
  head.writeUInt32LE(second, 8);
  return Buffer.concat([head, smaller ? packed : body]);
}

function varints(count: number, write: (put: (value: number) => void) => void): Buffer {
  // 32 bits take five bytes at most.
  const bytes = Buffer.allocUnsafe(count * 5);
  let at = 0;
  write((value) => {
    let left = value >>> 0;
    while (left > 127) {
      bytes[at++] = (left & 127) | 128;
      left >>>= 7;
    }
    bytes[at++] = left;
  });
  return bytes.subarray(0, at);
}

interface Reader {
  readonly body: Uint8Array;
  at: number;
}

function take(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.body[reader.at++];
    if (byte === undefined) break;
    value = (value | ((byte & 127) << shift)) >>> 0;
    if (byte < 128) return value;
  }
  throw new Error("a number of a record does not end");
}

function planes(values: Float32Array): Buffer {
  const count = values.length;
  const bits = new Uint32Array(values.buffer, values.byteOffset, count);
  const bytes = Buffer.allocUnsafe(count * 4);
  for (let i = 0; i < count; i++) {
    const word = bits[i]!;
    bytes[i] = word >>> 24;
    bytes[count + i] = (word >>> 16) & 255;
    bytes[2 * count + i] = (word >>> 8) & 255;
    bytes[3 * count + i] = word & 255;
  }
  return bytes;
}

function values({ body, at }: Reader, count: number): Float32Array {
  if (body.length - at !== count * 4) throw new Error("the values of a record are not as many as it says");
  const bits = new Uint32Array(count);
  for (let i = 0; i < count; i++) bits[i] = ((body[at + i]! << 24) | (body[at + count + i]! << 16) | (body[at + 2 * count + i]! << 8) | body[at + 3 * count + i]!) >>> 0;
  return new Float32Array(bits.buffer);
}
