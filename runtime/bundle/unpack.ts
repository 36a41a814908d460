/** Without this file opening somebody's bundle would mean letting it write where it likes. */
import { readFileSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { CheckpointError } from "../checkpoint/error.ts";
import { unpacked } from "../checkpoint/inflate.ts";
import { readZipDirectory, type ZipMember } from "../checkpoint/zip_directory.ts";
import { writeAll } from "../data/atomic_write.ts";
import { DataError, systemCode } from "../data/error.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../data/temporary_folder.ts";
import { CRATE_NAME, mainEntity } from "./crate.ts";
import { makeFolder } from "../data/make_folder.ts";

/** A bundle that lies in a folder of its own. */
export interface Unpacked {
  readonly folder: string;
  /** The script to run, below the folder, with forward slashes. */
  readonly script: string;
  remove(): void;
}

const MOST_MEMBERS = 10_000;
const MOST_BYTES = 4 * 2 ** 30;
const LONGEST_NAME = 200;
const DEEPEST = 32;

/**
 * Unpack a bundle into a new folder that only this user may enter. The directory is checked before a byte is written: no name that leaves
 * the folder, no link, no name twice, nothing that unpacks to more than it says; each file is compared with its checksum.
 * @throws DataError `missing-file`, `broken-bundle`; nothing is left behind then
 */
export async function unpackBundle(path: string): Promise<Unpacked> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new DataError({ code: "missing-file", message: `there is no file ${path}` });
  let made: TemporaryFolder | null = null;
  try {
    const { members } = await readZipDirectory(path);
    const files = soundFiles(path, [...members.values()]);
    made = makeTemporaryFolder("bundle");
    const { folder, remove } = made;
    for (const member of files) await extract(path, member, folder);
    return { folder, script: scriptOf(path, folder, new Set(files.map(({ name }) => name))), remove };
  } catch (error) {
    made?.remove();
    if (error instanceof DataError) throw error;
    if (error instanceof CheckpointError) throw broken(error.message.startsWith(path) ? path : "", error.message.startsWith(path) ? error.message.slice(path.length + 1) : error.message);
    const code = systemCode(error);
    if (code === null) throw error;
    throw new DataError({ code: "broken-bundle", message: `${path} cannot be unpacked (${code})`, help: code === "ENOSPC" ? "free some space in the folder for temporary files" : "look whether it is whole" });
  }
}

function broken(path: string, why: string): DataError {
  return new DataError({ code: "broken-bundle", message: `${path} ${why}`.trim(), help: "it is not unpacked; ask for it again" });
}

/** Members that are files, after every name and size was looked at. */
function soundFiles(path: string, members: readonly ZipMember[]): readonly ZipMember[] {
  if (members.length > MOST_MEMBERS) throw broken(path, `holds ${members.length} files, and a bundle has ${MOST_MEMBERS} at most`);
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (total > MOST_BYTES) throw broken(path, `unpacks to ${total} bytes, and a bundle has ${MOST_BYTES} at most`);
  const files = members.filter(({ name, size }) => !(name.endsWith("/") && size === 0));
  const seen = new Set<string>();
  const folders = new Set<string>();
  for (const { name } of files) {
    const parts = name.split("/");
    const odd = parts.length > DEEPEST || parts.some((part) => part === "" || part === "." || part.length > LONGEST_NAME || /[\u0000-\u001f\u007f]/.test(part) || /[. ]$/.test(part));
    if (odd) throw broken(path, `holds a file named ${JSON.stringify(name)}`);
    // Names that some disks take for one.
    const plain = name.normalize("NFC").toLowerCase();
    if (seen.has(plain)) throw broken(path, `holds ${JSON.stringify(name)} twice`);
    seen.add(plain);
    for (let at = plain.indexOf("/"); at !== -1; at = plain.indexOf("/", at + 1)) folders.add(plain.slice(0, at));
  }
  for (const name of seen) if (folders.has(name)) throw broken(path, `holds ${JSON.stringify(name)} as a file and as a folder`);
  return files;
}

async function extract(path: string, member: ZipMember, folder: string): Promise<void> {
  const target = join(folder, ...member.name.split("/"));
  makeFolder(dirname(target), 0o700);
  // `wx`: whatever a disk makes of two names, nothing is written over.
  const file = await open(target, "wx", 0o600);
  try {
    let crc = 0;
    for await (const piece of unpacked(path, member)) {
      crc = crc32(piece, crc);
      await writeAll(file, piece);
    }
    if (crc !== member.crc) throw broken(path, `holds \`${member.name}\` with bytes that do not fit its checksum`);
  } finally {
    await file.close();
  }
}

/** The script that the bundle is about: its main entity, or the only script at its top. */
function scriptOf(path: string, folder: string, names: ReadonlySet<string>): string {
  const named = names.has(CRATE_NAME) ? mainEntity(readFileSync(join(folder, CRATE_NAME), "utf8")) : null;
  if (named !== null && names.has(named) && named.endsWith(".saeq")) return named;
  const scripts = [...names].filter((name) => name.endsWith(".saeq") && !name.includes("/"));
  if (named === null && scripts.length === 1) return scripts[0]!;
  throw broken(path, named === null ? `does not say which script it is about, and holds ${scripts.length} at its top` : `is about ${JSON.stringify(named)}, which it does not hold`);
}
