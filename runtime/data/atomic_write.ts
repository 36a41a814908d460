/** Without this file a full disk or a killed run would leave half a result under the name of a whole one. */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, realpath, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError, systemCode } from "./error.ts";
import { shellWord } from "./shell_word.ts";

export interface Written {
  readonly bytes: number;
  /** sha256 of the bytes, in hex. */
  readonly digest: string;
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Asked once the folder is open, before anything is made in it. Gets null where a folder cannot be opened on this system. */
  readonly admit?: (folder: FileHandle | null, path: string) => Promise<void>;
}

/** The part of a file handle that writing needs. */
export interface Sink {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
}

const BUFFER = 1 << 20;

/**
 * Write text or bytes to `path` so that the name holds either the old content or the whole new one: temporary file
 * beside it, fsync, rename, fsync of the folder. A link is followed. Throws DataError: disk-full, not-writable,
 * missing-folder, not-a-file, write-failed; nothing is left behind then, nor when `chunks` or the signal throw.
 */
export async function atomicWrite(path: string, chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>, options: WriteOptions = {}): Promise<Written> {
  const target = await realpath(path).catch(() => path);
  const old = await stat(target).catch(() => null);
  if (old !== null && !old.isFile()) throw new DataError({ code: "not-a-file", message: `${path} is not an ordinary file and is not replaced`, help: "save under another name" });
  let bytes = 0;
  let folder: FileHandle | null = null;
  let temporary: string | null = null;
  try {
    folder = options.admit === undefined ? null : await openFolder(dirname(target));
    await options.admit?.(folder, target);
    const place = await placeIn(folder, dirname(target));
    temporary = join(place, `.${basename(target).slice(0, 100)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
    const file = await open(temporary, "wx", old === null ? 0o666 : old.mode & 0o777);
    try {
      const hash = createHash("sha256");
      for await (const block of blocks(chunks)) {
        options.signal?.throwIfAborted();
        hash.update(block);
        await writeAll(file, block);
        bytes += block.length;
      }
      await file.sync();
      const { size } = await file.stat();
      if (size !== bytes) throw new DataError({ code: "write-failed", message: `${path}: ${size} of ${bytes} bytes reached the disk; nothing was replaced`, help: "save under another name or in another folder" });
      await file.close();
      await rename(temporary, join(place, basename(target)));
      await syncFolder(dirname(target));
      return { bytes, digest: hash.digest("hex") };
    } finally {
      await file.close().catch(() => {});
    }
  } catch (error) {
    if (temporary !== null) await unlink(temporary).catch(() => {});
    throw explained(path, error, bytes);
  } finally {
    await folder?.close();
  }
}

/** A folder, so that what is made in it is made there whatever its name leads to later; null where a system opens no folders, or not to this user. */
async function openFolder(folder: string): Promise<FileHandle | null> {
  return open(folder, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0)).catch((error: unknown) => {
    if (["EACCES", "EPERM", "EISDIR"].includes(systemCode(error) ?? "")) return null;
    throw error;
  });
}

/** A path to an open folder that follows no name: on Linux, by its descriptor. Elsewhere, its name. */
async function placeIn(folder: FileHandle | null, name: string): Promise<string> {
  if (folder === null || process.platform !== "linux") return name;
  const path = `/proc/self/fd/${folder.fd}`;
  const [opened, there] = await Promise.all([folder.stat({ bigint: true }), stat(path, { bigint: true }).catch(() => null)]);
  return there !== null && there.ino === opened.ino && there.dev === opened.dev ? path : name;
}

/** Every byte, however few each call takes: a full disk first shows as a short write, without an error. */
export async function writeAll(sink: Sink, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await sink.write(bytes, at, bytes.length - at);
    if (bytesWritten === 0) throw Object.assign(new Error("no byte was taken"), { code: "ENOSPC" });
    at += bytesWritten;
  }
}

/** Small pieces gathered into blocks of about a megabyte. */
async function* blocks(chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : Buffer.from(chunk);
    waiting.push(bytes);
    size += bytes.length;
    if (size >= BUFFER) {
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(waiting);
}

/** The rename itself must survive a crash; systems that cannot sync a folder are taken as they are. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (systemCode(error) === null) throw error;
  } finally {
    await handle?.close();
  }
}

function explained(path: string, error: unknown, bytes: number): unknown {
  // What the content itself had to say, before a byte of it was written.
  if (error instanceof DataError) return error;
  const code = systemCode(error);
  const kept = "what was there before is unchanged";
  switch (code) {
    case null:
      return error;
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new DataError({ code: "disk-full", message: `${path} does not fit on the disk: it was full after ${bytes} bytes (${code})`, notes: [kept], help: "free some space, or save elsewhere" });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new DataError({ code: "not-writable", message: `${path} may not be written by this user (${code})`, notes: [kept], help: "save into a folder of your own" });
    case "ENOENT":
    case "ENOTDIR":
      return new DataError({ code: "missing-folder", message: `there is no folder ${dirname(path)}`, help: `make it first: mkdir -p ${shellWord(dirname(path))}` });
    default:
      return new DataError({ code: "write-failed", message: `${path} cannot be written (${code})`, notes: [kept], help: code === "ENAMETOOLONG" ? "choose a shorter name" : "save under another name or in another folder" });
  }
}
