/** Without this file a model on the hub could be checked only after all of it was downloaded, and an archive only after all of it was converted. */
import { basename, dirname } from "node:path";

/** A file that is not on this machine yet: parts of it can be asked for. */
export interface AbsentFile {
  readonly size: number;
  /** The safetensors header, without the eight bytes before it; null for files of other kinds. */
  readonly header: Uint8Array | null;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Writes the file, where this machine can make it from what it has; null where it has to be downloaded. */
  readonly make: ((work: Making) => Promise<void>) | null;
}

/** What making a file may be stopped by, and whom it tells. */
export interface Making {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** By the place it will lie at; a repository names it by another path that leads there. */
const files = new Map<string, AbsentFile>();
const places = new Map<string, string>();

/** From now on `name` stands for a file that will lie at `place`. Said again, it is read as it was said last. */
export function announce(name: string, place: string, file: AbsentFile): void {
  places.set(name, place);
  files.set(place, file);
}

/** Where the file of this name will lie; null where none is announced. */
export function announced(name: string): string | null {
  return places.get(name) ?? null;
}

/** Names of files that are announced in a folder. */
export function announcedIn(folder: string): readonly string[] {
  return [...places.keys()].filter((name) => dirname(name) === folder).map((name) => basename(name));
}

/** The file that will lie here; null where none is announced. */
export function absentFile(place: string): AbsentFile | null {
  return files.get(place) ?? null;
}

/** The file is there now: from here on it is read like any other. */
export function arrived(place: string): void {
  files.delete(place);
  for (const [name, each] of places) if (each === place) places.delete(name);
}

/** Make those of these files that this machine can make; `onBytes` is told of all of them together. @throws CheckpointError; AbortError */
export async function makeAbsent(wanted: ReadonlySet<string>, signal: AbortSignal, onBytes: (bytes: number, total: number) => void): Promise<void> {
  const work = [...wanted].flatMap((place) => {
    const file = absentFile(place);
    return file === null || file.make === null ? [] : [{ size: file.size, make: file.make }];
  });
  const total = work.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const { size, make } of work) {
    const before = done;
    await make({ signal, onBytes: (bytes) => onBytes(before + bytes, total) });
    done += size;
  }
}
