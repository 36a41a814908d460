/** Without this file each reader of segments would open, trust and close files in its own way. */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../data/error.ts";
import { openSegment, readRecord, type Index, type Opened } from "./segment.ts";

/** Open files at most: a shell may allow 64 to a process. */
const MOST_OPEN = 24;

/** Files kept open by path, the most recently used. */
export interface SegmentFiles {
  /** Null where there is no such file any more, or it cannot be opened. */
  open(path: string): Opened | null;
  /** The bytes of a record; "damaged"; null where the file is gone. */
  read(path: string, index: Index, entry: number): Buffer | "damaged" | null;
  /** Close one: its name may soon stand for another file. */
  forget(path: string): void;
  close(): void;
}

export function createSegmentFiles(): SegmentFiles {
  const handles = new Map<string, number>();
  const closeAll = (): void => {
    for (const handle of handles.values()) closeSync(handle);
    handles.clear();
  };
  const handleOf = (path: string): number | null => {
    const known = handles.get(path);
    if (known !== undefined) {
      handles.delete(path);
      handles.set(path, known);
      return known;
    }
    const handle = openFile(path) ?? (closeAll(), openFile(path));
    if (handle === null) return null;
    handles.set(path, handle);
    for (const [oldest, other] of handles) {
      if (handles.size <= MOST_OPEN) break;
      handles.delete(oldest);
      closeSync(other);
    }
    return handle;
  };
  const forget = (path: string): void => {
    const handle = handles.get(path);
    if (handle !== undefined) closeSync(handle);
    handles.delete(path);
  };
  return {
    open: (path) => {
      const handle = handleOf(path);
      if (handle === null) return null;
      const facts = fstatSync(handle);
      if (facts.isFile()) return openSegment(placeOf(path), facts.size, (offset, length) => readAt(handle, offset, length));
      forget(path);
      return null;
    },
    read: (path, index, entry) => {
      const handle = handleOf(path);
      return handle === null ? null : (readRecord(index, entry, (offset, length) => readAt(handle, offset, length)) ?? "damaged");
    },
    forget,
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
