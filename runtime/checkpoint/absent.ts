/** Without this file a model on the hub could be checked only after all of it was downloaded. */
import { basename, dirname } from "node:path";

/** A file that is not on this machine yet: its header is known, and parts of it can be asked for. */
export interface AbsentFile {
  readonly size: number;
  /** The safetensors header, without the eight bytes before it. */
  readonly header: Uint8Array;
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** By the place it will lie at; a repository names it by another path that leads there. */
const files = new Map<string, AbsentFile>();
const places = new Map<string, string>();

/** From now on `name` stands for a file that will lie at `place`. */
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
