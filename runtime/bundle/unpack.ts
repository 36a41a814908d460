/** Without this file opening somebody's bundle would mean letting it write where it likes. */
import { readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { CheckpointError } from "../checkpoint/error.ts";
import { unpacked } from "../checkpoint/inflate.ts";
import { readZipDirectory, type ZipMember } from "../checkpoint/zip_directory.ts";
import { writeAll } from "../data/atomic_write.ts";
import { DataError, systemCode } from "../data/error.ts";
import { freeBytes } from "../data/free_bytes.ts";
import { makeFolder } from "../data/make_folder.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../data/temporary_folder.ts";
import { CRATE_NAME, mainEntity } from "./crate.ts";
import { LARGEST_DIRECTORY, MOST_INFLATED, MOST_MEMBERS, oddName } from "./limits.ts";

/** A bundle that lies in a folder of its own. */
export interface Unpacked {
  readonly folder: string;
  /** The script to run, below the folder, with forward slashes. */
  readonly script: string;
  remove(): void;
}

/** More than the metadata of a bundle of as many files as there may be. */
const LARGEST_CRATE = 64 * 2 ** 20;

export interface UnpackOptions {
  /** So many bytes of `total` are unpacked. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

/**
 * Unpack a bundle of any size into a new folder that only this user may enter. The directory is checked before a byte is written: no name that leaves
 * the folder, no link, no name twice, nothing that unpacks to more than it says or than there is room for; each file is compared with its checksum.
 * @throws DataError `missing-file`, `broken-bundle`, `disk-full`; nothing is left behind then
 */
export async function unpackBundle(path: string, { onBytes = () => {} }: UnpackOptions = {}): Promise<Unpacked> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new DataError({ code: "missing-file", message: `there is no file ${path}` });
  let made: TemporaryFolder | null = null;
  try {
    const { members } = await readZipDirectory(path, LARGEST_DIRECTORY);
    const files = soundFiles(path, [...members.values()]);
    made = makeTemporaryFolder("bundle");
    const { folder, remove } = made;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    const free = freeBytes(folder);
    if (free !== null && total > free) throw full(path, dirname(folder), `it takes ${gigabytes(total)} there, and ${gigabytes(free)} are free`);
    let done = 0;
    for (const member of files) await extract(path, member, folder, (bytes) => onBytes((done += bytes), total));
    return { folder, script: scriptOf(path, folder, new Map(files.map((file) => [file.name, file]))), remove };
  } catch (error) {
    made?.remove();
    if (error instanceof DataError) throw error;
    if (error instanceof CheckpointError) throw broken(error.message.startsWith(path) ? path : "", error.message.startsWith(path) ? error.message.slice(path.length + 1) : error.message);
    const code = systemCode(error);
    if (code === null) throw error;
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") throw full(path, tmpdir(), code);
    throw new DataError({ code: "broken-bundle", message: `${path} cannot be unpacked (${code})`, help: "look whether it is whole" });
  }
}

function broken(path: string, why: string): DataError {
  return new DataError({ code: "broken-bundle", message: `${path} ${why}`.trim(), help: "it is not unpacked; ask for it again" });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function full(path: string, folder: string, why: string): DataError {
  return new DataError({ code: "disk-full", message: `${path} does not fit into ${folder}, the folder for temporary files: ${why}`, help: "free some space there, or name another one: TMPDIR=/var/tmp saeq …" });
}

/** Members that are files, after every name and size was looked at. */
function soundFiles(path: string, members: readonly ZipMember[]): readonly ZipMember[] {
  if (members.length > MOST_MEMBERS) throw broken(path, `holds ${members.length} files, and a bundle has ${MOST_MEMBERS} at most`);
  const inflated = members.reduce((sum, { deflated, size }) => sum + (deflated ? size : 0), 0);
  if (inflated > MOST_INFLATED) throw broken(path, `holds deflated files that unpack to ${inflated} bytes, and a bundle has ${MOST_INFLATED} of them at most`);
  const files = members.filter(({ name, size }) => !(name.endsWith("/") && size === 0));
  const seen = new Set<string>();
  const folders = new Set<string>();
  for (const { name } of files) {
    if (oddName(name)) throw broken(path, `holds a file named ${JSON.stringify(name)}`);
    // Names that some disks take for one.
    const plain = name.normalize("NFC").toLowerCase();
    if (seen.has(plain)) throw broken(path, `holds ${JSON.stringify(name)} twice`);
    seen.add(plain);
    for (let at = plain.indexOf("/"); at !== -1; at = plain.indexOf("/", at + 1)) folders.add(plain.slice(0, at));
  }
  for (const name of seen) if (folders.has(name)) throw broken(path, `holds ${JSON.stringify(name)} as a file and as a folder`);
  return files;
}

async function extract(path: string, member: ZipMember, folder: string, onBytes: (bytes: number) => void): Promise<void> {
  const target = join(folder, ...member.name.split("/"));
  makeFolder(dirname(target), 0o700);
  // `wx`: whatever a disk makes of two names, nothing is written over.
  const file = await open(target, "wx", 0o600);
  try {
    let crc = 0;
    for await (const piece of unpacked(path, member)) {
      crc = crc32(piece, crc);
      await writeAll(file, piece);
      onBytes(piece.length);
    }
    if (crc !== member.crc) throw broken(path, `holds \`${member.name}\` with bytes that do not fit its checksum`);
  } finally {
    await file.close();
  }
}

/** The script that the bundle is about: its main entity, or the only script at its top. */
function scriptOf(path: string, folder: string, names: ReadonlyMap<string, ZipMember>): string {
  const crate = names.get(CRATE_NAME);
  if (crate !== undefined && crate.size > LARGEST_CRATE) throw broken(path, `has ${crate.size} bytes of metadata`);
  const named = crate !== undefined ? mainEntity(readFileSync(join(folder, CRATE_NAME), "utf8")) : null;
  if (named !== null && names.has(named) && named.endsWith(".saeq")) return named;
  const scripts = [...names.keys()].filter((name) => name.endsWith(".saeq") && !name.includes("/"));
  if (named === null && scripts.length === 1) return scripts[0]!;
  throw broken(path, named === null ? `does not say which script it is about, and holds ${scripts.length} at its top` : `is about ${JSON.stringify(named)}, which it does not hold`);
}
