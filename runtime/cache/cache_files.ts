/** Without this file each kind of thing that is kept would deal in its own way with full disks, damaged files and writes that wait for each other. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../data/error.ts";
import { refuseFolder, type CachePlace } from "./folder.ts";
import { collect } from "./inventory.ts";
import { publish, type Naming } from "./publish.ts";
import type { Index, Opened } from "./segment.ts";
import { createSegmentFiles, setAside } from "./segment_files.ts";

export interface DiskCounts {
  readonly hits: number;
  readonly misses: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** The files of a cache folder that is safe to use, whatever they hold. No fault of the disk is thrown: it is a note. */
export interface CacheFiles {
  /** `v1` below the folder (`folder.ts`). */
  readonly version: string;
  readonly counts: { -readonly [name in keyof DiskCounts]: DiskCounts[name] };
  /** Null where there is no such file any more, or it cannot be opened. */
  open(path: string): Opened | null;
  /** The bytes of a record; "damaged"; null where the file is gone. */
  read(path: string, index: Index, entry: number): Buffer | "damaged" | null;
  /** Close one: its name may soon stand for another file. */
  forget(path: string): void;
  /** Let go of what reading holds in memory: a job is over. */
  rest(): void;
  /** It was of use: what was not for longest goes first when there is no room. */
  touch(path: string): void;
  /** Write a whole file; within what is `enqueue`d. */
  write(path: string, bytes: Uint8Array, naming: Naming): Promise<void>;
  /** Do something that writes after all that was asked for before; nothing once the disk has refused. */
  enqueue(action: () => Promise<void> | void): Promise<void>;
  /** Whether the disk has not refused to be written yet. */
  writable(): boolean;
  /** Remove what is oldest where so much was written that the limit may be passed. */
  makeRoom(): void;
  /** Move a damaged file out of the way. */
  damaged(path: string, why: string): void;
  /** A file in a format that a later saeq writes is left where it is. */
  newer(format: number): void;
  /** Something to say, once of each kind. */
  note(kind: string, text: string): void;
  takeNotes(): readonly string[];
  close(): void;
}

/** `place`: where `refuseFolder` found nothing to refuse. */
export function createCacheFiles(place: CachePlace): CacheFiles {
  const version = join(place.folder, "v1");
  const temporary = join(version, "temporary");
  const aside = join(version, "damaged");
  const files = createSegmentFiles();
  const touched = new Set<string>();
  const told = new Set<string>();
  let notes: string[] = [];
  let writing = true;
  let checked = Number.POSITIVE_INFINITY;
  let work: Promise<void> = Promise.resolve();
  const counts = { hits: 0, misses: 0, bytesRead: 0, bytesWritten: 0 };

  const note = (kind: string, text: string): void => {
    if (told.has(kind)) return;
    told.add(kind);
    notes.push(text);
  };

  async function guarded(action: () => Promise<void> | void): Promise<void> {
    try {
      if (writing) await action();
    } catch (error) {
      const code = systemCode(error);
      if (code === null) throw error;
      // Somebody removed the folder: it is made again, and only what was being written is lost.
      if (code === "ENOENT" && refuseFolder(place.folder) === null) return;
      writing = false;
      note("write", `cache: ${place.folder} cannot be written (${code}${code === "ENOSPC" || code === "EDQUOT" ? ": the disk is full" : ""}); results of this session are not kept on disk`);
    }
  }

  return {
    version,
    counts,
    open: (path) => files.open(path),
    read: (path, index, entry) => files.read(path, index, entry),
    forget: (path) => files.forget(path),
    rest: () => files.rest(),
    touch: (path) => {
      if (touched.has(path)) return;
      touched.add(path);
      try {
        utimesSync(path, new Date(), new Date());
      } catch (error) {
        if (systemCode(error) === null) throw error;
      }
    },
    write: async (path, bytes, naming) => {
      await publish(path, bytes, temporary, naming);
      counts.bytesWritten += bytes.length;
      checked += bytes.length;
    },
    enqueue: (action) => (work = work.then(() => guarded(action))),
    writable: () => writing,
    makeRoom: () => {
      // Who writes makes room: at first, and again after each hundredth of the limit.
      if (counts.bytesWritten === 0 || checked <= place.limit / 100) return;
      collect(place.folder, place.limit);
      checked = 0;
    },
    damaged: (path, why) => {
      files.forget(path);
      setAside(path, aside);
      note("damaged", `cache: a damaged file was set aside (${why}); what it held is computed again`);
    },
    newer: (format) => note("newer", `cache: files of a newer saeq (format ${format}) are left alone`),
    note,
    takeNotes: () => {
      const taken = notes;
      notes = [];
      return taken;
    },
    close: () => files.close(),
  };
}
