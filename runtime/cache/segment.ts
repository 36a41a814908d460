/**
 * Without this file a cached result could be torn, damaged or of another version, and nobody would notice.
 *
 * A segment holds many records in one file that is written once and never changed. Integers are little-endian.
 *    0  8   magic: "saeqseg" and a zero byte
 *    8  u32 version of the format: 3
 *   12  u32 n, the number of records
 *   16  u64 size of the file in bytes
 *   24  u32 m, bytes of the label
 *   28  u32 p, the number of packs
 *   32  16  what it is a segment of: the name of its space, or of its value (`folder.ts`)
 *   48  32  sha256 of bytes 0 … 47 and of label, packs and index, which follow
 *   80  m   label: JSON in UTF-8, for people and for `saeq cache ls`
 *       p · 24  packs, in the order in which they lie: bytes that it takes u32 · bytes of its records u32 · first 16 bytes of the sha256 of the bytes that it takes
 *       n · 28  index, ascending by key: key 16 · number of its pack u32 · place in the pack u32 · length u32
 *           the packs, one behind the other, to the end of the file (`pack.ts`)
 * A pack holds records (`record.ts`) one behind the other in the order in which they were written, which is mostly the one in which they
 * are read again: as many as fit into 128 KiB, or one that is longer. It is stored where it takes as many bytes as its records, and one
 * Zstandard frame otherwise.
 * Every byte lies under a checksum: those of the head when a segment is opened, a pack's when it is read. A file that lies where
 * another one should is as damaged as one with wrong bytes: it says itself what it is of. Versions 1, which did not, and 2, with a frame
 * for each record, are not read.
 * Records are found by binary search in the index, and packs read by positioned reads (`segment_files.ts`): Node cannot map files.
 */
import { hash } from "node:crypto";
import { pack, PACK_BYTES, unpack } from "./pack.ts";

export const VERSION = 3;
const MAGIC = Buffer.from("saeqseg\0", "latin1");
const HEAD = 80;
/** Bytes of the head before its own checksum. */
const SAID = 48;
const PACK = 24;
const ENTRY = 28;
const KEY = 16;

export interface Entry {
  /** 16 bytes. */
  readonly key: Buffer;
  readonly bytes: Uint8Array;
}

/** All of a file: equal entries in equal order give equal bytes. `of`: 32 hex digits, what it is a segment of. Of entries with equal keys the first stays. */
export function encodeSegment(of: string, label: string, entries: readonly Entry[]): Buffer {
  const first = new Map<string, Entry>();
  for (const entry of entries) {
    const name = entry.key.toString("latin1");
    if (!first.has(name)) first.set(name, entry);
  }
  const placed: { readonly key: Buffer; readonly pack: number; readonly offset: number; readonly length: number }[] = [];
  const packs = packsOf([...first.values()]).map((held, number) => {
    let offset = 0;
    for (const { key, bytes } of held) {
      placed.push({ key, pack: number, offset, length: bytes.length });
      offset += bytes.length;
    }
    return { length: offset, stored: pack(Buffer.concat(held.map(({ bytes }) => bytes))) };
  });
  placed.sort((a, b) => Buffer.compare(a.key, b.key));
  const text = Buffer.from(label, "utf8");
  const table = Buffer.alloc(packs.length * PACK);
  packs.forEach(({ stored, length }, i) => {
    table.writeUInt32LE(stored.length, i * PACK);
    table.writeUInt32LE(length, i * PACK + 4);
    checksum(stored).copy(table, i * PACK + 8, 0, 16);
  });
  const index = Buffer.alloc(placed.length * ENTRY);
  placed.forEach(({ key, pack, offset, length }, i) => {
    key.copy(index, i * ENTRY, 0, KEY);
    index.writeUInt32LE(pack, i * ENTRY + 16);
    index.writeUInt32LE(offset, i * ENTRY + 20);
    index.writeUInt32LE(length, i * ENTRY + 24);
  });
  const head = Buffer.alloc(HEAD);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(placed.length, 12);
  head.writeBigUInt64LE(BigInt(packs.reduce((sum, { stored }) => sum + stored.length, HEAD + text.length + table.length + index.length)), 16);
  head.writeUInt32LE(text.length, 24);
  head.writeUInt32LE(packs.length, 28);
  Buffer.from(of, "hex").copy(head, 32);
  const said = [text, table, index];
  headDigest(head, Buffer.concat(said)).copy(head, SAID);
  return Buffer.concat([head, ...said, ...packs.map(({ stored }) => stored)]);
}

/** Which records lie together. */
function packsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const packs: Entry[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (length + entry.bytes.length > PACK_BYTES) {
      packs.push([]);
      length = 0;
    }
    packs.at(-1)!.push(entry);
    length += entry.bytes.length;
  }
  return packs;
}

/** Label, packs and index of a segment, checked. */
export interface Index {
  readonly label: string;
  readonly count: number;
  readonly packs: readonly Pack[];
  /** Bytes of all records. */
  readonly length: number;
  readonly entries: Buffer;
}

export interface Pack {
  /** In the file. */
  readonly offset: number;
  /** Bytes in the file. */
  readonly stored: number;
  /** Bytes of its records. */
  readonly length: number;
  readonly sum: Buffer;
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
  if (head.readBigUInt64LE(16) !== BigInt(size)) return damaged("it is longer or shorter than it says");
  const count = head.readUInt32LE(12);
  const packsAt = head.readUInt32LE(24);
  const entriesAt = packsAt + head.readUInt32LE(28) * PACK;
  const length = entriesAt + count * ENTRY;
  if (HEAD + length > size) return damaged("its index does not fit");
  const rest = read(HEAD, length);
  if (!headDigest(head, rest).equals(head.subarray(SAID))) return damaged("the checksum of its head is wrong");
  if (head.toString("hex", 32, SAID) !== of) return damaged("it lies where another one should");
  const packs = packsIn(rest.subarray(packsAt, entriesAt), HEAD + length, size);
  if (packs === null) return damaged("its packs do not fit");
  return { state: "good", index: { label: rest.toString("utf8", 0, packsAt), count, packs, length: packs.reduce((sum, pack) => sum + pack.length, 0), entries: Buffer.from(rest.subarray(entriesAt)) } };
}

/** Null where they do not fill the file from byte `from` to its end, `size`. */
function packsIn(table: Buffer, from: number, size: number): readonly Pack[] | null {
  const packs: Pack[] = [];
  let offset = from;
  for (let at = 0; at < table.length; at += PACK) {
    const stored = table.readUInt32LE(at);
    packs.push({ offset, stored, length: table.readUInt32LE(at + 4), sum: Buffer.from(table.subarray(at + 8, at + PACK)) });
    offset += stored;
  }
  return offset === size ? packs : null;
}

/** The entry number of a key, or −1. */
export function find({ entries, count }: Index, key: Buffer): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = orderOf(entries, middle * ENTRY, key);
    if (order === 0) return middle;
    if (order > 0) high = middle - 1;
    else low = middle + 1;
  }
  return -1;
}

/** Below, at or above 0 where the key at a place comes before, is or comes after another one. `Buffer.compare` takes longer than a whole search. */
function orderOf(entries: Buffer, at: number, key: Buffer): number {
  for (let word = 0; word < KEY; word += 4) {
    const order = entries.readUInt32BE(at + word) - key.readUInt32BE(word);
    if (order !== 0) return order;
  }
  return 0;
}

export function keyAt({ entries }: Index, entry: number): Buffer {
  return entries.subarray(entry * ENTRY, entry * ENTRY + KEY);
}

/** Where a record lies; `pack`: the number of its pack. */
export interface Place {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
}

/** Null where that is not within its pack. */
export function placeAt({ entries, packs }: Index, entry: number): Place | null {
  const at = entry * ENTRY;
  const place = { pack: entries.readUInt32LE(at + 16), offset: entries.readUInt32LE(at + 20), length: entries.readUInt32LE(at + 24) };
  const held = packs[place.pack];
  return held === undefined || place.offset + place.length > held.length ? null : place;
}

/** The entries as they lie in the file, which is the order in which they were written. */
export function asWritten({ entries, count }: Index): readonly number[] {
  const at = (entry: number, field: number): number => entries.readUInt32LE(entry * ENTRY + field);
  return Array.from({ length: count }, (_, entry) => entry).sort((a, b) => at(a, 16) - at(b, 16) || at(a, 20) - at(b, 20) || at(a, 24) - at(b, 24) || a - b);
}

/** The records of a pack, or null where they are not what was written. */
export function readPack({ offset, stored, length, sum }: Pack, read: (offset: number, length: number) => Buffer): Buffer | null {
  const bytes = read(offset, stored);
  return bytes.length === stored && checksum(bytes).equals(sum) ? unpack(bytes, length) : null;
}

function checksum(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer").subarray(0, 16);
}

function headDigest(head: Buffer, rest: Buffer): Buffer {
  return hash("sha256", Buffer.concat([head.subarray(0, SAID), rest]), "buffer");
}
