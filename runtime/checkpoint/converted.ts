/** Without this file weights that cannot be mapped where they lie (deflated, big-endian, float64) could not be used at all. */
import { createHash } from "node:crypto";
import { lstat, mkdir, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { crc32 } from "node:zlib";
import { atomicWrite } from "../data/atomic_write.ts";
import { DataError } from "../data/error.ts";
import { CheckpointError } from "./error.ts";
import { unpacked } from "./inflate.ts";
import type { NpyMember } from "./npz.ts";
import { unreadable } from "./real_path.ts";
import { readSafetensors, type TensorFile } from "./safetensors.ts";
import type { ZipDirectory } from "./zip_directory.ts";

const WIDTH: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, I64: 8, I32: 4, U8: 1, I8: 1, BOOL: 1 };

/** `$XDG_CACHE_HOME/saeq/converted`, or its usual place. */
export function convertedFolder(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env["XDG_CACHE_HOME"];
  if (cache !== undefined && isAbsolute(cache)) return join(cache, "saeq", "converted");
  const home = env["HOME"] ?? homedir();
  return isAbsolute(home) ? join(home, ".cache", "saeq", "converted") : join(tmpdir(), "saeq-converted");
}

/**
 * All arrays of an archive as little-endian safetensors, float64 as float32, made once: the copy is named by the archive's directory (names,
 * sizes, checksums of all members), place, size and time of change, so that no other file can pass for it. Members are checked against
 * their checksums while they are copied.
 */
export async function convertedCopy(directory: ZipDirectory, arrays: readonly NpyMember[]): Promise<{ readonly weights: TensorFile; readonly note: string }> {
  const folder = convertedFolder();
  const { mtimeMs, ino } = await stat(directory.file).catch((error: unknown) => Promise.reject(unreadable(directory.file, error)));
  const name = createHash("sha256").update(directory.bytes).update(`\0${directory.file}\0${directory.size}\0${mtimeMs}\0${ino}`).digest("hex");
  const copy = join(folder, `${name}.safetensors`);
  let weights = (await usable(folder, copy)) ? await whole(copy, arrays) : null;
  const known = weights !== null;
  if (weights === null) {
    await write(folder, copy, directory, arrays);
    weights = await whole(copy, arrays);
  }
  if (weights === null) throw new CheckpointError("unreadable-file", `${copy} does not hold what was just written to it`, { help: "check that disk, or name another place: XDG_CACHE_HOME=~/.cache saeq …" });
  const tensors = new Map([...weights.tensors].map(([name, found]) => {
    const header = arrays.find((array) => array.name === name)?.header;
    return [name, { ...found, columnMajor: header !== undefined && header.fortran && header.shape.length > 1 }];
  }));
  const note = known
    ? `${directory.file} cannot be mapped as it is; its converted copy is read: ${copy}`
    : `${directory.file} cannot be mapped as it is and was converted once to ${copy} (${weights.size} bytes; it may be removed)`;
  // The digest is of what was published, so that it is the same whoever converted it.
  return { weights: { ...weights, header: directory.bytes, tensors }, note };
}

/** The copy's tensors, or null where it is cut or holds something else: it is then made anew. */
async function whole(copy: string, arrays: readonly NpyMember[]): Promise<TensorFile | null> {
  const found = await readSafetensors(copy).catch((error: unknown) => {
    if (error instanceof CheckpointError && error.code !== "unreadable-file") return null;
    throw error;
  });
  const same = arrays.every(({ name, header }) => {
    const tensor = found?.tensors.get(name);
    return tensor !== undefined && JSON.stringify(tensor.shape) === JSON.stringify(header.shape) && tensor.dtype === storedType(header.dtype);
  });
  return same ? found : null;
}

const storedType = (dtype: string): string => (dtype === "F64" ? "F32" : dtype);

/** A copy of this user's own in a folder that nobody else writes. */
async function usable(folder: string, copy: string): Promise<boolean> {
  const file = await lstat(copy).catch(() => null);
  if (file === null) return false;
  const place = await lstat(folder);
  const mine = process.getuid === undefined || (file.uid === process.getuid() && place.uid === process.getuid() && (place.mode & 0o022) === 0);
  if (!mine || !file.isFile()) throw new CheckpointError("unreadable-file", `${copy} is not a file of this user in a folder that only this user writes`, { help: `remove it, or name another place: XDG_CACHE_HOME=~/.cache saeq …` });
  return true;
}

async function write(folder: string, copy: string, { file }: ZipDirectory, arrays: readonly NpyMember[]): Promise<void> {
  let offset = 0;
  const header = Object.fromEntries(arrays.map(({ name, header: { dtype, shape } }) => {
    const stored = storedType(dtype);
    const count = shape.reduce((product, size) => product * size, 1);
    const begin = offset;
    offset += count * (WIDTH[stored] as number);
    return [name, { dtype: stored, shape, data_offsets: [begin, offset] }];
  }));
  const text = JSON.stringify(header);
  const padded = Buffer.from(text + " ".repeat((8 - ((8 + Buffer.byteLength(text)) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  /** What the archive itself had to say: the writer would take its code for one of the system. */
  let fault: CheckpointError | null = null;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield length;
    yield padded;
    try {
      for (const array of arrays) yield* converted(file, array);
    } catch (error) {
      if (error instanceof CheckpointError) fault = error;
      throw error;
    }
  }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await atomicWrite(copy, chunks());
  } catch (error) {
    if (fault !== null) throw fault;
    const reason = error instanceof DataError ? error.message : String(error);
    throw new CheckpointError("unreadable-file", `${file} must be converted, and its copy cannot be written: ${reason}`, { help: 'save it without compression: numpy.savez("params.npz", **numpy.load("params.npz"))' });
  }
}

/** The numbers of one array, whole elements at a time. */
async function* converted(file: string, { member, header }: NpyMember): AsyncGenerator<Uint8Array> {
  const width = WIDTH[header.dtype] as number;
  let skip = header.start;
  let crc = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of unpacked(file, member)) {
    crc = crc32(piece, crc);
    const from = Math.min(skip, piece.length);
    skip -= from;
    const bytes = Buffer.concat([rest, piece.subarray(from)]);
    const whole = bytes.length - (bytes.length % width);
    rest = bytes.subarray(whole);
    if (whole > 0) yield elements(bytes.subarray(0, whole), header.dtype, header.bigEndian);
  }
  if (crc !== member.crc) throw new CheckpointError("broken-archive", `\`${member.name}\` of ${file} does not have the checksum that the archive gives it`, { help: "download the file again" });
}

function elements(bytes: Buffer, dtype: string, bigEndian: boolean): Uint8Array {
  const width = WIDTH[dtype] as number;
  const little = Buffer.from(bytes);
  if (bigEndian) for (let at = 0; at < little.length; at += width) little.subarray(at, at + width).reverse();
  if (dtype !== "F64") return little;
  const numbers = new Float32Array(little.length / 8);
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = little.readDoubleLE(at * 8);
  return new Uint8Array(numbers.buffer);
}
