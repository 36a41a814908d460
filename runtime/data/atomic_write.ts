/** Without this file a full disk or a killed run would leave half a result under the name of a whole one. */
import { createHash, randomBytes } from "node:crypto";
import { constants, unlinkSync, type Stats } from "node:fs";
import { access, open, realpath, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { draftName, sweepDrafts } from "./drafts.ts";
import { DataError, systemCode } from "./error.ts";
import { removedAtEnd } from "./leftovers.ts";
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

/** A file that does not have its name yet. */
export interface Draft {
  /** Put text or bytes behind what is there. Throws DataError: disk-full, not-writable, write-failed. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Give it its name, which held the old content until now. Throws as `write` does; then nothing is left. */
  commit(): Promise<Written>;
  /** Nothing is left of it. Does nothing behind `commit` or a second time. */
  discard(): Promise<void>;
}

/**
 * Write text or bytes to `path` so that the name holds either the old content or the whole new one: temporary file
 * beside it, fsync, rename, fsync of the folder. A link is followed. Throws DataError: disk-full, not-writable,
 * missing-folder, not-a-file, write-failed; nothing is left behind then, nor when `chunks` or the signal throw.
 */
export async function atomicWrite(path: string, chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>, options: WriteOptions = {}): Promise<Written> {
  const draft = await startDraft(path, options);
  return draft.tried(async () => {
    for await (const chunk of chunks) await draft.write(chunk);
    return draft.commit();
  });
}

/** The same for who has not all of it at once. Throws DataError: not-writable, missing-folder, not-a-file, write-failed. */
export async function startDraft(path: string, options: WriteOptions = {}): Promise<Draft & Trying> {
  return createDraft(await openBeside(path, options, "wx"), options.signal);
}

/** A file without a name, on the disk where `path` will be: it ends with its handle. */
export interface Scratch extends Trying {
  readonly file: FileHandle;
  close(): Promise<void>;
}

/** Room on the disk for what is to go to `path` later. Throws as `startDraft` does, and `tried` as its drafts do. */
export async function startScratch(path: string, options: WriteOptions = {}): Promise<Scratch> {
  const { temporary, file, folder, forget } = await openBeside(path, options, "wx+");
  // Where an open file keeps its name, it is taken away in the end.
  const nameless = await unlink(temporary).then(() => true, () => false);
  if (nameless) forget();
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await file.close().catch(() => {});
    if (!nameless) await unlink(temporary).catch(() => {});
    forget();
    await folder?.close();
  };
  return {
    file,
    close,
    tried: async (work) => {
      try {
        return await work();
      } catch (error) {
        const { size } = await file.stat().catch(() => ({ size: 0 }));
        await close();
        throw explained(path, error, size);
      }
    },
  };
}

async function openBeside(path: string, options: WriteOptions, flags: "wx" | "wx+"): Promise<Opened> {
  const { target, old } = await replaced(path);
  let folder: FileHandle | null = null;
  try {
    folder = options.admit === undefined ? null : await openFolder(dirname(target));
    await options.admit?.(folder, target);
    const place = await placeIn(folder, dirname(target));
    await sweepDrafts(dirname(target));
    const temporary = join(place, draftName(basename(target), randomBytes(6).toString("hex")));
    const file = await open(temporary, flags, old === null ? 0o666 : old.mode & 0o777);
    const forget = removedAtEnd(() => unlinkSync(temporary));
    return { path, target, place, temporary, file, folder, forget };
  } catch (error) {
    await folder?.close();
    throw explained(path, error, 0);
  }
}

/** Whether a file can be begun at `path`, as far as it can be known without making one. Throws DataError: not-writable, missing-folder, not-a-file, write-failed. */
export async function checkPlace(path: string): Promise<void> {
  const { target } = await replaced(path);
  try {
    if (!(await stat(dirname(target))).isDirectory()) throw Object.assign(new Error("no folder"), { code: "ENOTDIR" });
    await access(dirname(target), constants.W_OK);
  } catch (error) {
    throw explained(path, error, 0);
  }
}

/** What a path leads to, and the file that is there now. Throws DataError: not-a-file. */
async function replaced(path: string): Promise<{ readonly target: string; readonly old: Stats | null }> {
  const target = await realpath(path).catch(() => path);
  const old = await stat(target).catch(() => null);
  if (old !== null && !old.isFile()) throw new DataError({ code: "not-a-file", message: `${path} is not an ordinary file and is not replaced`, help: "save under another name" });
  return { target, old };
}

interface Trying {
  /** Work of which nothing is left where it fails, for whatever reason; what a system says is put into words. */
  tried<T>(work: () => Promise<T>): Promise<T>;
}

interface Opened {
  /** As it was asked for, and without links. */
  readonly path: string;
  readonly target: string;
  /** A path to its folder. */
  readonly place: string;
  readonly temporary: string;
  readonly file: FileHandle;
  readonly folder: FileHandle | null;
  /** It has its name, or is gone. */
  readonly forget: () => void;
}

function createDraft({ path, target, place, temporary, file, folder, forget }: Opened, signal: AbortSignal | undefined): Draft & Trying {
  const hash = createHash("sha256");
  let bytes = 0;
  let waiting: Buffer[] = [];
  let size = 0;
  let closed = false;
  /** Small pieces gathered into blocks of about a megabyte. */
  const flush = async (): Promise<void> => {
    signal?.throwIfAborted();
    const block = Buffer.concat(waiting);
    waiting = [];
    size = 0;
    hash.update(block);
    await writeAll(file, block, (written) => (bytes += written));
  };
  const named = async (): Promise<void> => {
    if (size > 0) await flush();
    await file.sync();
    const { size: there } = await file.stat();
    if (there !== bytes) throw new DataError({ code: "write-failed", message: `${path}: ${there} of ${bytes} bytes reached the disk; nothing was replaced`, help: "save under another name or in another folder" });
    await file.close();
    await rename(temporary, join(place, basename(target)));
    forget();
    await syncFolder(dirname(target));
  };
  const close = async (): Promise<void> => {
    closed = true;
    await file.close().catch(() => {});
    await folder?.close();
  };
  const discard = async (): Promise<void> => {
    if (closed) return;
    await unlink(temporary).catch(() => {});
    forget();
    await close();
  };
  const tried = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      await discard();
      throw explained(path, error, bytes);
    }
  };
  return {
    write: (chunk) =>
      tried(async () => {
        const block = typeof chunk === "string" ? Buffer.from(chunk, "utf8") : Buffer.from(chunk);
        waiting.push(block);
        size += block.length;
        if (size >= BUFFER) await flush();
      }),
    commit: async () => {
      await tried(named);
      await close();
      return { bytes, digest: hash.digest("hex") };
    },
    discard,
    tried,
  };
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

/** Every byte, however few each call takes: a full disk first shows as a short write, without an error. `onWritten` hears how many each took. */
export async function writeAll(sink: Sink, bytes: Uint8Array, onWritten: (bytes: number) => void = () => {}): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await sink.write(bytes, at, bytes.length - at);
    if (bytesWritten === 0) throw Object.assign(new Error("no byte was taken"), { code: "ENOSPC" });
    at += bytesWritten;
    onWritten(bytesWritten);
  }
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
      return new DataError({ code: "missing-folder", message: `there is no folder ${dirname(path)}`, help: `mkdir -p ${shellWord(dirname(path))}` });
    default:
      return new DataError({ code: "write-failed", message: `${path} cannot be written (${code})`, notes: [kept], help: code === "ENAMETOOLONG" ? "choose a shorter name" : "save under another name or in another folder" });
  }
}
