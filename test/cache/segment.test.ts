/** Without this file a damaged or torn cache file might be believed. */
import { createHash } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pack, PACK_BYTES, unpack } from "../../runtime/cache/pack.ts";
import { decodeRecord, encodeRecord, type Stored } from "../../runtime/cache/record.ts";
import { asWritten, encodeSegment, find, keyAt, openSegment, placeAt, readPack, type Entry, type Index } from "../../runtime/cache/segment.ts";
import { decodeValue, encodeValue } from "../../runtime/cache/value_bytes.ts";
import { bits } from "../session/open.ts";
import { keyOf, recordOf } from "./records.ts";

/** `CACHE_FLIPS=100000` tries more, at night. */
const FLIPS = Number(process.env["CACHE_FLIPS"] ?? 1000);

/** Who reads beyond the end, but for a head, has believed a length that it did not check. */
const reader = (file: Buffer) => (offset: number, length: number): Buffer => {
  assert.ok(offset === 0 || offset + length <= file.length, `${length} bytes at ${offset} of ${file.length}`);
  return file.subarray(offset, offset + length);
};

/** One that repeats. */
const alike = (i: number): Stored => ({ kind: "dense", width: 4, values: Float32Array.from({ length: 2000 }, (_, at) => (at + i) % 7) });

test("records come back bit for bit: sparse, dense, ids", () => {
  const stored: Stored[] = [
    ...Array.from({ length: 200 }, (_, i) => recordOf(i)),
    alike(0),
    { kind: "sparse", indptr: new Uint32Array(1), indices: new Uint32Array(0), values: new Float32Array(0) },
    { kind: "sparse", indptr: Uint32Array.of(0, 2), indices: Uint32Array.of(0, 0xffff_ffff), values: Float32Array.of(-0, Number.NaN) },
    { kind: "dense", width: 3, values: Float32Array.of(1, -1, 0, 1e-45, Number.POSITIVE_INFINITY, 3.5) },
    { kind: "dense", width: 4, values: new Float32Array(0) },
    Int32Array.of(0, 127, 128, 2 ** 31 - 1),
    Int32Array.of(-1, 2 ** 16),
    new Int32Array(0),
  ];
  for (const each of stored) assert.is(bits(decodeRecord(encodeRecord(each))), bits(each));
});

test("the bytes of a record are those that its description gives", () => {
  const bytes = encodeRecord({ kind: "sparse", indptr: Uint32Array.of(0, 2, 3), indices: Uint32Array.of(5, 400, 1), values: Float32Array.of(1, 2, -0.5) });
  assert.equal([...bytes.subarray(0, 12)], [1, 1, 2, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
  // 2 and 1 features; 5, 400 − 5 − 1 = 394 = 0x018a, 1 in two planes; then the planes of 0x3f800000, 0x40000000, 0xbf000000.
  assert.equal([...bytes.subarray(12)], [2, 1, 0, 1, 0, 5, 0x8a, 1, 0x3f, 0x40, 0xbf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal([...encodeRecord({ kind: "dense", width: 1, values: Float32Array.of(1, -0.5) })], [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0x3f, 0xbf, 0x80, 0, 0, 0, 0, 0]);
  assert.equal([...encodeRecord(Int32Array.of(7, 0x10203))], [3, 3, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 7, 3]);
});

test("bytes that are no record throw and never hang", () => {
  const random = seedrandom("records");
  for (let i = 0; i < 500; i++) {
    const bytes = Buffer.from(encodeRecord(i % 10 === 0 ? alike(i) : recordOf(i)));
    for (let times = 0; times < 3; times++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    try {
      decodeRecord(bytes);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
  const uneven = encodeRecord({ kind: "sparse", indptr: Uint32Array.of(0, 2, 3), indices: Uint32Array.of(5, 400, 1), values: Float32Array.of(1, 2, -0.5) });
  uneven[12] = 1;
  assert.throws(() => decodeRecord(uneven), /do not add up/);
  // Of numbers that take no bytes any count would be believed.
  for (const kind of [1, 3]) assert.throws(() => decodeRecord(Buffer.from([kind, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0])), /not as long/);
});

test("a pack is a frame where that is shorter by an eighth, and what it holds otherwise", () => {
  const random = seedrandom("unlike");
  const unlike = Buffer.from(Array.from({ length: 5000 }, () => Math.floor(random() * 256)));
  const packed = pack(Buffer.alloc(20_000, 7));
  assert.ok(packed.length < 100);
  assert.equal(zstdDecompressSync(packed), Buffer.alloc(20_000, 7));
  assert.equal(unpack(packed, 20_000), Buffer.alloc(20_000, 7));
  for (const stored of [unlike, Buffer.concat([unlike, Buffer.alloc(400)]), Buffer.alloc(500, 7), Buffer.alloc(0)]) {
    assert.equal(pack(stored), stored);
    assert.equal(unpack(stored, stored.length), stored);
  }
  assert.ok(pack(Buffer.concat([unlike, Buffer.alloc(1000)])).length < 5100);
});

test("no memory is taken for lengths that a pack does not have", () => {
  const { allocUnsafe } = Buffer;
  let most = 0;
  Buffer.allocUnsafe = (size) => {
    most = Math.max(most, size);
    return allocUnsafe(size);
  };
  try {
    const frame = zstdCompressSync(Buffer.alloc(2000, 7));
    for (const length of [0, 1, 100, 1999, 2001, 5000, 2 ** 30, 2 ** 30 + 1, 2 ** 32 - 1]) assert.is(unpack(frame, length), null, `${length}`);
    assert.is(unpack(zstdCompressSync(Buffer.alloc(2 ** 26)), 3000), null, "64 MiB where 3,000 bytes should be");
    assert.is(unpack(frame.subarray(0, -3), 2000), null);
    assert.is(unpack(Buffer.alloc(20, 9), 2000), null, "no frame");
  } finally {
    Buffer.allocUnsafe = allocUnsafe;
  }
  assert.ok(most <= 2 ** 20, `${most} bytes at once`);
});

/** What the segments here are of. */
const OF = "0123456789abcdef0123456789abcdef";
const random = seedrandom("bytes");
/** In three packs: one of small records, one that is a frame, one of a record that is longer than a pack and stored. */
const ENTRIES: readonly Entry[] = [
  ...Array.from({ length: 40 }, (_, i) => ({ key: keyOf(i), bytes: i === 20 ? Buffer.alloc(0) : encodeRecord(recordOf(i)) })),
  { key: keyOf(40), bytes: Buffer.alloc(PACK_BYTES - 1000, "so on ") },
  { key: keyOf(41), bytes: Buffer.from(Uint8Array.from({ length: PACK_BYTES + 1 }, () => Math.floor(random() * 256))) },
];
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
const TRUTH = ENTRIES.map(({ bytes }) => Buffer.from(bytes).toString("hex"));

test("a whole segment gives every record, and nothing for other keys", () => {
  assert.equal(believed(FILE), TRUTH);
  const opened = openSegment(OF, FILE.length, reader(FILE));
  assert.ok(opened.state === "good" && find(opened.index, keyOf(1000)) === -1);
  const none = encodeSegment(OF, "", []);
  assert.is(openSegment(OF, none.length, reader(none)).state, "good");
});

test("the bytes of a segment are those that its description gives", () => {
  const sha = (...parts: readonly Buffer[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
  const [n, m, p] = [ENTRIES.length, FILE.readUInt32LE(24), FILE.readUInt32LE(28)];
  assert.equal([FILE.toString("latin1", 0, 8), FILE.readUInt32LE(8), FILE.readUInt32LE(12), Number(FILE.readBigUInt64LE(16)), m, p], ["saeqseg\0", 3, n, FILE.length, 12, 3]);
  assert.is(FILE.toString("hex", 32, 48), OF);
  const end = 80 + m + p * 24 + n * 28;
  assert.equal(FILE.subarray(48, 80), sha(FILE.subarray(0, 48), FILE.subarray(80, end)));
  assert.is(FILE.toString("utf8", 80, 80 + m), '{"name":"x"}');
  let at = end;
  const packs = [0, 1, 2].map((i) => {
    const entry = 80 + m + i * 24;
    const stored = FILE.subarray(at, (at += FILE.readUInt32LE(entry)));
    assert.equal(FILE.subarray(entry + 8, entry + 24), sha(stored).subarray(0, 16));
    const held = stored.length === FILE.readUInt32LE(entry + 4) ? stored : zstdDecompressSync(stored);
    assert.is(held.length, FILE.readUInt32LE(entry + 4));
    return held;
  });
  assert.is(at, FILE.length);
  assert.equal(Buffer.concat(packs), Buffer.concat(ENTRIES.map(({ bytes }) => bytes)), "in the order in which they were given");
  assert.equal(packs.map(({ length }) => length).slice(1), [PACK_BYTES - 1000, PACK_BYTES + 1]);
  for (let i = 0; i < n; i++) {
    const entry = 80 + m + p * 24 + i * 28;
    if (i > 0) assert.ok(Buffer.compare(FILE.subarray(entry - 28, entry - 12), FILE.subarray(entry, entry + 16)) < 0, "ascending");
    const { bytes } = ENTRIES.find(({ key }) => key.equals(FILE.subarray(entry, entry + 16)))!;
    const [pack, offset, length] = [16, 20, 24].map((field) => FILE.readUInt32LE(entry + field)) as [number, number, number];
    assert.equal(packs[pack]!.subarray(offset, offset + length), Buffer.from(bytes));
  }
});

test("one record, none, only empty ones, and two of one key", () => {
  for (const entries of [[], ENTRIES.slice(0, 1), ENTRIES.slice(20, 21), ENTRIES.slice(41), [7, 8].map((i) => ({ key: keyOf(i), bytes: Buffer.alloc(0) }))]) {
    const file = encodeSegment(OF, "", entries);
    const opened = openSegment(OF, file.length, reader(file));
    assert.ok(opened.state === "good");
    assert.equal(entries.map(({ key }) => recordIn(opened.index, find(opened.index, key), file)), entries.map(({ bytes }) => Buffer.from(bytes).toString("hex")));
  }
  const twice = encodeSegment(OF, "", [...ENTRIES.slice(0, 3), { key: keyOf(1), bytes: Buffer.from("other") }]);
  assert.equal(twice, encodeSegment(OF, "", ENTRIES.slice(0, 3)), "the first stays");
});

test("what was written in one order is told in it, and its bytes hang on it alone", () => {
  const shuffled = [...ENTRIES].sort((a, b) => Buffer.compare(a.key.subarray(3), b.key.subarray(3))).filter(({ bytes }) => bytes.length > 0);
  const file = encodeSegment(OF, "", shuffled);
  assert.equal(file, encodeSegment(OF, "", shuffled.map(({ key, bytes }) => ({ key: Buffer.from(key), bytes: Buffer.from(bytes) }))));
  const opened = openSegment(OF, file.length, reader(file));
  assert.ok(opened.state === "good");
  assert.equal(asWritten(opened.index).map((entry) => keyAt(opened.index, entry).toString("hex")), shuffled.map(({ key }) => key.toString("hex")));
});

/** A changed copy of the file. */
function changed(change: (file: Buffer) => void): Buffer {
  const file = Buffer.from(FILE);
  change(file);
  return file;
}

function noticed(file: Buffer, what: string): void {
  const found = believed(file);
  assert.ok(found === null || (found.every((bytes, n) => bytes === null || bytes === TRUTH[n]) && found.includes(null)), `${what} went unnoticed`);
}

const PACKS = 80 + 12;
const INDEX = PACKS + 3 * 24;
const RECORDS = INDEX + ENTRIES.length * 28;

test("a flipped bit of every part is noticed, and damage of a pack is damage of its records alone", () => {
  const frame = RECORDS + FILE.readUInt32LE(PACKS);
  const stored = frame + FILE.readUInt32LE(PACKS + 24);
  for (const at of [0, 7, 8, 12, 16, 24, 28, 32, 47, 48, 79, 80, 91, PACKS, PACKS + 4, PACKS + 8, PACKS + 23, PACKS + 71, INDEX, INDEX + 15, INDEX + 16, INDEX + 20, INDEX + 24, RECORDS - 1, RECORDS, frame - 1, frame, stored - 1, stored, FILE.length - 1]) {
    for (let bit = 0; bit < 8; bit++) noticed(changed((file) => (file[at] = file[at]! ^ (1 << bit))), `bit ${bit} of byte ${at}`);
  }
  for (const [at, lost] of [[RECORDS + 9, [...ENTRIES.keys()].slice(0, 40)], [frame + 9, [40]], [stored + 9, [41]]] as const) {
    assert.equal(believed(changed((file) => (file[at] = file[at]! ^ 4)))?.flatMap((bytes, n) => (bytes === null ? [n] : [])), lost);
  }
});

test("what a file says of itself is not believed, though its checksum is right", () => {
  const sealed = (change: (file: Buffer) => void): Buffer => changed((file) => {
    change(file);
    createHash("sha256").update(file.subarray(0, 48)).update(file.subarray(80, RECORDS)).digest().copy(file, 48);
  });
  assert.equal(believed(sealed(() => {})), TRUTH);
  const stored = FILE.readUInt32LE(PACKS);
  for (const [field, value] of [[PACKS, stored + 1], [PACKS, stored - 1], [PACKS, 2 ** 32 - 1], [PACKS, 0]] as const) assert.is(believed(sealed((file) => file.writeUInt32LE(value, field))), null, "packs that do not fill the file");
  for (const [field, value] of [[PACKS + 4, 2 ** 32 - 1], [PACKS + 4, 2 ** 30], [PACKS + 28, 2000], [PACKS + 28, PACK_BYTES], [PACKS + 52, 7], [INDEX + 16, 3], [INDEX + 16, 2 ** 32 - 1], [INDEX + 20, 2 ** 32 - 1], [INDEX + 24, PACK_BYTES * 2]] as const) {
    noticed(sealed((file) => file.writeUInt32LE(value, field)), `${value} at byte ${field}`);
  }
  for (const [field, value] of [[12, 2 ** 32 - 1], [24, 2 ** 32 - 1], [28, 2 ** 32 - 1]] as const) assert.is(believed(changed((file) => file.writeUInt32LE(value, field))), null);
});

test(`${FLIPS} flipped bits: no wrong record is given`, () => {
  const random = seedrandom("flips");
  for (let i = 0; i < FLIPS; i++) {
    const file = Buffer.from(FILE);
    const at = Math.floor(random() * file.length);
    file[at] = file[at]! ^ (1 << Math.floor(random() * 8));
    noticed(file, `byte ${at}`);
  }
});

test("a segment cut anywhere, or longer than it was, is refused", () => {
  for (let length = 0; length < FILE.length; length += length < 200 ? 1 : 371) assert.is(openSegment(OF, length, reader(FILE.subarray(0, length))).state, "damaged");
  const longer = Buffer.concat([FILE, Buffer.alloc(1)]);
  assert.is(openSegment(OF, longer.length, reader(longer)).state, "damaged");
});

test("a whole segment of something else is refused", () => {
  const opened = openSegment(OF.replace("0", "f"), FILE.length, reader(FILE));
  assert.equal(opened, { state: "damaged", why: "it lies where another one should" });
});

test("a newer format, and an older one, are told from damage", () => {
  const file = Buffer.from(FILE);
  file.writeUInt32LE(4, 8);
  assert.equal(openSegment(OF, file.length, reader(file)), { state: "newer", version: 4 });
  for (const version of [1, 2]) {
    file.writeUInt32LE(version, 8);
    assert.equal(openSegment(OF, file.length, reader(file)), { state: "older" });
  }
});

test("values come back bit for bit", () => {
  const value = { kind: "table", rows: 2, columns: [{ name: "__proto__", values: Float64Array.of(1, Number.NaN), valid: Uint8Array.of(1, 0) }], more: [new Set([1, 2]), undefined, null, -0, Number.NEGATIVE_INFINITY, "\ud800 é", [[]]], ids: [Int32Array.of(1), new Int32Array(0)] };
  assert.is(bits(decodeValue(encodeValue(value))), bits(value));
  const map = new Map<number, unknown>([[3, Float64Array.of(1)], [0, new Map()]]);
  assert.equal(decodeValue(encodeValue(map)), map);
});

test.run();
