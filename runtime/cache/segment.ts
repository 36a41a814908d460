/**
 * Without this file a cached result could be torn, damaged or of another version, and nobody would notice.
 *
 * A segment holds many records in one file that is written once and never changed. Integers are little-endian.
 *    0  8   magic: "saeqseg" and a zero byte
 *    8  u32 version of the format: 2
 *   12  u32 n, the number of records
 *   16  u64 size of the file in bytes
 *   24  u32 m, bytes of the label
 *   28  u32 0
 *   32  16  what it is a segment of: the name of its space, or of its value (`folder.ts`)
 *   48  32  sha256 of bytes 0 … 47 and of the label and index, which follow
 *   80  m   label: JSON in UTF-8, for people and for `saeq cache ls`
 *       n · 48  index, ascending by key: key 16 · offset in the file u64 · length u32 · u32 0 · first 16 bytes of the record's sha256
 *           the records (`record.ts`), in any order
 * Every byte lies under a checksum: those of the head when a segment is opened, a record's each time it is read. A file that lies where
 * another one should is as damaged as one with wrong bytes: it says itself what it is of. Version 1 did not, and is not read.
 * Records are found by binary search in the index and read by positioned reads, or, where many are asked for, all at once
 * (`segment_files.ts`): Node cannot map files.
 */
import { createHash } from "node:crypto";

export const VERSION = 2;
const MAGIC = Buffer.from("saeqseg\0", "latin1");
const HEAD = 80;
/** Bytes of the head before its own checksum. */
const SAID = 48;
const ENTRY = 48;
const KEY = 16;

export interface Entry {
  /** 16 bytes. */
  readonly key: Buffer;
  readonly bytes: Uint8Array;
}

/** All of a file. `of`: 32 hex digits, what it is a segment of. Of entries with equal keys the first stays. */
export function encodeSegment(of: string, label: string, entries: readonly Entry[]): Buffer {
  const sorted = [...entries].sort((a, b) => Buffer.compare(a.key, b.key)).filter(({ key }, i, all) => i === 0 || !key.equals(all[i - 1]!.key));
  const text = Buffer.from(label, "utf8");
  const index = Buffer.alloc(sorted.length * ENTRY);
  let offset = HEAD + text.length + index.length;
  sorted.forEach(({ key, bytes }, i) => {
    key.copy(index, i * ENTRY, 0, KEY);
    index.writeBigUInt64LE(BigInt(offset), i * ENTRY + 16);
    index.writeUInt32LE(bytes.length, i * ENTRY + 24);
    checksum(bytes).copy(index, i * ENTRY + 32);
    offset += bytes.length;
  });
  const head = Buffer.alloc(HEAD);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(sorted.length, 12);
  head.writeBigUInt64LE(BigInt(offset), 16);
  head.writeUInt32LE(text.length, 24);
  Buffer.from(of, "hex").copy(head, 32);
  headDigest(head, text, index).copy(head, SAID);
  return Buffer.concat([head, text, index, ...sorted.map(({ bytes }) => bytes)]);
}

/** Label and index of a segment, checked. */
export interface Index {
  readonly label: string;
  readonly count: number;
  /** Bytes of the whole file. */
  readonly size: number;
  readonly entries: Buffer;
}

export type Opened = { readonly state: "good"; readonly index: Index } | { readonly state: "newer"; readonly version: number } | { readonly state: "older" } | { readonly state: "damaged"; readonly why: string };

/** Open a segment of `size` bytes, where one of `of` should lie; `read` gives bytes at a place, fewer where the file ends. */
export function openSegment(of: string, size: number, read: (offset: number, length: number) => Buffer): Opened {
  const damaged = (why: string): Opened => ({ state: "damaged", why });
  const head = read(0, HEAD);
  if (head.length < 12 || !head.subarray(0, 8).equals(MAGIC)) return damaged("it does not begin as a segment does");
  const version = head.readUInt32LE(8);
  if (version > VERSION) return { state: "newer", version };
  if (version === 0) return damaged("its version never existed");
  if (version < VERSION) return { state: "older" };
  if (head.length < HEAD) return damaged("it ends within its head");
  const count = head.readUInt32LE(12);
  const length = head.readUInt32LE(24);
  if (head.readBigUInt64LE(16) !== BigInt(size)) return damaged("it is longer or shorter than it says");
  if (HEAD + length + count * ENTRY > size) return damaged("its index does not fit");
  const rest = read(HEAD, length + count * ENTRY);
  const text = rest.subarray(0, length);
  const entries = rest.subarray(length);
  if (!headDigest(head, text, entries).equals(head.subarray(SAID))) return damaged("the checksum of its head is wrong");
  if (head.toString("hex", 32, SAID) !== of) return damaged("it lies where another one should");
  return { state: "good", index: { label: text.toString("utf8"), count, size, entries: Buffer.from(entries) } };
}

/** The entry number of a key, or −1. */
export function find({ entries, count }: Index, key: Buffer): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = entries.compare(key, 0, KEY, middle * ENTRY, middle * ENTRY + KEY);
    if (order === 0) return middle;
    // `order` compares the entry with the key.
    if (order > 0) high = middle - 1;
    else low = middle + 1;
  }
  return -1;
}

export function keyAt({ entries }: Index, entry: number): Buffer {
  return entries.subarray(entry * ENTRY, entry * ENTRY + KEY);
}

/** The bytes of a record, or null where they are not what was written. */
export function readRecord({ entries, size }: Index, entry: number, read: (offset: number, length: number) => Buffer): Buffer | null {
  const at = entry * ENTRY;
  const offset = Number(entries.readBigUInt64LE(at + 16));
  const length = entries.readUInt32LE(at + 24);
  if (offset + length > size) return null;
  const bytes = read(offset, length);
  return bytes.length === length && checksum(bytes).equals(entries.subarray(at + 32, at + ENTRY)) ? bytes : null;
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, 16);
}

function headDigest(head: Buffer, label: Buffer, index: Buffer): Buffer {
  return createHash("sha256").update(head.subarray(0, SAID)).update(label).update(index).digest();
}
