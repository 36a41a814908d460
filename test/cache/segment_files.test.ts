/** Without this file a segment that is read whole, since many of its records are asked for, might give other bytes than one that is read in places. */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeRecord } from "../../runtime/cache/record.ts";
import { encodeSegment, find, type Index } from "../../runtime/cache/segment.ts";
import { createSegmentFiles, type SegmentFiles } from "../../runtime/cache/segment_files.ts";
import { keyOf, recordOf, SPACE } from "./records.ts";

const test = suite("segment files");
const root = mkdtempSync(join(tmpdir(), "saeq-segment-files-"));
test.after(() => rmSync(root, { recursive: true, force: true }));

const COUNT = 40;
const ENTRIES = Array.from({ length: COUNT }, (_, i) => ({ key: keyOf(i), bytes: encodeRecord(recordOf(i)) }));
const BYTES = encodeSegment(SPACE.id, "a space", ENTRIES);

function fresh(name: string): { readonly path: string; readonly files: SegmentFiles; readonly index: Index } {
  mkdirSync(join(root, name, SPACE.id), { recursive: true });
  const path = join(root, name, SPACE.id, "one.seg");
  writeFileSync(path, BYTES);
  const files = createSegmentFiles();
  const opened = files.open(path);
  assert.ok(opened?.state === "good");
  return { path, files, index: opened.index };
}

/** The record of one entry, as the file has it, damaged there. */
function spoil(path: string, index: Index, entry: number): void {
  const offset = Number(index.entries.readBigUInt64LE(entry * 48 + 16));
  const handle = openSync(path, "r+");
  writeSync(handle, Buffer.from([BYTES[offset + 4]! ^ 1]), 0, 1, offset + 4);
  closeSync(handle);
}

const hex = (found: Buffer | "damaged" | null): string | null => (typeof found === "string" || found === null ? found : found.toString("hex"));

test("every record has the same bytes, the first that are read and all others, and again", () => {
  const { path, files, index } = fresh("same");
  for (let round = 0; round < 2; round++) {
    for (const { key, bytes } of ENTRIES) assert.is(hex(files.read(path, index, find(index, key))), Buffer.from(bytes).toString("hex"));
    files.rest();
  }
  files.close();
});

test("a record that is damaged on disk is told, however much of the file was read before", () => {
  for (const before of [0, 1, 7, 8, 9, 20]) {
    const { path, files, index } = fresh(`damaged${before}`);
    for (let entry = 0; entry < before; entry++) assert.ok(files.read(path, index, entry) instanceof Buffer);
    files.rest();
    spoil(path, index, COUNT - 1);
    assert.is(files.read(path, index, COUNT - 1), "damaged");
    assert.ok(files.read(path, index, 3) instanceof Buffer);
    files.close();
  }
});

test("what was read whole is held until the job is over, and no longer", () => {
  const { path, files, index } = fresh("held");
  for (let entry = 0; entry < 20; entry++) files.read(path, index, entry);
  spoil(path, index, 30);
  assert.is.not(files.read(path, index, 30), "damaged", "the file was not read whole: each record costs a read of its own");
  files.rest();
  assert.is(files.read(path, index, 30), "damaged");
  files.close();
});

test("of two files that are too large together one is held at a time, and both are read", () => {
  const large = Array.from({ length: 12 }, (_, i) => ({ key: keyOf(i), bytes: Buffer.alloc(1.5 * 2 ** 20, i + 1) }));
  const segment = encodeSegment(SPACE.id, "large", large);
  const files = createSegmentFiles();
  const paths = ["a", "b"].map((name) => {
    mkdirSync(join(root, name, SPACE.id), { recursive: true });
    const path = join(root, name, SPACE.id, "one.seg");
    writeFileSync(path, segment);
    return path;
  });
  const indexes = paths.map((path) => {
    const opened = files.open(path);
    assert.ok(opened?.state === "good");
    return opened.index;
  });
  for (let entry = 0; entry < 12; entry++) {
    for (const [at, path] of paths.entries()) {
      const found = files.read(path, indexes[at]!, entry);
      assert.ok(found instanceof Buffer && found.length === 1.5 * 2 ** 20 && found.every((byte) => byte === found[0]));
    }
  }
  files.close();
});

test.run();
