/** Without this file weights that cannot be mapped where they lie (deflated, big-endian, float64) could not be used at all. */
import { createHash } from "node:crypto";
import { lstat, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { cacheFolder, COPIES, SOURCE } from "../cache_folder.ts";
import { atomicWrite } from "../data/atomic_write.ts";
import { DataError } from "../data/error.ts";
import { absentFile, announce, arrived, type Making } from "./absent.ts";
import { seal, sealHolds } from "./copy_seal.ts";
import { CheckpointError } from "./error.ts";
import { unpacked } from "./inflate.ts";
import { storedType, WIDTH, type NpyMember } from "./npy_member.ts";
import { unreadable } from "./real_path.ts";
import { readSafetensors, type TensorEntry, type TensorFile } from "./safetensors.ts";
import type { ZipDirectory } from "./zip_directory.ts";
import { makeFolder } from "../data/make_folder.ts";

/** In the user's cache, so that `saeq cache` shows and removes it; where nothing is to be cached still in a place of this user's. */
export function convertedFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const folder = cacheFolder(env) ?? cacheFolder({ ...env, SAEQ_CACHE: "" });
  return folder === null ? join(tmpdir(), "saeq-converted") : join(folder, COPIES);
}

/**
 * All arrays of an archive as little-endian safetensors, float64 as float32, made once: the copy is named by the archive's directory (names,
 * sizes, checksums of all members), place, size and time of change, so that no other file can pass for it. A copy that is not there yet is
 * announced: its vectors are read out of the archive, and whoever computes with it makes it first (`AbsentFile.make`). One that is not as it was
 * written is made again (`copy_seal.ts`).
 */
export async function convertedCopy(directory: ZipDirectory, arrays: readonly NpyMember[]): Promise<{ readonly weights: TensorFile; readonly note: string }> {
  const { file } = directory;
  const local = absentFile(file) === null;
  const { mtimeMs, ino } = local ? await stat(file).catch((error: unknown) => Promise.reject(unreadable(file, error))) : { mtimeMs: 0, ino: 0 };
  const name = createHash("sha256").update(directory.bytes).update(`\0${file}\0${directory.size}\0${mtimeMs}\0${ino}`).digest("hex");
  const folder = convertedFolder();
  const copy = join(folder, `${name}.safetensors`);
  const { header, starts, size } = plannedHeader(file, arrays);
  const known = local && (await usable(folder, copy)) && (await sealHolds(copy)) && (await isWhole(copy, arrays));
  if (!known) announce(copy, copy, { size, header: null, read: (offset, length) => readFrom(file, arrays, starts, offset, length), make: local ? (work) => make(folder, copy, file, arrays, header, work) : null });
  const tensors = new Map(arrays.map((array, at): [string, TensorEntry] => {
    const { dtype, shape, fortran } = array.header;
    const begin = starts[at] as number;
    return [array.name, { name: array.name, file: copy, dtype: storedType(dtype), shape, offset: begin, length: (starts[at + 1] as number) - begin, columnMajor: fortran && shape.length > 1 }];
  }));
  const note = known ? `${file} cannot be mapped as it is; its converted copy is read: ${copy}` : `${file} cannot be mapped as it is and is converted once, to ${copy} (${size} bytes; \`saeq cache ls\` lists it)`;
  // The digest is of what was published, so that it is the same before the conversion and after it.
  return { weights: { file, size: directory.size, header: directory.bytes, start: 0, tensors }, note };
}

/** The bytes before the data, where in the copy each array begins (and the last one ends), and its size. */
function plannedHeader(file: string, arrays: readonly NpyMember[]): { readonly header: Uint8Array; readonly starts: readonly number[]; readonly size: number } {
  const ends = [0];
  const described = arrays.map(({ name, header: { dtype, shape } }) => {
    const stored = storedType(dtype);
    const begin = ends.at(-1) as number;
    ends.push(begin + shape.reduce((product, size) => product * size, 1) * (WIDTH[stored] as number));
    return [name, { dtype: stored, shape, data_offsets: [begin, ends.at(-1)] }];
  });
  const text = JSON.stringify({ __metadata__: { [SOURCE]: file }, ...Object.fromEntries(described) as object });
  const padded = Buffer.from(text + " ".repeat((8 - ((8 + Buffer.byteLength(text)) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const header = Buffer.concat([length, padded]);
  const starts = ends.map((end) => header.length + end);
  return { header, starts, size: starts.at(-1) as number };
}

/** Part of one array of a copy that is not there, out of the archive. */
async function readFrom(file: string, arrays: readonly NpyMember[], starts: readonly number[], offset: number, length: number): Promise<Uint8Array> {
  const at = starts.findLastIndex((start, index) => start <= offset && index < arrays.length);
  const array = arrays[at];
  const skip = offset - (starts[at] ?? 0);
  if (array === undefined || offset + length > (starts[at + 1] as number)) throw new Error(`${length} bytes at ${offset} are of no array of ${file}`);
  const found = new Uint8Array(length);
  let passed = 0;
  for await (const piece of converted(file, array)) {
    const from = Math.max(0, skip - passed);
    const to = Math.min(piece.length, skip + length - passed);
    if (from < to) found.set(piece.subarray(from, to), passed + from - skip);
    passed += piece.length;
    if (passed >= skip + length) break;
  }
  return found;
}

/** Whether the copy holds these arrays; one that is cut, or holds something else, is made anew. */
async function isWhole(copy: string, arrays: readonly NpyMember[]): Promise<boolean> {
  arrived(copy);
  const found = await readSafetensors(copy).catch((error: unknown) => {
    if (error instanceof CheckpointError && error.code !== "unreadable-file") return null;
    throw error;
  });
  return arrays.every(({ name, header }) => {
    const tensor = found?.tensors.get(name);
    return tensor !== undefined && JSON.stringify(tensor.shape) === JSON.stringify(header.shape) && tensor.dtype === storedType(header.dtype);
  });
}

/** A copy of this user's own in a folder that nobody else writes. */
async function usable(folder: string, copy: string): Promise<boolean> {
  const file = await lstat(copy).catch(() => null);
  if (file === null) return false;
  const place = await lstat(folder);
  const mine = process.getuid === undefined || (file.uid === process.getuid() && place.uid === process.getuid() && (place.mode & 0o022) === 0);
  if (!mine || !file.isFile()) throw new CheckpointError("unreadable-file", `${copy} is not a file of this user in a folder that only this user writes`, { help: `remove it, or name another place: SAEQ_CACHE=~/.cache/saeq saeq …` });
  return true;
}

/** Write the copy: all of it or nothing. Members are checked against their checksums meanwhile. */
async function make(folder: string, copy: string, file: string, arrays: readonly NpyMember[], header: Uint8Array, { signal, onBytes }: Making): Promise<void> {
  /** What the archive itself had to say: the writer would take its code for one of the system. */
  let fault: CheckpointError | null = null;
  let bytes = 0;
  const counted = (piece: Uint8Array): Uint8Array => {
    signal.throwIfAborted();
    onBytes((bytes += piece.length));
    return piece;
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield counted(header);
    try {
      for (const array of arrays) for await (const piece of converted(file, array)) yield counted(piece);
    } catch (error) {
      if (error instanceof CheckpointError) fault = error;
      throw error;
    }
  }
  try {
    makeFolder(folder, 0o700);
    const { digest } = await atomicWrite(copy, chunks(), { signal });
    await seal(copy, digest);
  } catch (error) {
    signal.throwIfAborted();
    if (fault !== null) throw fault;
    const reason = error instanceof DataError ? error.message : String(error);
    throw new CheckpointError("unreadable-file", `${file} must be converted, and its copy cannot be written: ${reason}`, { help: 'save it without compression: numpy.savez("params.npz", **numpy.load("params.npz"))' });
  }
  if (!(await isWhole(copy, arrays))) throw new CheckpointError("unreadable-file", `${copy} does not hold what was just written to it`, { help: "check that disk, or name another place: SAEQ_CACHE=~/.cache/saeq saeq …" });
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
