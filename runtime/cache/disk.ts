/** Without this file what was computed would end with the process that computed it. */
import { createHash } from "node:crypto";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../data/error.ts";
import { makeFolder, refuseFolder, unsafe, type CachePlace } from "./folder.ts";
import { collect, namesIn, removeFile, segmentsIn } from "./inventory.ts";
import { publish } from "./publish.ts";
import { decodeRecord, encodeRecord, type Stored } from "./record.ts";
import { encodeSegment, find, keyAt, type Entry, type Index } from "./segment.ts";
import { createSegmentFiles, setAside } from "./segment_files.ts";

/** Records that belong together: one tap of one model in one numerics class. */
export interface Space {
  /** 32 hex digits. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Never written to disk. */
  readonly memoryOnly: boolean;
  /** Records are token ids of texts, not what a model gave. */
  readonly ofTokens?: boolean;
}

export interface DiskCounts {
  readonly hits: number;
  readonly misses: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** A folder of segments, shared with other processes without locks: segments never change, and equal names hold equal bytes. */
export interface DiskCache {
  readonly folder: string;
  /** Look at the folder again: other processes may have written or removed segments. */
  refresh(space: Space): void;
  /** Whether there is no space at all. */
  empty(): boolean;
  /** Whether a space holds nothing, as far as a look at the folder tells. */
  nothingIn(space: Space): boolean;
  /** A record, also one that waits to be written. */
  get(space: Space, key: Buffer): Stored | undefined;
  has(space: Space, key: Buffer): boolean;
  /** Written soon, many in one segment. */
  put(space: Space, key: Buffer, stored: Stored): void;
  /** Write what waits; at the end of a job also gather small segments into one. Never throws for a fault of the disk: that is a note. */
  flush(): Promise<void>;
  /** A value under 32 hex digits; null where there is none, or it is damaged. */
  readValue(id: string): { readonly label: string; readonly bytes: Buffer } | null;
  /** The bytes of the file, or null where it could not be written. */
  writeValue(id: string, label: string, bytes: Uint8Array): Promise<number | null>;
  takeNotes(): readonly string[];
  readonly counts: DiskCounts;
  close(): void;
}

/** Waiting bytes, or time since the first of them, after which a segment is written: what a `kill -9` can lose. */
const SEGMENT_BYTES = 8 * 2 ** 20;
const SEGMENT_MS = 3000;
/** Segments smaller than this are gathered when there are more than `MOST_SMALL` of them in a space. */
const SMALL_BYTES = 4 * 2 ** 20;
const MOST_SMALL = 8;

interface OpenSpace {
  readonly label: string;
  readonly folder: string;
  readonly segments: Map<string, Index>;
  readonly waiting: Map<string, Entry>;
  /** The segment of the last hit: documents mostly come in the order in which they were written. */
  last: string;
  safe: boolean;
}

/** A cache at a place, or the reason why there is none. */
export function openDisk(place: CachePlace): DiskCache | { readonly refused: string } {
  const refusal = refuseFolder(place.folder);
  if (refusal !== null) return { refused: `the cache folder ${place.folder} ${refusal}` };
  const version = join(place.folder, "v1");
  const temporary = join(version, "temporary");
  const aside = join(version, "damaged");
  const values = join(version, "values");
  const files = createSegmentFiles();
  const spaces = new Map<string, OpenSpace>();
  const touched = new Set<string>();
  const told = new Set<string>();
  let notes: string[] = [];
  let writing = true;
  let waiting = 0;
  let since = 0;
  let checked = Number.POSITIVE_INFINITY;
  let work: Promise<void> = Promise.resolve();
  const counts = { hits: 0, misses: 0, bytesRead: 0, bytesWritten: 0 };

  const note = (kind: string, text: string): void => {
    if (told.has(kind)) return;
    told.add(kind);
    notes.push(text);
  };
  const damaged = (space: OpenSpace, name: string, why: string): void => {
    space.segments.delete(name);
    files.forget(join(space.folder, name));
    setAside(join(space.folder, name), aside);
    note("damaged", DAMAGED(why));
  };

  function opened(space: Space): OpenSpace {
    const known = spaces.get(space.id);
    if (known !== undefined) return known;
    const fresh: OpenSpace = { label: JSON.stringify({ name: space.name, ...(space.ofTokens === true ? { kind: "tokens" } : {}) }), folder: join(version, "spaces", space.id), segments: new Map(), waiting: new Map(), last: "", safe: true };
    spaces.set(space.id, fresh);
    look(fresh);
    return fresh;
  }

  /** Open segments that are new, forget those that are gone. */
  function look(space: OpenSpace): void {
    const names = namesIn(space.folder).filter((name) => name.endsWith(".seg"));
    if (names.length > 0 || space.segments.size > 0) {
      const refusal = reason(space.folder);
      space.safe = refusal === null;
      if (refusal !== null) note("unsafe", `cache: ${space.folder} ${refusal}; it is not used`);
    }
    const there = new Set(space.safe ? names : []);
    for (const name of space.segments.keys()) if (!there.has(name)) space.segments.delete(name);
    for (const name of there) {
      if (space.segments.has(name)) continue;
      const found = files.open(join(space.folder, name));
      if (found === null) continue;
      if (found.state === "good") space.segments.set(name, found.index);
      else if (found.state === "damaged") damaged(space, name, found.why);
      else note("newer", `cache: files of a newer saeq (format ${found.version}) are left alone`);
    }
  }

  function locate(space: OpenSpace, key: Buffer): { readonly name: string; readonly index: Index; readonly entry: number } | null {
    const hint = space.segments.get(space.last);
    if (hint !== undefined) {
      const entry = find(hint, key);
      if (entry >= 0) return { name: space.last, index: hint, entry };
    }
    for (const [name, index] of space.segments) {
      const entry = find(index, key);
      if (entry >= 0) return { name, index, entry };
    }
    return null;
  }

  /** The bytes of a record, from whichever sound segment holds it. */
  function bytesOf(space: OpenSpace, key: Buffer): Buffer | null {
    for (;;) {
      const place = locate(space, key);
      if (place === null) return null;
      const path = join(space.folder, place.name);
      const bytes = files.read(path, place.index, place.entry);
      if (bytes === null) space.segments.delete(place.name);
      else if (bytes === "damaged") damaged(space, place.name, "the checksum of a record is wrong");
      else {
        space.last = place.name;
        touch(path);
        return bytes;
      }
    }
  }

  function touch(path: string): void {
    if (touched.has(path)) return;
    touched.add(path);
    try {
      utimesSync(path, new Date(), new Date());
    } catch (error) {
      if (systemCode(error) === null) throw error;
    }
  }

  async function write(): Promise<void> {
    for (const space of spaces.values()) {
      if (space.waiting.size === 0 || !space.safe) continue;
      const entries = [...space.waiting.values()];
      space.waiting.clear();
      await segment(space, space.label, entries);
    }
    waiting = 0;
  }

  async function segment(space: OpenSpace, label: string, entries: readonly Entry[]): Promise<string> {
    const bytes = encodeSegment(label, entries);
    const name = `${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.seg`;
    makeFolder(space.folder);
    const refusal = reason(space.folder);
    if (refusal !== null) {
      space.safe = false;
      note("unsafe", `cache: ${space.folder} ${refusal}; it is not used`);
      return name;
    }
    await publish(join(space.folder, name), bytes, temporary, "create");
    counts.bytesWritten += bytes.length;
    checked += bytes.length;
    const found = files.open(join(space.folder, name));
    if (found?.state === "good") space.segments.set(name, found.index);
    return name;
  }

  /** Many small segments become one; each goes only after the one that holds its records is there. */
  async function gather(space: OpenSpace): Promise<void> {
    const small = segmentsIn(space.folder).filter(({ bytes }) => bytes < SMALL_BYTES);
    if (small.length <= MOST_SMALL) return;
    look(space);
    const entries: Entry[] = [];
    const emptied: string[] = [];
    let label = "";
    for (const { path } of small) {
      const name = path.slice(space.folder.length + 1);
      const index = space.segments.get(name);
      if (index === undefined) continue;
      const own: Entry[] = [];
      for (let entry = 0; entry < index.count; entry++) {
        const bytes = files.read(path, index, entry);
        if (bytes === "damaged" || bytes === null) break;
        own.push({ key: Buffer.from(keyAt(index, entry)), bytes });
      }
      // One that is not whole stays: reading from it will set it aside.
      if (own.length < index.count) continue;
      entries.push(...own);
      emptied.push(path);
      label = index.label;
    }
    if (emptied.length < 2) return;
    const made = await segment(space, label, entries);
    for (const path of emptied) if (path !== join(space.folder, made)) removeFile(path);
    look(space);
  }

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

  const enqueue = (action: () => Promise<void> | void): Promise<void> => (work = work.then(() => guarded(action)));

  return {
    folder: place.folder,
    refresh: (space) => look(opened(space)),
    empty: () => spaces.size === 0 && namesIn(join(version, "spaces")).length === 0,
    nothingIn: (space) => {
      const { segments, waiting: written } = opened(space);
      return segments.size === 0 && written.size === 0;
    },
    has: (space, key) => locate(opened(space), key) !== null,
    get: (space, key) => {
      const from = opened(space);
      const waits = from.waiting.size === 0 ? undefined : from.waiting.get(key.toString("hex"))?.bytes;
      const bytes = waits ?? (from.segments.size === 0 ? null : bytesOf(from, key));
      if (bytes === null) {
        counts.misses++;
        return undefined;
      }
      counts.hits++;
      counts.bytesRead += bytes.length;
      return decodeRecord(bytes);
    },
    put: (space, key, stored) => {
      if (!writing) return;
      const bytes = encodeRecord(stored);
      opened(space).waiting.set(key.toString("hex"), { key, bytes });
      if (waiting === 0) since = performance.now();
      waiting += bytes.length;
      if (waiting >= SEGMENT_BYTES || performance.now() - since >= SEGMENT_MS) {
        waiting = 0;
        void enqueue(write);
      }
    },
    flush: () =>
      enqueue(async () => {
        await write();
        for (const space of spaces.values()) if (space.safe) await gather(space);
        // Who writes makes room: at first, and again after each hundredth of the limit.
        if (counts.bytesWritten === 0 || checked <= place.limit / 100) return;
        collect(place.folder, place.limit);
        checked = 0;
      }),
    readValue: (id) => {
      const path = join(values, `${id}.seg`);
      const found = files.open(path);
      if (found === null) return null;
      if (found.state === "newer") note("newer", `cache: files of a newer saeq (format ${found.version}) are left alone`);
      const bytes = found.state === "good" ? files.read(path, found.index, 0) : found.state;
      files.forget(path);
      if (Buffer.isBuffer(bytes) && found.state === "good") {
        touch(path);
        return { label: found.index.label, bytes };
      }
      if (bytes === "damaged") {
        setAside(path, aside);
        note("damaged", DAMAGED(found.state === "damaged" ? found.why : "the checksum of a record is wrong"));
      }
      return null;
    },
    writeValue: async (id, label, bytes) => {
      const whole = encodeSegment(label, [{ key: Buffer.from(id, "hex"), bytes }]);
      let size: number | null = null;
      await enqueue(async () => {
        await publish(join(values, `${id}.seg`), whole, temporary, "replace");
        counts.bytesWritten += whole.length;
        checked += whole.length;
        size = whole.length;
      });
      return size;
    },
    takeNotes: () => {
      const taken = notes;
      notes = [];
      return taken;
    },
    get counts() {
      return { ...counts };
    },
    close: () => files.close(),
  };
}

const DAMAGED = (why: string): string => `cache: a damaged file was set aside (${why}); what it held is computed again`;

function reason(folder: string): string | null {
  try {
    return unsafe(folder);
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return null;
  }
}
