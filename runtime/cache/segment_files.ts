/** Without this file each reader of segments would open, trust and close files in its own way. */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../data/error.ts";
import { openSegment, placeAt, readPack, type Index, type Opened } from "./segment.ts";

/** Open files at most: a shell may allow 64 to a process. */
const MOST_OPEN = 24;

/** Bytes of records that are held, together: their packs may be asked for again before the job is over. */
const MOST_HELD = 32 * 2 ** 20;

interface OpenFile {
  readonly handle: number;
  /** By number. */
  readonly packs: Map<number, HeldPack>;
}

interface HeldPack {
  readonly file: OpenFile;
  readonly number: number;
  readonly bytes: Buffer;
}

/** Files kept open by path, the most recently used. */
export interface SegmentFiles {
  /** Null where there is no such file any more, or it cannot be opened. */
  open(path: string): Opened | null;
  /** The bytes of a record; "damaged"; null where the file is gone. */
  read(path: string, index: Index, entry: number): Buffer | "damaged" | null;
  /** Close one: its name may soon stand for another file. */
  forget(path: string): void;
  /** Let go of packs: a job is over. */
  rest(): void;
  close(): void;
}

export function createSegmentFiles(): SegmentFiles {
  const files = new Map<string, OpenFile>();
  /** The least recently used first. */
  const held = new Set<HeldPack>();
  let bytesHeld = 0;
  const letGo = (pack: HeldPack): void => {
    held.delete(pack);
    pack.file.packs.delete(pack.number);
    bytesHeld -= pack.bytes.length;
  };
  const rest = (): void => held.forEach(letGo);
  const closeFile = (path: string, file: OpenFile): void => {
    file.packs.forEach(letGo);
    files.delete(path);
    closeSync(file.handle);
  };
  const closeAll = (): void => {
    rest();
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
    const file: OpenFile = { handle, packs: new Map() };
    files.set(path, file);
    for (const [oldest, other] of files) {
      if (files.size <= MOST_OPEN) break;
      closeFile(oldest, other);
    }
    return file;
  };
  const forget = (path: string): void => {
    const file = files.get(path);
    if (file !== undefined) closeFile(path, file);
  };
  const packOf = (file: OpenFile, index: Index, number: number): Buffer | null => {
    const known = file.packs.get(number);
    if (known !== undefined) {
      held.delete(known);
      held.add(known);
      return known.bytes;
    }
    const bytes = readPack(index.packs[number]!, (offset, length) => readAt(file.handle, offset, length));
    if (bytes === null || bytes.length > MOST_HELD) return bytes;
    const fresh = { file, number, bytes };
    file.packs.set(number, fresh);
    held.add(fresh);
    bytesHeld += bytes.length;
    for (const oldest of held) {
      if (bytesHeld <= MOST_HELD) break;
      letGo(oldest);
    }
    return bytes;
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
      const place = placeAt(index, entry);
      return (place === null ? null : packOf(file, index, place.pack)?.subarray(place.offset, place.offset + place.length)) ?? "damaged";
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
