/** Without this file records that are read out of packs might be others than those that were written, or stay in memory for good. */
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import seedrandom from "seedrandom";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeSegment, find, placeAt, type Entry, type Index } from "../../runtime/cache/segment.ts";
import { createSegmentFiles, type SegmentFiles } from "../../runtime/cache/segment_files.ts";
import { keyOf, SPACE } from "./records.ts";

const test = suite("segment files");
const root = mkdtempSync(join(tmpdir(), "saeq-segment-files-"));
test.after(() => rmSync(root, { recursive: true, force: true }));

/** About ten to a pack; every other one repeats, so that packs are frames. */
const ENTRIES: readonly Entry[] = Array.from({ length: 40 }, (_, i) => {
  const random = seedrandom(String(i));
  return { key: keyOf(i), bytes: Uint8Array.from({ length: 12_000 + i }, () => (i % 2 === 0 ? i : Math.floor(random() * 256))) };
});

function written(name: string, entries: readonly Entry[] = ENTRIES): { readonly path: string; readonly files: SegmentFiles; readonly index: Index } {
  mkdirSync(join(root, name, SPACE.id), { recursive: true });
  const path = join(root, name, SPACE.id, "one.seg");
  writeFileSync(path, encodeSegment(SPACE.id, "a space", entries));
  const files = createSegmentFiles();
  return { path, files, index: indexOf(files, path) };
}

function indexOf(files: SegmentFiles, path: string): Index {
  const opened = files.open(path);
  assert.ok(opened?.state === "good");
  return opened.index;
}

/** Damage the pack of an entry, as the file has it. */
function spoil(path: string, index: Index, entry: number): void {
  const { offset, stored } = index.packs[placeAt(index, entry)!.pack]!;
  const byte = Buffer.alloc(1);
  const handle = openSync(path, "r+");
  readSync(handle, byte, 0, 1, offset + stored - 5);
  writeSync(handle, Buffer.from([byte[0]! ^ 1]), 0, 1, offset + stored - 5);
  closeSync(handle);
}

const hex = (found: Buffer | "damaged" | null): string | null => (typeof found === "string" || found === null ? found : found.toString("hex"));

/** Record by record, by the number that it was written with. */
const read = (files: SegmentFiles, path: string, index: Index, i: number): Buffer | "damaged" | null => files.read(path, index, find(index, keyOf(i)));
const numberOf = (index: Index, i: number): number => placeAt(index, find(index, keyOf(i)))!.pack;

test("every record has the same bytes, in whatever order they are read, and again", () => {
  const { path, files, index } = written("same");
  assert.ok(index.packs.length >= 4 && index.packs.every(({ stored, length }) => stored < length));
  const random = seedrandom("order");
  for (let round = 0; round < 4; round++) {
    const order = [...ENTRIES.keys()].map((i) => [round === 0 ? i : random(), i] as const).sort(([a], [b]) => a - b);
    for (const [, i] of order) {
      assert.is(hex(read(files, path, index, i)), Buffer.from(ENTRIES[i]!.bytes).toString("hex"));
      if (round === 3) files.rest();
    }
    files.rest();
  }
  files.close();
});

test("a pack that is damaged on disk is told, however much of the file was read before, and the others are read", () => {
  for (const before of [0, 1, 20, 30]) {
    const { path, files, index } = written(`damaged${before}`);
    for (let i = 0; i < before; i++) assert.ok(read(files, path, index, i) instanceof Buffer);
    spoil(path, index, find(index, keyOf(39)));
    assert.is(read(files, path, index, 39), "damaged");
    assert.ok(read(files, path, index, 3) instanceof Buffer);
    files.close();
  }
});

test("a pack is held until the job is over, and no longer", () => {
  const { path, files, index } = written("held");
  assert.is(numberOf(index, 0), numberOf(index, 1));
  read(files, path, index, 0);
  spoil(path, index, find(index, keyOf(1)));
  assert.is.not(read(files, path, index, 1), "damaged", "each record costs a decoder of its own");
  files.rest();
  assert.is(read(files, path, index, 1), "damaged");
  files.close();
});

test("packs are let go with their file: its name may stand for another one", () => {
  const { path, files, index } = written("named", ENTRIES.slice(0, 5));
  read(files, path, index, 0);
  files.forget(path);
  writeFileSync(path, encodeSegment(SPACE.id, "a space", [{ key: keyOf(0), bytes: Buffer.from("another") }]));
  const other = indexOf(files, path);
  assert.is(read(files, path, other, 0)?.toString(), "another");
  files.close();
});

test("packs of a file that is closed take no memory", async () => {
  const { path, files, index } = written("closed");
  const pack = new WeakRef((read(files, path, index, 0) as Buffer).buffer);
  files.forget(path);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What a reference was asked of is kept until the turn is over.
  await new Promise(setImmediate);
  collect();
  assert.is(pack.deref(), undefined);
  files.close();
});

test("no more than 32 MiB are held: what was used last, and never a record that is longer", () => {
  // Twelve packs of a record each.
  const large = (length: number): Entry[] => Array.from({ length: 12 }, (_, i) => ({ key: keyOf(i), bytes: Buffer.alloc(length, i + 1) }));
  const [a, b] = [written("a", large(1.5 * 2 ** 20)), written("b", large(1.5 * 2 ** 20))];
  const { files } = a;
  for (let i = 0; i < 12; i++) {
    for (const { path, index } of [a, b]) {
      const found = read(files, path, index, i);
      assert.ok(found instanceof Buffer && found.length === 1.5 * 2 ** 20 && found.every((byte) => byte === i + 1));
    }
    // Only what is held is right from now on.
    if (i === 0) spoil(a.path, a.index, find(a.index, keyOf(0)));
    read(files, a.path, a.index, 0);
  }
  for (const { path, index } of [a, b]) for (let i = 0; i < 12; i++) if (path !== a.path || i > 0) spoil(path, index, find(index, keyOf(i)));
  const held = [a, b].map(({ path, index }) => Array.from({ length: 12 }, (_, i) => i).filter((i) => read(files, path, index, i) !== "damaged"));
  // 21 of the 24: the first of `a` was asked for again and again, so those that came next are gone.
  assert.equal(held, [[0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]]);
  files.close();
  b.files.close();
  const longest = written("longest", [...ENTRIES.slice(0, 1), { key: keyOf(1), bytes: Buffer.alloc(2 ** 25 + 1, 7) }]);
  const [short, long] = [0, 1].map((i) => () => read(longest.files, longest.path, longest.index, i)) as [() => Buffer | "damaged" | null, () => Buffer | "damaged" | null];
  assert.equal([short()?.length, long()?.length], [12_000, 2 ** 25 + 1]);
  for (const entry of [0, 1]) spoil(longest.path, longest.index, entry);
  assert.is(short()?.length, 12_000, "it made no room for what is not held");
  assert.is(long(), "damaged");
  longest.files.close();
});

test("of more files than are kept open every record is read", () => {
  const files = createSegmentFiles();
  const all = Array.from({ length: 30 }, (_, n) => {
    const { path, files: own } = written(`many${n}`, [{ key: keyOf(0), bytes: Buffer.from(`first of ${n}`) }, { key: keyOf(1), bytes: Buffer.from(`second of ${n}`) }]);
    own.close();
    return { path, index: indexOf(files, path) };
  });
  for (const i of [0, 1, 0]) all.forEach(({ path, index }, n) => assert.is(read(files, path, index, i)?.toString(), `${i === 0 ? "first" : "second"} of ${n}`));
  files.close();
});

test.run();
