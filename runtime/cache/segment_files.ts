/** Without this file each reader of segments would open, trust and close files in its own way. */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../data/error.ts";
import { openSegment, readRecord, type Index, type Opened } from "./segment.ts";

/** Open files at most: a shell may allow 64 to a process. */
const MOST_OPEN = 24;

/** From this record on a file is read whole: a read of its own costs as much as 60 KB beside others. */
const RECORDS_APART = 8;
/** Bytes of files that are read whole, together. */
const MOST_WHOLE = 32 * 2 ** 20;

interface OpenFile {
  readonly handle: number;
  /** Records read so far. */
  records: number;
  whole: Buffer | null;
}

/** Files kept open by path, the most recently used. */
export interface SegmentFiles {
  /** Null where there is no such file any more, or it cannot be opened. */
  open(path: string): Opened | null;
  /** The bytes of a record; "damaged"; null where the file is gone. */
  read(path: string, index: Index, entry: number): Buffer | "damaged" | null;
  /** Close one: its name may soon stand for another file. */
  forget(path: string): void;
  /** Let go of files that were read whole: a job is over. */
  rest(): void;
  close(): void;
}

export function createSegmentFiles(): SegmentFiles {
  const files = new Map<string, OpenFile>();
  const closeAll = (): void => {
    for (const { handle } of files.values()) closeSync(handle);
    files.clear();
  };
  const fileOf = (path: string): OpenFile | null => {
    const known = files.get(path);
    if (known !== undefined) {
      files.delete(path);
      files.set(path, known);
      return known;
    }
    const handle = openFile(path) ?? (closeAll(), openFile(path));
    if (handle === null) return null;
    const file: OpenFile = { handle, records: 0, whole: null };
    files.set(path, file);
    for (const [oldest, other] of files) {
      if (files.size <= MOST_OPEN) break;
      files.delete(oldest);
      closeSync(other.handle);
    }
    return file;
  };
  const forget = (path: string): void => {
    const file = files.get(path);
    if (file !== undefined) closeSync(file.handle);
    files.delete(path);
  };
  const rest = (): void => files.forEach((file) => (file.whole = null));
  const wholeOf = (file: OpenFile, size: number): Buffer | null => {
    if (file.whole !== null || ++file.records <= RECORDS_APART || size > MOST_WHOLE) return file.whole;
    let held = size;
    for (const { whole } of files.values()) held += whole?.length ?? 0;
    if (held > MOST_WHOLE) rest();
    return (file.whole = readAt(file.handle, 0, size));
  };
  return {
    open: (path) => {
      const file = fileOf(path);
      if (file === null) return null;
      const facts = fstatSync(file.handle);
      if (facts.isFile()) return openSegment(placeOf(path), facts.size, (offset, length) => readAt(file.handle, offset, length));
      forget(path);
      return null;
    },
    read: (path, index, entry) => {
      const file = fileOf(path);
      if (file === null) return null;
      const whole = wholeOf(file, index.size);
      return readRecord(index, entry, (offset, length) => whole?.subarray(offset, offset + length) ?? readAt(file.handle, offset, length)) ?? "damaged";
    },
    forget,
    rest,
    close: closeAll,
  };
}

/** What a segment that lies there must be of: a value has a file, a space a folder of them (`folder.ts`). */
function placeOf(path: string): string {
  const folder = basename(dirname(path));
  return folder === "values" ? basename(path, ".seg") : folder;
}

/** A link in place of a segment leads out of the cache, and is not followed; a pipe is not waited for. */
function openFile(path: string): number | null {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return null;
  }
}

/** Bytes at a place, fewer where the file ends or the disk fails: the checksum then tells. */
function readAt(handle: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    let got = 0;
    try {
      got = readSync(handle, bytes, at, length - at, offset + at);
    } catch (error) {
      if (systemCode(error) === null) throw error;
    }
    if (got === 0) break;
    at += got;
  }
  return bytes.subarray(0, at);
}

/** Move a damaged file out of the way, so that it is met once and can still be looked at. */
export function setAside(path: string, damaged: string): void {
  try {
    renameSync(path, join(damaged, `${Date.now()}-${basename(path)}`));
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
}
