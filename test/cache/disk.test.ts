/** Without this file the folder of the cache could be filled, shared, damaged or unsafe in ways nobody tried. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDisk, type DiskCache } from "../../runtime/cache/disk.ts";
import { bytesOf, cachePlace } from "../../runtime/cache/folder.ts";
import { asWritten, keyAt, openSegment } from "../../runtime/cache/segment.ts";
import { clear, collect, holdings, segmentsOf } from "../../runtime/cache/inventory.ts";
import { ownProgram } from "../house/program.ts";
import { bits, folder } from "../session/open.ts";
import { keyOf, recordOf, SPACE } from "./records.ts";

/** `CACHE_KILLS=1000` is what the promise speaks of, in three minutes at night. */
const KILLS = Number(process.env["CACHE_KILLS"] ?? 12);

function open(at: string, limit = 2 ** 30): DiskCache {
  const disk = openDisk({ folder: at, limit });
  if ("refused" in disk) throw new Error(disk.refused);
  disk.refresh(SPACE);
  return disk;
}

async function filled(at: string, from: number, to: number, limit?: number): Promise<DiskCache> {
  const disk = open(at, limit);
  for (let i = from; i < to; i++) disk.put(SPACE, keyOf(i), recordOf(i));
  await disk.flush();
  return disk;
}

test("what waits to be written is there as what is written", async () => {
  const disk = open(folder());
  assert.not(disk.has(SPACE, keyOf(1)));
  disk.put(SPACE, keyOf(1), recordOf(1));
  assert.ok(disk.has(SPACE, keyOf(1)));
  assert.is(bits(disk.get(SPACE, keyOf(1))), bits(recordOf(1)));
  await disk.flush();
  assert.ok(disk.has(SPACE, keyOf(1)));
});

/** How many of the records are there; every one that is must be right. */
function right(disk: DiskCache, count: number): number {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const stored = disk.get(SPACE, keyOf(i));
    if (stored === undefined) continue;
    assert.is(bits(stored), bits(recordOf(i)), `record ${i}`);
    found++;
  }
  return found;
}

const segments = (at: string): string[] => segmentsOf(at).map(({ path }) => path);

test("what one process wrote another one reads; many records are one file", async () => {
  const at = folder();
  (await filled(at, 0, 300)).close();
  assert.is(segments(at).length, 1);
  const other = open(at);
  assert.is(right(other, 400), 300);
  assert.equal([other.counts.hits, other.counts.misses], [300, 100]);
  other.close();
});

test("two at once: both read and write, nothing is lost, equal work is one file", async () => {
  const at = folder();
  const [a, b] = [open(at), open(at)];
  for (let i = 0; i < 100; i++) for (const disk of [a, b]) disk.put(SPACE, keyOf(i), recordOf(i));
  for (let i = 100; i < 200; i++) (i % 2 === 0 ? a : b).put(SPACE, keyOf(i), recordOf(i));
  await Promise.all([a.flush(), b.flush()]);
  a.refresh(SPACE);
  assert.is(right(a, 200), 200);
  (await filled(at, 500, 510)).close();
  (await filled(at, 500, 510)).close();
  assert.is(segments(at).length, 3, "the last two wrote the same bytes");
  a.close();
  b.close();
});

test("many small segments are gathered into one, while another process reads on", async () => {
  const at = folder();
  const reader = await filled(at, 0, 5);
  for (let i = 5; i < 60; i += 5) (await filled(at, i, i + 5)).close();
  assert.ok(segments(at).length <= 9, `${segments(at).length} files`);
  assert.is(right(reader, 5), 5, "its own segment is gone from the folder");
  reader.refresh(SPACE);
  assert.is(right(reader, 60), 60);
  reader.close();
});

test("what is gathered lies in few packs, in the order in which each file was written, and a damaged file is left out", async () => {
  const at = folder();
  const written = new Map<string, readonly string[]>();
  const numbers = new Map(Array.from({ length: 40 }, (_, i) => [keyOf(i).toString("hex"), i] as const));
  const keysIn = (path: string): { readonly keys: readonly string[]; readonly packs: number } => {
    const bytes = readFileSync(path);
    const opened = openSegment(SPACE.id, bytes.length, (offset, length) => bytes.subarray(offset, offset + length));
    assert.ok(opened.state === "good");
    return { keys: asWritten(opened.index).map((entry) => keyAt(opened.index, entry).toString("hex")), packs: opened.index.packs.length };
  };
  for (let i = 0; i < 40; i += 5) (await filled(at, i, i + 5)).close();
  for (const path of segments(at)) written.set(path, keysIn(path).keys);
  const [broken] = segments(at) as [string];
  const bytes = readFileSync(broken);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(broken, bytes);
  (await filled(at, 40, 45)).close();
  assert.ok(segments(at).includes(broken), "who reads from it sets it aside");
  const gathered = segments(at).filter((path) => path !== broken);
  assert.is(gathered.length, 1);
  const { keys, packs } = keysIn(gathered[0]!);
  assert.is(packs, 1);
  assert.is(keys.length, 40);
  for (const [path, own] of written) {
    const from = numbers.get(own[0]!)!;
    assert.equal(own.map((key) => numbers.get(key)), [0, 1, 2, 3, 4].map((i) => from + i), "as it was written");
    const at = keys.indexOf(own[0]!);
    assert.equal(keys.slice(at, at + 5), path === broken ? [] : own);
  }
});

test("what waits is counted as it lies in memory: eight megabytes that pack to nothing are written at once", async () => {
  const at = folder();
  const disk = open(at);
  const zeros = { kind: "dense", width: 2 ** 10, values: new Float32Array(2 ** 18) } as const;
  for (let i = 0; i < 7; i++) disk.put(SPACE, keyOf(i), zeros);
  await new Promise((turn) => void setTimeout(turn, 20));
  assert.equal(segments(at), []);
  disk.put(SPACE, keyOf(7), zeros);
  for (let turns = 0; segments(at).length === 0 && turns < 1000; turns++) await new Promise((turn) => void setTimeout(turn, 10));
  assert.is(segments(at).length, 1);
  assert.ok(segmentsOf(at)[0]!.bytes < 20_000);
  assert.is(bits(disk.get(SPACE, keyOf(3))), bits(zeros));
  disk.close();
});

test("a value that repeats takes little room, and comes back", async () => {
  const disk = open(folder());
  const value = Buffer.alloc(3 * 2 ** 20, "saeq");
  assert.ok((await disk.writeValue(SPACE.id, "{}", value))! < 10_000);
  assert.equal(disk.readValue(SPACE.id, ({ bytes }) => bytes), value);
  disk.close();
});

test("a flipped bit or a cut file is set aside with one note, and nothing wrong is given", async () => {
  const at = folder();
  (await filled(at, 0, 50)).close();
  (await filled(at, 50, 100)).close();
  const [first, second] = segments(at) as [string, string];
  const bytes = readFileSync(first);
  bytes[bytes.length - 3] = bytes[bytes.length - 3]! ^ 16;
  writeFileSync(first, bytes);
  writeFileSync(second, readFileSync(second).subarray(0, 700));
  const disk = open(at);
  assert.ok(right(disk, 100) < 50);
  const notes = disk.takeNotes();
  assert.is(notes.length, 1, notes.join("\n"));
  assert.match(notes[0]!, /^cache: a damaged file was set aside .*; what it held is computed again$/);
  assert.is(readdirSync(join(at, "v1", "damaged")).length, 2);
  assert.is(segments(at).length, 0);
  disk.close();
  clear(at);
  assert.is(readdirSync(join(at, "v1", "damaged")).length, 0);
});

test("what a job has read whole is let go when it is over: damage that comes later is seen", async () => {
  const at = folder();
  (await filled(at, 0, 50)).close();
  const disk = open(at);
  assert.is(right(disk, 50), 50);
  await disk.flush();
  const [segment] = segments(at) as [string];
  const bytes = readFileSync(segment);
  const last = bytes.length - 3;
  const handle = openSync(segment, "r+");
  writeSync(handle, Buffer.from([bytes[last]! ^ 16]), 0, 1, last);
  closeSync(handle);
  assert.ok(right(disk, 50) < 50);
  assert.is(disk.takeNotes().length, 1);
  disk.close();
});

test("files of a newer saeq are left alone", async () => {
  const at = folder();
  (await filled(at, 0, 5)).close();
  const [path] = segments(at) as [string];
  const bytes = readFileSync(path);
  bytes.writeUInt32LE(4, 8);
  writeFileSync(path, bytes);
  const disk = open(at);
  assert.is(right(disk, 5), 0);
  assert.match(disk.takeNotes().join(), /newer saeq \(format 4\) are left alone/);
  disk.close();
  assert.is(clear(at).segments, 0);
  assert.equal(readFileSync(path), bytes);
});

/** A segment as version 2 wrote it: its index has no packs. */
function older(): Buffer {
  const bytes = Buffer.alloc(400, 9);
  bytes.write("saeqseg\0", "latin1");
  bytes.writeUInt32LE(2, 8);
  return bytes;
}

test("files of an older saeq are passed over without a word, listed as such, and go as others do", async () => {
  const at = folder();
  (await filled(at, 0, 5)).close();
  const place = join(at, "v1", "spaces", SPACE.id);
  const names = Array.from({ length: 12 }, (_, i) => join(place, `${String(i).padStart(32, "0")}.seg`));
  for (const name of names) writeFileSync(name, older());
  writeFileSync(join(at, "v1", "values", `${SPACE.id}.seg`), older());
  const disk = await filled(at, 5, 10);
  assert.is(right(disk, 10), 10);
  assert.equal(segmentsOf(at).length, 15, "two of ours are not many, and the others are not ours to gather");
  assert.is(disk.readValue(SPACE.id, () => "read"), null);
  assert.is(await disk.writeValue(SPACE.id, "{}", Buffer.from("new")), readFileSync(join(at, "v1", "values", `${SPACE.id}.seg`)).length);
  assert.is(disk.readValue(SPACE.id, ({ bytes }) => bytes.toString()), "new");
  assert.equal(disk.takeNotes(), []);
  disk.close();
  assert.equal(readdirSync(join(at, "v1", "damaged")), []);
  assert.equal(holdings(at).map(({ name, segments, records }) => [name, segments, records]).sort(), [["a model layer 3 resid_post", 2, 10], ["without a name", 1, 1], ["written by an older saeq", 12, 0]]);
  for (const name of names) utimesSync(name, 1_000_000, 1_000_000);
  assert.is(collect(at, segmentsOf(at).reduce((sum, { bytes }) => sum + bytes, -12 * 400)).segments, 12, "the oldest go first");
  writeFileSync(names[0]!, older());
  assert.is(clear(at).segments, 4);
});

test("the least recently used segments go first, and only down to the limit", async () => {
  const at = folder();
  for (let i = 0; i < 4; i++) (await filled(at, i * 100, i * 100 + 100)).close();
  const all = segmentsOf(at);
  const size = Math.max(...all.map(({ bytes }) => bytes));
  all.forEach(({ path }) => utimesSync(path, 1_000_000, 1_000_000));
  // Reading makes one of them young.
  const disk = open(at);
  disk.get(SPACE, keyOf(250));
  disk.close();
  const removed = collect(at, size * 2);
  assert.ok(removed.segments >= 2 && removed.left <= size * 2);
  const left = open(at);
  assert.ok(left.get(SPACE, keyOf(250)) !== undefined, "the one that was read stays");
  left.close();
});

test("who writes keeps the folder below its limit", async () => {
  const at = folder();
  for (let i = 0; i < 10; i++) (await filled(at, i * 200, i * 200 + 200, 400_000)).close();
  const total = segmentsOf(at).reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(total <= 400_000 && total > 200_000, `${total} bytes`);
});

test("unsafe folders are refused with the reason", () => {
  const at = folder();
  const real = join(at, "real");
  mkdirSync(real);
  const refusedOf = (path: string): string => {
    const disk = openDisk({ folder: path, limit: 1e9 });
    return "refused" in disk ? disk.refused : "";
  };
  symlinkSync(real, join(at, "link"));
  assert.match(refusedOf(join(at, "link")), /is a link/);
  chmodSync(real, 0o777);
  assert.match(refusedOf(real), /can be written by everyone; chmod o-w/);
  // Only root can give a folder away.
  if (process.getuid?.() === 0) {
    mkdirSync(join(at, "theirs"), { mode: 0o755 });
    chownSync(join(at, "theirs"), 65534, 65534);
    assert.match(refusedOf(join(at, "theirs")), /belongs to another user/);
  }
  writeFileSync(join(at, "file"), "");
  assert.match(refusedOf(join(at, "file")), /is not a folder/);
  assert.match(refusedOf("/proc/saeq"), /cannot be used \(E\w+\)/);
  const good = join(at, "good");
  assert.is(refusedOf(good), "");
  assert.is(statSync(good).mode & 0o777, 0o700);
  assert.ok(readFileSync(join(good, "CACHEDIR.TAG"), "latin1").startsWith("Signature: 8a477f597d28d172789f06886806bc55"));
  chmodSync(join(good, "v1", "spaces"), 0o777);
  assert.match(refusedOf(good), /everyone/);
});

test("what could not be written, since a folder was not safe any more, goes on waiting, and is written when it is", async () => {
  if (process.platform === "win32") return;
  const at = folder();
  const disk = await filled(at, 0, 2);
  const space = join(at, "v1", "spaces", SPACE.id);
  disk.put(SPACE, keyOf(2), recordOf(2));
  chmodSync(space, 0o777);
  await disk.flush();
  assert.is(right(disk, 3), 3);
  assert.ok(disk.takeNotes().some((note) => note.includes("can be written by everyone")));
  chmodSync(space, 0o700);
  disk.refresh(SPACE);
  await disk.flush();
  disk.close();
  assert.is(right(open(at), 3), 3);
});

test("what is being written is there meanwhile", async () => {
  const disk = open(folder());
  for (let i = 0; i < 3; i++) disk.put(SPACE, keyOf(i), recordOf(i));
  const written = disk.flush();
  let done = false;
  void written.then(() => (done = true));
  while (!done) {
    assert.is(right(disk, 3), 3);
    await new Promise((turn) => void setImmediate(turn));
  }
  assert.is(right(disk, 3), 3);
  disk.close();
});

test("a link in place of a space or a segment is not followed", async () => {
  const at = folder();
  const other = folder();
  (await filled(other, 0, 5)).close();
  open(at).close();
  symlinkSync(join(other, "v1", "spaces", SPACE.id), join(at, "v1", "spaces", SPACE.id));
  const disk = open(at);
  assert.is(right(disk, 5), 0);
  assert.match(disk.takeNotes().join(), /is a link/);
  disk.put(SPACE, keyOf(9), recordOf(9));
  await disk.flush();
  disk.close();
  assert.is(segmentsOf(other).length, 1);
});

test("a cache is cleared of links, and nothing that they lead to is touched", async () => {
  for (const place of ["v1", "v1/spaces", "v1/damaged", "v1/temporary", "converted", `v1/spaces/${SPACE.id}`]) {
    const at = folder();
    const other = folder();
    (await filled(other, 0, 5)).close();
    mkdirSync(join(other, "converted"));
    for (const name of ["v1/damaged/1-x.seg", "v1/temporary/a.1.2.tmp", "converted/x.safetensors", "converted/.x.1.ab.tmp"]) writeFileSync(join(other, name), "mine");
    open(at).close();
    const before = (readdirSync(other, { recursive: true }) as string[]).sort();
    rmSync(join(at, place), { recursive: true, force: true });
    symlinkSync(join(other, place), join(at, place));
    collect(at, 0, true);
    clear(at);
    assert.not(existsSync(join(at, place)), place);
    assert.equal((readdirSync(other, { recursive: true }) as string[]).sort(), before, place);
  }
});

test("a pipe or a folder in place of a segment is passed over at once", async () => {
  const at = folder();
  (await filled(at, 0, 5)).close();
  const place = join(at, "v1", "spaces", SPACE.id);
  spawnSync("mkfifo", [join(place, "00.seg"), join(at, "v1", "values", `${SPACE.id}.seg`)]);
  mkdirSync(join(place, "01.seg"));
  const disk = open(at);
  assert.is(right(disk, 5), 5);
  assert.is(disk.readValue(SPACE.id, () => "read"), null);
  disk.close();
  assert.is(clear(at).segments, 3);
});

test("a folder that cannot be written is read, and said once", async () => {
  const at = folder();
  (await filled(at, 0, 5)).close();
  // A file in place of the folder of drafts stops every user, root too.
  const disk = open(at);
  const { rmdirSync } = await import("node:fs");
  rmdirSync(join(at, "v1", "temporary"));
  writeFileSync(join(at, "v1", "temporary"), "");
  disk.put(SPACE, keyOf(7), recordOf(7));
  await disk.flush();
  disk.put(SPACE, keyOf(8), recordOf(8));
  await disk.flush();
  const notes = disk.takeNotes();
  assert.is(notes.length, 1);
  assert.match(notes[0]!, /cannot be written \(ENOTDIR\); results of this session are not kept on disk/);
  assert.is(right(disk, 5), 5);
  disk.close();
});

test("a folder removed under a running process is made again", async () => {
  const at = folder();
  const disk = await filled(at, 0, 5);
  const { rmSync } = await import("node:fs");
  rmSync(at, { recursive: true });
  for (let times = 0; times < 2; times++) {
    disk.put(SPACE, keyOf(6 + times), recordOf(6 + times));
    await disk.flush();
  }
  assert.equal(disk.takeNotes(), []);
  assert.ok(segments(at).length >= 1);
  disk.close();
});

test("a file system that runs full leaves nothing torn", async () => {
  const at = folder();
  (await filled(at, 0, 5)).close();
  const code = `
    const { openDisk } = await import(${JSON.stringify(new URL("../../runtime/cache/disk.ts", import.meta.url).href)});
    const { keyOf, recordOf, SPACE } = await import(${JSON.stringify(new URL("./records.ts", import.meta.url).href)});
    const disk = openDisk({ folder: process.argv[1], limit: 1e9 });
    for (let i = 0; i < 400; i++) disk.put(SPACE, keyOf(100 + i), recordOf(100 + i));
    await disk.flush();
    console.log(disk.takeNotes().join());`;
  // Files of at most 8 blocks: the first write is short, the next one fails.
  const child = spawn("sh", ["-c", `trap '' XFSZ; ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2"`, process.execPath, code, at], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  assert.match(said, /cannot be written \(EFBIG\)/);
  assert.is(segments(at).length, 1);
  assert.equal(readdirSync(join(at, "v1", "temporary")), []);
});

test(`${KILLS} writers killed at any moment leave nothing wrong`, async () => {
  const at = folder();
  const random = seedrandom("kills");
  const main = ownProgram("test/cache/writer_main.ts");
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [main, at, String(kill * 40)], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, random() * 25));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.on("close", resolve));
  }
  const disk = open(at);
  right(disk, KILLS * 40 + 400);
  assert.equal(disk.takeNotes(), [], "a killed writer leaves drafts, never a damaged segment");
  await disk.flush();
  disk.close();
  collect(at, 2 ** 40);
  assert.equal(readdirSync(join(at, "v1", "temporary")), [], "drafts of dead writers are swept");
});

test("where the cache lies is said by the environment", () => {
  assert.is(cachePlace({ SAEQ_CACHE: "off", HOME: "/h" }), null);
  assert.is(cachePlace({ SAEQ_CACHE: "/c", XDG_CACHE_HOME: "/x", HOME: "/h" })?.folder, "/c");
  assert.is(cachePlace({ XDG_CACHE_HOME: "/x", HOME: "/h" })?.folder, "/x/saeq");
  assert.is(cachePlace({ XDG_CACHE_HOME: "relative", HOME: "/h" })?.folder, "/h/.cache/saeq");
  assert.is(cachePlace({ HOME: "" }), null);
  assert.is(cachePlace({ HOME: "/h", SAEQ_CACHE_LIMIT: "2GB" })?.limit, 2e9);
  assert.is(cachePlace({ HOME: "/h", SAEQ_CACHE_LIMIT: "" })?.limit, 10 * 2 ** 30);
  assert.throws(() => cachePlace({ HOME: "/h", SAEQ_CACHE_LIMIT: "20GO" }), /takes a size as 20GB or 500MiB, not `20GO`/);
  assert.equal(["1", "1kb", "1.5 GiB", "3M", "x", "1 2", "-1"].map(bytesOf), [1, 1000, 1.5 * 2 ** 30, 3e6, null, null, null]);
  assert.not.ok(existsSync("/c"));
});

test.run();
