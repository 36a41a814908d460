/** Without this file records would lie in a file each, a thousand to a question, or be lost until a run ends. */
import { join } from "node:path";
import type { CacheFiles } from "./cache_files.ts";
import { namesIn } from "./inventory.ts";
import { createOpenSpace, type OpenSpace } from "./open_space.ts";
import { encodeRecord, type Stored } from "./record.ts";

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
/** Records among the files of a cache. */
export function createSpaceSegments(files: CacheFiles): SpaceSegments {
  const spaces = new Map<string, OpenSpace>();
  let waiting = 0;
  let since = 0;

  function opened({ id, name, ofTokens }: Space): OpenSpace {
    const known = spaces.get(id);
    if (known !== undefined) return known;
    const fresh = createOpenSpace(files, id, JSON.stringify({ name, ...(ofTokens === true ? { kind: "tokens" } : {}) }));
    spaces.set(id, fresh);
    return fresh;
  }

  async function write(): Promise<void> {
    for (const space of spaces.values()) await space.write();
    waiting = 0;
  }

  return {
    refresh: (space) => opened(space).look(),
    empty: () => spaces.size === 0 && namesIn(join(files.version, "spaces")).length === 0,
    nothingIn: (space) => opened(space).empty(),
    has: (space, key) => opened(space).has(key),
    get: (space, key) => {
      const stored = opened(space).read(key);
      if (stored === null) {
        files.counts.misses++;
        return undefined;
      }
      files.counts.hits++;
      return stored;
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
      for (const space of spaces.values()) await space.gather();
    },
  };
}
