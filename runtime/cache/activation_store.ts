/** Without this file a cancelled run would start from nothing, and each new question would run the model again. */
import { hash } from "node:crypto";
import { endianness } from "node:os";
import type { Document, TapOutput } from "../engine/port.ts";
import type { DiskCache } from "./disk.ts";
import type { Space } from "./space_segments.ts";

/**
 * What taps gave for single documents, by content: space (one tap of a model in a numerics class), token ids and wanted positions. Results
 * of a document do not depend on the others in its batch, so what is kept is exactly what a new run would give.
 */
export interface ActivationStore {
  /** Whether it is certain that nothing of these spaces is kept; of none of them, that nothing is kept at all. */
  empty(spaces: readonly Space[]): boolean;
  /** Before a job: look at what other processes wrote. */
  refresh(spaces: readonly Space[]): void;
  /** What every space has for the document, or undefined where one lacks it. */
  get(spaces: readonly Space[], document: Document): readonly TapOutput[] | undefined;
  /** Whether `get` would find it, without reading it. */
  has(spaces: readonly Space[], document: Document): boolean;
  set(spaces: readonly Space[], document: Document, taps: readonly TapOutput[]): void;
  /** Continuations by space, prompt and, where tokens were drawn, the numbers that name the draw. */
  continuation(space: Space, prompt: Int32Array, draw?: Uint32Array): Int32Array | undefined;
  keepContinuation(space: Space, prompt: Int32Array, ids: Int32Array, draw?: Uint32Array): void;
  /** At the end of a job, however it ended. */
  flush(): Promise<void>;
  /** Bytes in memory. */
  readonly bytes: number;
  /** Answers in memory: one for each text and tap. */
  readonly count: number;
  /** Let go of what is in memory; what lies on disk stays. */
  clear(): void;
  /** Keep so many bytes in memory from now on, and let go of what is beyond them. */
  bound(bytes: number): void;
}

type Kept = TapOutput | Int32Array;

/** Memory keeps the most recently used, up to `limit` bytes; the disk, where there is one, keeps all. */
export function createActivationStore(most: number, disk: DiskCache | null): ActivationStore {
  let limit = most;
  const kept = new Map<string, { readonly value: Kept; readonly bytes: number }>();
  let bytes = 0;
  const recall = (id: string): Kept | undefined => {
    const found = kept.get(id);
    if (found === undefined) return undefined;
    kept.delete(id);
    kept.set(id, found);
    return found.value;
  };
  const remember = (id: string, value: Kept): void => {
    const before = kept.get(id);
    if (before !== undefined) {
      bytes -= before.bytes;
      kept.delete(id);
    }
    const size = sizeOf(value);
    if (size > limit) return;
    kept.set(id, { value, bytes: size });
    bytes += size;
    makeRoom();
  };
  const makeRoom = (): void => {
    for (const [oldest, entry] of kept) {
      if (bytes <= limit) break;
      kept.delete(oldest);
      bytes -= entry.bytes;
    }
  };
  const find = (space: Space, key: Buffer): Kept | undefined => {
    const id = idOf(space, key);
    const known = recall(id);
    if (known !== undefined) return known;
    const stored = space.memoryOnly ? undefined : disk?.get(space, key);
    if (stored !== undefined) remember(id, stored);
    return stored;
  };
  const keep = (space: Space, key: Buffer, value: Kept): void => {
    remember(idOf(space, key), value);
    if (!space.memoryOnly) disk?.put(space, key, value);
  };
  return {
    get bytes() {
      return bytes;
    },
    get count() {
      return kept.size;
    },
    clear: () => {
      kept.clear();
      bytes = 0;
    },
    bound: (most) => {
      limit = most;
      makeRoom();
    },
    empty: (spaces) => kept.size === 0 && (disk === null || (spaces.length === 0 ? disk.empty() : spaces.every((space) => space.memoryOnly || disk.nothingIn(space)))),
    refresh: (spaces) => spaces.forEach((space) => space.memoryOnly || disk?.refresh(space)),
    get: (spaces, document) => {
      const key = documentKey(document);
      const found: TapOutput[] = [];
      for (const space of spaces) {
        const value = find(space, key);
        if (value === undefined || value instanceof Int32Array) return undefined;
        found.push(value);
      }
      return found;
    },
    has: (spaces, document) => {
      const key = documentKey(document);
      return spaces.every((space) => kept.has(idOf(space, key)) || (!space.memoryOnly && disk?.has(space, key) === true));
    },
    set: (spaces, document, taps) => {
      const key = documentKey(document);
      spaces.forEach((space, tap) => keep(space, key, taps[tap]!));
    },
    continuation: (space, prompt, draw = NOTHING) => {
      const found = find(space, documentKey({ ids: prompt, wanted: draw }));
      return found instanceof Int32Array ? found : undefined;
    },
    keepContinuation: (space, prompt, ids, draw = NOTHING) => keep(space, documentKey({ ids: prompt, wanted: draw }), ids),
    flush: async () => disk?.flush(),
  };
}

/** A store in which nothing is found: `set cache off`. */
export const FORGETFUL: ActivationStore = {
  empty: () => true,
  refresh: () => {},
  get: () => undefined,
  has: () => false,
  set: () => {},
  continuation: () => undefined,
  keepContinuation: () => {},
  flush: async () => {},
  bytes: 0,
  count: 0,
  clear: () => {},
  bound: () => {},
};

const NOTHING = new Uint32Array(0);
const NOWHERE = new Int32Array(0);
const idOf = (space: Space, key: Buffer): string => space.id + key.toString("latin1");

function sizeOf(value: Kept): number {
  if (value instanceof Int32Array) return value.byteLength;
  return value.values.byteLength + (value.kind === "sparse" ? value.indices.byteLength + value.indptr.byteLength : 0);
}

/** 16 bytes that name token ids, wanted positions and where they are edited, whatever the byte order of the machine. In one space all have as many windows. */
function documentKey({ ids, wanted, edited = NOWHERE }: Document): Buffer {
  const numbers = new Int32Array(1 + ids.length + wanted.length + edited.length);
  numbers[0] = ids.length;
  numbers.set(ids, 1);
  numbers.set(wanted, 1 + ids.length);
  numbers.set(edited, 1 + ids.length + wanted.length);
  const bytes = Buffer.from(numbers.buffer);
  return hash("sha256", endianness() === "LE" ? bytes : bytes.swap32(), "buffer").subarray(0, 16);
}
