/** Without this file a damaged or torn cache file might be believed. */
import { zstdDecompressSync } from "node:zlib";
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeRecord, encodeRecord, type Stored } from "../../runtime/cache/record.ts";
import { encodeSegment, find, openSegment, placeAt, readPack, type Index } from "../../runtime/cache/segment.ts";
import { decodeValue, encodeValue } from "../../runtime/cache/value_bytes.ts";
import { bits } from "../session/open.ts";
import { keyOf, recordOf } from "./records.ts";

/** `CACHE_FLIPS=100000` tries more, at night. */
const FLIPS = Number(process.env["CACHE_FLIPS"] ?? 1000);

const reader = (file: Buffer) => (offset: number, length: number): Buffer => file.subarray(offset, offset + length);

/** One that repeats, so that it is packed. */
const packedRecord = (i: number): Stored => ({ kind: "dense", width: 4, values: Float32Array.from({ length: 2000 }, (_, at) => (at + i) % 7) });

test("records come back bit for bit: sparse, dense, ids", () => {
  const stored: Stored[] = [
    ...Array.from({ length: 200 }, (_, i) => recordOf(i)),
    packedRecord(0),
    { kind: "sparse", indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) },
    { kind: "sparse", indptr: Uint32Array.of(0, 2), indices: Uint32Array.of(0, 0xffff_ffff), values: Float32Array.of(-0, Number.NaN) },
    { kind: "dense", width: 3, values: Float32Array.of(1, -1, 0, 1e-45, Number.POSITIVE_INFINITY, 3.5) },
    { kind: "dense", width: 4, values: new Float32Array(0) },
    Int32Array.of(0, 127, 128, 2 ** 31 - 1),
    new Int32Array(0),
  ];
  for (const each of stored) assert.is(bits(decodeRecord(encodeRecord(each))), bits(each));
});

test("the bytes of a record are those that its description gives", () => {
  const bytes = encodeRecord({ kind: "sparse", indptr: Uint32Array.of(0, 2, 3), indices: Uint32Array.of(5, 400, 1), values: Float32Array.of(1, 2, -0.5) });
  assert.equal([...bytes.subarray(0, 12)], [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
  // 2 and 1 features; 5, 400 − 5 − 1 = 394 = 0b11_0001010, 1; then the planes of 0x3f800000, 0x40000000, 0xbf000000.
  assert.equal([...bytes.subarray(12)], [2, 1, 5, 0x8a, 0x03, 1, 0x3f, 0x40, 0xbf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.is(encodeRecord(packedRecord(0))[1], 1);
  const packed = encodeRecord(Int32Array.from({ length: 20_000 }, () => 7));
  assert.is(packed[1], 1);
  assert.equal(zstdDecompressSync(packed.subarray(12)), Buffer.alloc(20_000, 7));
  // Too short to be worth it, and too little that repeats.
  assert.equal([...encodeRecord(Int32Array.from({ length: 100 }, () => 7)).subarray(1, 13)], [0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 7]);
  const random = seedrandom("unlike");
  assert.is(encodeRecord({ kind: "dense", width: 1, values: Float32Array.from({ length: 5000 }, () => 1 + random()) })[1], 1);
  assert.is(encodeRecord(Int32Array.from({ length: 5000 }, () => Math.floor(random() * 128)))[1], 0);
});

test("bytes that are no record throw and never hang", () => {
  const random = seedrandom("records");
  for (let i = 0; i < 500; i++) {
    const bytes = Buffer.from(encodeRecord(i % 10 === 0 ? packedRecord(i) : recordOf(i)));
    for (let times = 0; times < 3; times++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    // Sizes that memory cannot hold are what a checksum is for; here they only must not be believed blindly.
    bytes.writeUInt16LE(0, 6);
    bytes.writeUInt16LE(0, 10);
    try {
      decodeRecord(bytes);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
});

/** What the segments here are of. */
const OF = "0123456789abcdef0123456789abcdef";
const ENTRIES = Array.from({ length: 40 }, (_, i) => ({ key: keyOf(i), bytes: encodeRecord(recordOf(i)) }));
const FILE = encodeSegment(OF, '{"name":"x"}', ENTRIES);

/** A record in hex, or null where it is not what was written. */
function recordIn(index: Index, entry: number, file: Buffer): string | null {
  const place = placeAt(index, entry);
  return (place === null ? null : readPack(index.packs[place.pack]!, reader(file)))?.toString("hex", place!.offset, place!.offset + place!.length) ?? null;
}

/** What a reader believes of a file: the records it gives, or null where it refuses the file. */
function believed(file: Buffer): readonly (string | null)[] | null {
  const opened = openSegment(OF, file.length, reader(file));
  if (opened.state !== "good") return null;
  return ENTRIES.map(({ key }) => {
    const entry = find(opened.index, key);
    return entry < 0 ? null : recordIn(opened.index, entry, file);
  });
}
const TRUTH = ENTRIES.map(({ bytes }) => bytes.toString("hex"));

test("a whole segment gives every record, and nothing for other keys", () => {
  assert.equal(believed(FILE), TRUTH);
  const opened = openSegment(OF, FILE.length, reader(FILE));
  assert.ok(opened.state === "good" && find(opened.index, keyOf(1000)) === -1);
  const none = encodeSegment(OF, "", []);
  assert.is(openSegment(OF, none.length, reader(none)).state, "good");
});

test(`${FLIPS} flipped bits: no wrong record is given`, () => {
  const random = seedrandom("flips");
  for (let i = 0; i < FLIPS; i++) {
    const file = Buffer.from(FILE);
    const at = Math.floor(random() * file.length);
    file[at] = file[at]! ^ (1 << Math.floor(random() * 8));
    const found = believed(file);
    assert.ok(found === null || (found.every((bytes, n) => bytes === null || bytes === TRUTH[n]) && found.includes(null)), `byte ${at} went unnoticed`);
  }
});

test("a segment cut anywhere, or longer than it was, is refused", () => {
  for (let length = 0; length < FILE.length; length += length < 200 ? 1 : 37) assert.is(openSegment(OF, length, reader(FILE.subarray(0, length))).state, "damaged");
  const longer = Buffer.concat([FILE, Buffer.alloc(1)]);
  assert.is(openSegment(OF, longer.length, reader(longer)).state, "damaged");
});

test("a whole segment of something else is refused", () => {
  const opened = openSegment(OF.replace("0", "f"), FILE.length, reader(FILE));
  assert.equal(opened, { state: "damaged", why: "it lies where another one should" });
});

test("a newer format, and an older one, are told from damage", () => {
  const file = Buffer.from(FILE);
  file.writeUInt32LE(3, 8);
  assert.equal(openSegment(OF, file.length, reader(file)), { state: "newer", version: 3 });
  file.writeUInt32LE(1, 8);
  assert.equal(openSegment(OF, file.length, reader(file)), { state: "older" });
});

test("values come back bit for bit", () => {
  const value = { kind: "table", rows: 2, columns: [{ name: "__proto__", values: Float64Array.of(1, Number.NaN), valid: Uint8Array.of(1, 0) }], more: [new Set([1, 2]), undefined, null, -0, Number.NEGATIVE_INFINITY, "\ud800 é", [[]]], ids: [Int32Array.of(1), new Int32Array(0)] };
  assert.is(bits(decodeValue(encodeValue(value))), bits(value));
  const map = new Map<number, unknown>([[3, Float64Array.of(1)], [0, new Map()]]);
  assert.equal(decodeValue(encodeValue(map)), map);
});

test.run();
