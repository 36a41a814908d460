/** Without this file the segments of one space, which other processes write and remove too, would be looked through in several ways. */
import { hash } from "node:crypto";
import { join } from "node:path";
import { systemCode } from "../data/error.ts";
import { makeFolder } from "../data/make_folder.ts";
import type { CacheFiles } from "./cache_files.ts";
import { unsafe } from "./folder.ts";
import { namesIn, removeFile } from "./inventory.ts";
import { decodeRecord, type Stored } from "./record.ts";
import { asWritten, encodeSegment, find, keyAt, type Entry, type Index } from "./segment.ts";

/** Segments whose records are smaller than this are gathered when there are more than `MOST_SMALL` of them in a space. */
const SMALL_BYTES = 4 * 2 ** 20;
const MOST_SMALL = 8;

interface Segment {
  readonly path: string;
  readonly index: Index;
}

/** The segments of one space, as they were when its folder was last looked at. */
export interface OpenSpace {
  /** What is new and waits to be written, by key in hex. */
  readonly waiting: Map<string, Entry>;
  /** Look at the folder again: other processes may have written or removed segments. */
  look(): void;
  /** Whether nothing is written and nothing waits. */
  empty(): boolean;
  has(key: Buffer): boolean;
  /** A record; null where there is none. */
  read(key: Buffer): Stored | null;
  /** Write what waits; it goes on waiting where the folder is not safe to use. */
  write(): Promise<void>;
  /** Many small segments become one. */
  gather(): Promise<void>;
}

/** `id`: 32 hex digits, also the name of its folder. `ownLabel`: what its segments say of themselves. */
export function createOpenSpace(files: CacheFiles, id: string, ownLabel: string): OpenSpace {
  const folder = join(files.version, "spaces", id);
  const segments = new Map<string, Segment>();
  const waiting = new Map<string, Entry>();
  /** The segment of the last hit: documents mostly come in the order in which they were written. */
  let last = "";
  let safe = true;

  function damaged(name: string, why: string): void {
    segments.delete(name);
    files.damaged(join(folder, name), why);
  }

  /** Know a segment, or say why not. */
  function take(name: string): void {
    const path = join(folder, name);
    const found = files.open(path);
    if (found === null) return;
    if (found.state === "good") segments.set(name, { path, index: found.index });
    else if (found.state === "damaged") damaged(name, found.why);
    else if (found.state === "newer") files.newer(found.version);
  }

  /** Open segments that are new, forget those that are gone. */
  function look(): void {
    const names = namesIn(folder).filter((name) => name.endsWith(".seg"));
    const refusal = reason(folder);
    safe = refusal === null;
    if (refusal !== null) files.note("unsafe", `cache: ${folder} ${refusal}; it is not used`);
    const there = new Set(safe ? names : []);
    for (const name of segments.keys()) if (!there.has(name)) segments.delete(name);
    for (const name of there) if (!segments.has(name)) take(name);
  }

  function locate(key: Buffer): (Segment & { readonly name: string; readonly entry: number }) | null {
    const hint = segments.get(last);
    if (hint !== undefined) {
      const entry = find(hint.index, key);
      if (entry >= 0) return { ...hint, name: last, entry };
    }
    for (const [name, segment] of segments) {
      const entry = find(segment.index, key);
      if (entry >= 0) return { ...segment, name, entry };
    }
    return null;
  }

  /** A record, from whichever sound segment holds it. */
  function recordOf(key: Buffer): Stored | null {
    for (;;) {
      const place = locate(key);
      if (place === null) return null;
      const { name, path, index, entry } = place;
      const bytes = files.read(path, index, entry);
      if (bytes === null) segments.delete(name);
      else if (bytes === "damaged") damaged(name, "the checksum of its records is wrong");
      else {
        const stored = decoded(bytes);
        if (stored === null) {
          damaged(name, "a record is none");
          continue;
        }
        last = name;
        files.touch(path);
        return stored;
      }
    }
  }

  function decoded(bytes: Uint8Array): Stored | null {
    files.counts.bytesRead += bytes.length;
    try {
      return decodeRecord(bytes);
    } catch {
      return null;
    }
  }

  /** The name of the new segment; null where the folder is not safe to use. */
  async function segment(label: string, entries: readonly Entry[]): Promise<string | null> {
    const bytes = encodeSegment(id, label, entries);
    const name = `${hash("sha256", bytes).slice(0, 32)}.seg`;
    makeFolder(folder, 0o700);
    const refusal = reason(folder);
    if (refusal !== null) {
      safe = false;
      files.note("unsafe", `cache: ${folder} ${refusal}; it is not used`);
      return null;
    }
    await files.write(join(folder, name), bytes, "create");
    take(name);
    return name;
  }

  /** Those whose records are few, by name: whoever gathers the same makes the same file of them. */
  function small(): readonly (Segment & { readonly name: string })[] {
    return [...segments].flatMap(([name, segment]) => (segment.index.length < SMALL_BYTES ? [{ name, ...segment }] : [])).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Many small segments become one; each goes only after the one that holds its records is there. */
  async function gather(): Promise<void> {
    if (small().length <= MOST_SMALL) return;
    look();
    const entries: Entry[] = [];
    const emptied: string[] = [];
    let label = "";
    for (const { path, index } of small()) {
      const own: Entry[] = [];
      for (const entry of asWritten(index)) {
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
    const made = await segment(label, entries);
    if (made === null) return;
    for (const path of emptied) if (path !== join(folder, made)) removeFile(path);
    look();
  }

  look();
  return {
    waiting,
    look,
    empty: () => segments.size === 0 && waiting.size === 0,
    has: (key) => waiting.has(key.toString("hex")) || locate(key) !== null,
    read: (key) => {
      const entry = waiting.size === 0 ? undefined : waiting.get(key.toString("hex"));
      if (entry !== undefined) return decoded(entry.bytes);
      return segments.size === 0 ? null : recordOf(key);
    },
    write: async () => {
      if (waiting.size === 0 || !safe) return;
      const entries = [...waiting];
      if ((await segment(ownLabel, entries.map(([, entry]) => entry))) === null) return;
      // What came meanwhile waits for the next one.
      for (const [key, entry] of entries) if (waiting.get(key) === entry) waiting.delete(key);
    },
    gather: async () => {
      if (safe) await gather();
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
