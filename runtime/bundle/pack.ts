/** Without this file a script would travel without what it reads, or in another archive each time. */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { Deflate } from "fflate";
import { DataError } from "../data/error.ts";
import { LARGEST_DIRECTORY, LARGEST_RATIO, MOST_INFLATED, MOST_MEMBERS, oddName } from "./limits.ts";
import { dataDescriptor, directory, localHeader, WIDE, type WrittenMember } from "./zip_records.ts";

/** One file of a bundle: its name there, and its content or where that lies. */
export interface PackedFile {
  readonly name: string;
  readonly size: number;
  readonly content: Uint8Array | { readonly path: string };
  /** Weights: deflate would take long and save little. */
  readonly stored?: true;
}

export interface PackOptions {
  readonly signal: AbortSignal;
  /** So many bytes of the files were packed so far. */
  readonly onBytes?: (bytes: number) => void;
  /** Sizes and places from this on are written as zip64; less than what the format needs only where that is tried out. */
  readonly wideFrom?: number;
  /** Bytes of files that are deflated; those behind them are stored. */
  readonly mostInflated?: number;
}

/** Files up to this size are deflated, and what comes of it is held; larger ones are stored as they are, block by block. */
const DEFLATED = 64 * 2 ** 20;
const BLOCK = 1 << 20;

/**
 * The bytes of a zip archive of any size, with zip64 where it needs that: the same for the same names and contents, on any machine and at any time.
 * @throws DataError `cannot-bundle` where it could not be unpacked, or a file is not as large as it is said to be; AbortError; what the system says
 */
export async function* packed(files: readonly PackedFile[], { signal, onBytes = () => {}, wideFrom = WIDE, mostInflated = MOST_INFLATED }: PackOptions): AsyncGenerator<Uint8Array> {
  requireReadable(files);
  const written: WrittenMember[] = [];
  let [at, done, inflated] = [0, 0, 0];
  for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    signal.throwIfAborted();
    const dense = file.stored === true || file.size > DEFLATED || inflated + file.size > mostInflated ? null : await deflated(file, signal);
    const head = { name: file.name, deflated: dense !== null, wide: file.size >= wideFrom };
    const before = localHeader(head);
    yield before;
    let crc = 0;
    let size = 0;
    if (dense !== null) {
      crc = dense.crc;
      inflated += file.size;
      onBytes((done += file.size));
      for (const piece of dense.pieces) {
        yield piece;
        size += piece.length;
      }
    } else for await (const block of blocks(file, signal)) {
      crc = crc32(block, crc);
      size += block.length;
      onBytes((done += block.length));
      yield block;
    }
    const member = { ...head, crc, packed: size, size: file.size, at };
    const behind = dataDescriptor(member);
    yield behind;
    written.push(member);
    at += before.length + size + behind.length;
  }
  yield directory(written, at, wideFrom);
}

/** What would be refused when it is unpacked is not packed. */
function requireReadable(files: readonly PackedFile[]): void {
  const refuse = (message: string, help: string): never => {
    throw new DataError({ code: "cannot-bundle", message, help });
  };
  if (files.length > MOST_MEMBERS) refuse(`the bundle would hold ${files.length} files, and has ${MOST_MEMBERS} at most`, "put the texts of a folder into one file of JSON lines, and read that with `jsonl`");
  const odd = files.find(({ name }) => oddName(name));
  if (odd !== undefined) refuse(`no file of a bundle may be named ${JSON.stringify(odd.name)}`, "rename it: some systems cannot make a file of this name");
  if (files.reduce((sum, { name }) => sum + 100 + Buffer.byteLength(name), 0) > LARGEST_DIRECTORY) refuse(`the names of the ${files.length} files of the bundle are too long together`, "shorten the names of folders");
}

/** A file deflated, in pieces; null where it shrinks so much that who unpacks it would take it for a bomb. */
async function deflated(file: PackedFile, signal: AbortSignal): Promise<{ readonly pieces: readonly Uint8Array[]; readonly crc: number } | null> {
  const pieces: Uint8Array[] = [];
  let crc = 0;
  // The deflate of fflate is JavaScript: zlib's own output depends on the processor that it was built for.
  const deflate = new Deflate({ level: 6 }, (piece) => void pieces.push(piece));
  let left = file.size;
  if (left === 0) deflate.push(new Uint8Array(), true);
  for await (const block of blocks(file, signal)) {
    crc = crc32(block, crc);
    left -= block.length;
    deflate.push(block, left === 0);
  }
  return pieces.reduce((sum, { length }) => sum + length, 0) * LARGEST_RATIO < file.size ? null : { pieces, crc };
}

/** The bytes of a file in blocks that are full but for the last, however many a disk gives at once: what deflate makes depends on where they end. */
async function* blocks({ name, size, content }: PackedFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    if (content.length !== size) throw new Error(`${name} has ${content.length} bytes and not ${size}`);
    for (let at = 0; at < content.length; at += BLOCK) yield content.subarray(at, at + BLOCK);
    return;
  }
  const changed = (): never => {
    throw new DataError({ code: "cannot-bundle", message: `${name} was changed while it was packed`, help: "make the bundle again once nothing writes to it" });
  };
  const file = await open(content.path, "r");
  try {
    if ((await file.stat()).size !== size) changed();
    for (let at = 0; at < size; ) {
      const block = Buffer.allocUnsafe(Math.min(BLOCK, size - at));
      for (let filled = 0; filled < block.length; ) {
        signal.throwIfAborted();
        const { bytesRead } = await file.read(block, filled, block.length - filled, at + filled);
        if (bytesRead === 0) changed();
        filled += bytesRead;
      }
      at += block.length;
      yield block;
    }
  } finally {
    await file.close();
  }
}
