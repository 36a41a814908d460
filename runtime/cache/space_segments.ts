/** Without this file records would lie in a file each, a thousand to a question, or be lost until a run ends. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { systemCode } from "../data/error.ts";
import type { CacheFiles } from "./cache_files.ts";
import { makeFolder, unsafe } from "./folder.ts";
import { namesIn, removeFile, segmentsIn } from "./inventory.ts";
import { decodeRecord, encodeRecord, type Stored } from "./record.ts";
import { encodeSegment, find, keyAt, type Entry, type Index } from "./segment.ts";

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

/** Records by space and key, in segments that never change; what is new waits, and is written many at a time. */
export interface SpaceSegments {
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
  /** Write what waits, and gather small segments into one; within what is enqueued. */
  flush(): Promise<void>;
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

/** Records among the files of a cache. */
export function createSpaceSegments(files: CacheFiles): SpaceSegments {
  const spaces = new Map<string, OpenSpace>();
  let waiting = 0;
  let since = 0;

  const damaged = (space: OpenSpace, name: string, why: string): void => {
    space.segments.delete(name);
    files.damaged(join(space.folder, name), why);
  };

  function opened(space: Space): OpenSpace {
    const known = spaces.get(space.id);
    if (known !== undefined) return known;
    const fresh: OpenSpace = { label: JSON.stringify({ name: space.name, ...(space.ofTokens === true ? { kind: "tokens" } : {}) }), folder: join(files.version, "spaces", space.id), segments: new Map(), waiting: new Map(), last: "", safe: true };
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
      if (refusal !== null) files.note("unsafe", `cache: ${space.folder} ${refusal}; it is not used`);
    }
    const there = new Set(space.safe ? names : []);
    for (const name of space.segments.keys()) if (!there.has(name)) space.segments.delete(name);
    for (const name of there) {
      if (space.segments.has(name)) continue;
      const found = files.open(join(space.folder, name));
      if (found === null) continue;
      if (found.state === "good") space.segments.set(name, found.index);
      else if (found.state === "damaged") damaged(space, name, found.why);
      else files.newer(found.version);
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
        files.touch(path);
        return bytes;
      }
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
      files.note("unsafe", `cache: ${space.folder} ${refusal}; it is not used`);
      return name;
    }
    await files.write(join(space.folder, name), bytes, "create");
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

  return {
    refresh: (space) => look(opened(space)),
    empty: () => spaces.size === 0 && namesIn(join(files.version, "spaces")).length === 0,
    nothingIn: (space) => {
      const { segments, waiting: written } = opened(space);
      return segments.size === 0 && written.size === 0;
    },
    has: (space, key) => opened(space).waiting.has(key.toString("hex")) || locate(opened(space), key) !== null,
    get: (space, key) => {
      const from = opened(space);
      const waits = from.waiting.size === 0 ? undefined : from.waiting.get(key.toString("hex"))?.bytes;
      const bytes = waits ?? (from.segments.size === 0 ? null : bytesOf(from, key));
      if (bytes === null) {
        files.counts.misses++;
        return undefined;
      }
      files.counts.hits++;
      files.counts.bytesRead += bytes.length;
      return decodeRecord(bytes);
    },
    put: (space, key, stored) => {
      if (!files.writable()) return;
      const bytes = encodeRecord(stored);
      opened(space).waiting.set(key.toString("hex"), { key, bytes });
      if (waiting === 0) since = performance.now();
      waiting += bytes.length;
      if (waiting >= SEGMENT_BYTES || performance.now() - since >= SEGMENT_MS) {
        waiting = 0;
        void files.enqueue(write);
      }
    },
    flush: async () => {
      await write();
      for (const space of spaces.values()) if (space.safe) await gather(space);
    },
  };
}

function reason(folder: string): string | null {
  try {
    return unsafe(folder);
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return null;
  }
}
