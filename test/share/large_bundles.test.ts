/** Without these tests bundles past the second or fourth gigabyte could be written so that nobody can read them, or be read wrongly. */
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { requireRoom } from "../../repl/subcommands/bundle.ts";
import { packed, type PackedFile, type PackOptions } from "../../runtime/bundle/pack.ts";
import { unpackBundle } from "../../runtime/bundle/unpack.ts";
import { dataDescriptor, directory, localHeader } from "../../runtime/bundle/zip_records.ts";
import { readZipDirectory } from "../../runtime/checkpoint/zip_directory.ts";
import { atomicWrite } from "../../runtime/data/atomic_write.ts";
import { freeBytes } from "../../runtime/data/free_bytes.ts";
import { zip, type Member } from "../checkpoint/archives.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./in_process.ts";

const usual = process.env["TMPDIR"];
test.before(() => void (process.env["TMPDIR"] = folder()));
test.after(() => {
  if (usual === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = usual;
});

const ARCHIVES = join(import.meta.dirname, "zip64");
const SCRIPT = 'prompts "a"\n';
const GIB = 2 ** 30;

/** What `zip64/make_archives.py` packs. */
const FILES: readonly PackedFile[] = [
  file("x.saeq", Buffer.from(SCRIPT)),
  file("data/rows.csv", Buffer.from(`id,text\n${Array.from({ length: 400 }, (_, i) => `${i},row ${i * i}\n`).join("")}`)),
  { ...file("own/model.safetensors", Buffer.from(Array.from({ length: 5120 }, (_, i) => i % 256))), stored: true },
];

function file(name: string, content: Uint8Array): PackedFile {
  return { name, size: content.length, content };
}

async function bytesOf(files: readonly PackedFile[], options: Partial<PackOptions> = {}): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of packed(files, { signal: new AbortController().signal, ...options })) pieces.push(piece);
  return Buffer.concat(pieces);
}

function written(bytes: Uint8Array): string {
  const path = join(folder(), "b.zip");
  writeFileSync(path, bytes);
  return path;
}

/** Names and contents of what a bundle unpacks to. */
async function unpackedFiles(path: string): Promise<Readonly<Record<string, string>>> {
  const opened = await unpackBundle(path);
  const found = readdirSync(opened.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = Object.fromEntries(found.map((each) => [each.slice(opened.folder.length + 1).replaceAll("\\", "/"), readFileSync(each, "latin1")]));
  opened.remove();
  return files;
}

const contents = (files: readonly PackedFile[]): Readonly<Record<string, string>> => Object.fromEntries(files.map(({ name, content }) => [name, Buffer.from(content as Uint8Array).toString("latin1")]));
const sayings = (work: Promise<unknown>): Promise<string> => work.then(() => "no error", (error: Error & { readonly code?: string; readonly help?: string | null }) => `${error.code ?? error.name}: ${error.message}; ${error.help ?? ""}`);

test("a bundle that needs no zip64 is byte for byte the archive that fflate writes", async () => {
  const made: Uint8Array[] = [];
  const archive = new Zip((error, chunk) => {
    if (error !== null) throw error;
    made.push(chunk);
  });
  const files = [...FILES, file("ünder.txt", Buffer.from("text")), file("empty.txt", Buffer.alloc(0))];
  for (const { name, content, stored } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const entry = stored === true ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
    Object.assign(entry, { os: 3, attrs: 0o100644 << 16, mtime: new Date(1980, 0, 1) });
    archive.add(entry);
    entry.push(content as Uint8Array, true);
  }
  archive.end();
  assert.ok((await bytesOf(files)).equals(Buffer.concat(made)));
});

test("zip64 that is forced: the bytes that Python's zipfile reads, and they unpack to what was packed", async () => {
  const bytes = await bytesOf(FILES, { wideFrom: 1 });
  if (process.env["UPDATE"] !== undefined) writeFileSync(join(ARCHIVES, "ours.zip"), bytes);
  assert.ok(bytes.equals(readFileSync(join(ARCHIVES, "ours.zip"))), "zip64/make_archives.py has to read these bytes first");
  assert.equal(await unpackedFiles(written(bytes)), contents(FILES));
  // Some members wide and others not, sizes or places alone.
  for (const wideFrom of [13, 100, 2000, 5120, 5121, 6000, 7000]) assert.equal(await unpackedFiles(written(await bytesOf(FILES, { wideFrom }))), contents(FILES), String(wideFrom));
});

test("zip64 as Python's zipfile writes it, seekable or streamed, is unpacked", async () => {
  for (const name of ["seekable.zip", "streamed.zip", "ended.zip"]) assert.equal(await unpackedFiles(join(ARCHIVES, name)), contents(FILES), name);
});

test("what a file gives does not depend on where it lies, and its blocks are full whatever a disk gives at once", async () => {
  const text = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `${i},${(i * 7919) % 1009}\n`).join(""));
  const root = folder({ "rows.csv": text.toString("latin1") });
  const onDisk = await bytesOf([{ name: "rows.csv", size: text.length, content: { path: join(root, "rows.csv") } }, FILES[0]!]);
  assert.ok(onDisk.equals(await bytesOf([file("rows.csv", text), FILES[0]!])));
  assert.ok(onDisk.length < text.length / 2);
  assert.is((await unpackedFiles(written(onDisk)))["rows.csv"], text.toString("latin1"));
});

/** A sparse file that holds an archive of one script and of weights that are nothing but a hole. */
function hole(size: number): string {
  const path = join(folder(), "big.zip");
  const handle = openSync(path, "w");
  const script = Buffer.from(SCRIPT);
  let at = 0;
  const put = (bytes: Uint8Array): void => void (at += writeSync(handle, bytes, 0, bytes.length, at));
  const [weights, last] = [{ name: "own/model.safetensors", deflated: false, wide: size >= 2 ** 32 - 1 }, { name: "x.saeq", deflated: false, wide: false }];
  const first = { ...weights, crc: 0, packed: size, size, at: 0 };
  put(localHeader(weights));
  at += size;
  ftruncateSync(handle, at);
  put(dataDescriptor(first));
  const second = { ...last, crc: crc32(script), packed: script.length, size: script.length, at };
  put(localHeader(last));
  put(script);
  put(dataDescriptor(second));
  put(directory([first, second], at));
  closeSync(handle);
  return path;
}

test("members and places past the second and the fourth gigabyte are found", async () => {
  for (const size of [2 * GIB + 5, 4 * GIB - 2, 4 * GIB - 1, 4 * GIB, 6 * GIB]) {
    const path = hole(size);
    const { members } = await readZipDirectory(path);
    const [weights, script] = [members.get("own/model.safetensors")!, members.get("x.saeq")!];
    assert.equal([weights.size, weights.packed, script.size], [size, size, SCRIPT.length]);
    const handle = openSync(path, "r");
    const bytes = Buffer.alloc(SCRIPT.length);
    readSync(handle, bytes, 0, bytes.length, script.offset);
    closeSync(handle);
    assert.is(bytes.toString(), SCRIPT);
    truncateSync(path, 0);
  }
});

test("a bundle of more than two gigabytes that is taken for a script is told what it is", async () => {
  const path = hole(3 * GIB);
  for (const command of ["check", "fmt", "explain"]) assert.match((await saeq([command, path], { cwd: tmpdir() })).stderr, /big\.zip is an archive; a bundle is looked at with `saeq info`/, command);
  truncateSync(path, 0);
});

test("a bundle that does not fit into the folder for temporary files is told before any of it is unpacked, one for which there is no room before it is written", async () => {
  const free = freeBytes(tmpdir())!;
  const path = hole(Math.ceil(free / GIB) * GIB + 5 * GIB);
  assert.match(await sayings(unpackBundle(path)), /^disk-full: .*big\.zip does not fit into .*, the folder for temporary files: it takes [\d.]+ GB there, and [\d.]+ GB are free; free some space there, or name another one: TMPDIR=/);
  truncateSync(path, 0);
  assert.equal(readdirSync(tmpdir()).filter((name) => name.startsWith("saeq-bundle-")), []);
  const weights = (size: number): readonly PackedFile[] => [{ name: "m.safetensors", size, content: { path: "m" }, stored: true }];
  requireRoom(join(tmpdir(), "x.zip"), weights(1000));
  assert.throws(() => requireRoom(join(tmpdir(), "x.zip"), weights(2 ** 60)), /x\.zip does not fit on the disk: the weights in it take \d+\.\d TB, and [\d.]+ \wB are free/);
});

test("work that is stopped in the middle leaves no half of a bundle", async () => {
  const root = folder();
  const weights = join(root, "m.safetensors");
  writeFileSync(weights, Buffer.alloc(5 << 20, 7));
  const stop = new AbortController();
  const path = join(root, "out", "x.zip");
  mkdirSync(join(root, "out"));
  const seen: number[] = [];
  const onBytes = (done: number): void => {
    seen.push(done);
    if (done >= 3 << 20) stop.abort();
  };
  const made = atomicWrite(path, packed([{ name: "m.safetensors", size: 5 << 20, content: { path: weights }, stored: true }], { signal: stop.signal, onBytes }), { signal: stop.signal });
  assert.match(await sayings(made), /aborted/);
  assert.equal([seen, existsSync(path), readdirSync(join(root, "out"))], [[1 << 20, 2 << 20, 3 << 20], false, []]);
});

test("what would not be unpacked again is not packed, and a file that changes meanwhile is told", async () => {
  const pack = (files: readonly PackedFile[], options: Partial<PackOptions> = {}): Promise<string> => sayings(bytesOf(files, options));
  assert.match(await pack(Array.from({ length: 10_001 }, (_, i) => file(`${i}.txt`, Buffer.alloc(0)))), /^cannot-bundle: the bundle would hold 10001 files, and has 10000 at most; put the texts/);
  assert.match(await pack([file("a/b. ", Buffer.alloc(0))]), /^cannot-bundle: no file of a bundle may be named "a\/b\. "; rename it/);
  assert.match(await pack(Array.from({ length: 9000 }, (_, i) => file(`${"long".repeat(45)}/`.repeat(10) + String(i), Buffer.alloc(0)))), /^cannot-bundle: the names of the 9000 files/);
  const root = folder({ "m.bin": "12345678" });
  assert.match(await pack([{ name: "m.bin", size: 9, content: { path: join(root, "m.bin") }, stored: true }]), /^cannot-bundle: m\.bin was changed while it was packed; make the bundle again/);
  // Those that are deflated unpack to so much at most: the others are stored.
  const texts = Array.from({ length: 4 }, (_, i) => file(`${i}.txt`, Buffer.from("0123456789, and so on".repeat(40))));
  const { members } = await readZipDirectory(written(await bytesOf(texts, { mostInflated: 2000 })));
  assert.equal([...members.values()].map(({ deflated }) => deflated), [true, true, false, false]);
  // A small file of nothing but zeros is no bomb, twenty thousand of them are.
  const zeros = Array.from({ length: 400 }, (_, i) => file(`${i}.bin`, Buffer.alloc(60_000)));
  assert.is(Object.keys(await unpackedFiles(written(await bytesOf([...zeros, FILES[0]!])))).length, 401);
});

const script = (more: Partial<Member> = {}): Member => ({ name: "x.saeq", content: Buffer.from(SCRIPT), ...more });
const other = (more: Partial<Member> = {}): Member => ({ name: "own/m.bin", content: Buffer.alloc(64, 1), ...more });
const wide = (members: readonly Member[], more: Parameters<typeof zip>[1] = {}): Buffer => zip(members, { wide: true, ...more });
const hostile: readonly (readonly [string, Buffer, RegExp])[] = [
  ["stored bytes past the end", wide([script(), other({ size: 2 ** 50, packed: 2 ** 50 })]), /past the start of its directory/],
  ["a size that no number holds", wide([script(), other({ size: 2 ** 60, packed: 2 ** 60 })]), /sizes that cannot be/],
  ["a place past the end", wide([script(), other({ at: 2 ** 40 })]), /sizes that cannot be/],
  ["a bomb of a terabyte", wide([script(), { ...other(), content: Buffer.alloc(500_000), deflate: true, size: 2 ** 40 }]), /unpack to 1099511627776/],
  ["deflated members of five gigabytes, not a hundred times what they are packed to", wide([script(), { ...other(), content: Buffer.alloc(52 << 20, 7), method: 8, size: 5 * GIB }]), /deflated files that unpack to 5368709120 bytes, and a bundle has 4294967296 of them at most/],
  ["two members over one another", wide([script(), { ...script(), name: "y.saeq", at: 0, localName: "x.saeq" }]), /where another lies/],
  ["a member inside of another", wide([script(), { name: "own/m.bin", content: zip([{ name: "y", content: Buffer.from("1") }]) }, { name: "y", content: Buffer.from("1"), at: 143 }]), /over one another/],
  ["a wrong count", wide([script()], { count: 2 }), /declares 2 members and lists 1/],
  ["a directory that ends past the file", wide([script()], { offset: 2 ** 33 }), /its directory would end at/],
  ["two ends that list different numbers of members", wide([script(), other()], { narrowEnd: { count: 1 } }), /two ends that speak of different members/],
  ["two ends with two places", wide([script(), other()], { narrowEnd: { offset: 3 } }), /two ends that speak of different members/],
  ["a directory of 20 MB", wide([script()], { directorySize: 20 << 20 }), /at most 16777216 are read/],
];

test("hostile archives are refused as zip64 too, before anything of them is written", async () => {
  for (const [what, bytes, words] of hostile) {
    assert.match(await sayings(unpackBundle(written(bytes))), words, what);
    assert.equal(readdirSync(tmpdir()).filter((name) => name.startsWith("saeq-bundle-")), [], what);
  }
});

test.run();
