/**
 * Without this file a reader would have to be told who may read what, and the one that was not told would read unchecked.
 *
 * Who starts work says what holds its files and hosts against the grants (`runtime/permissions/gate.ts`); whoever opens one asks here.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { realpathSync } from "node:fs";
import { readlink, realpath, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError } from "./error.ts";

export interface Gate {
  /** Run work whose files and hosts are held against the grants. */
  run<T>(work: () => T): T;
  /** The same for rows that are made one piece at a time. */
  rows<T>(rows: AsyncGenerator<T>): AsyncGenerator<T>;
  /** May a file be made or replaced in an open folder? @throws DataError `permission-denied` */
  admitWrite(folder: FileHandle | null, path: string): Promise<void>;
}

/** Holds what is opened and asked against the grants. */
export interface Admission {
  readonly read: (file: FileHandle, path: string) => Promise<void>;
  /** A module was read. */
  readonly module: (path: string) => void;
  readonly host: (host: string) => void;
}

/** That of the work under way. It travels with the work and is not handed on: a reader that forgot to would read unchecked. */
const current = new AsyncLocalStorage<Admission>();

/** Do work whose files and hosts are held against these grants. */
export function heldAgainst<T>(admission: Admission, work: () => T): T {
  return current.run(admission, work);
}

/** Hold an open file against the grants of the work under way, if it has any; the file is closed where it is refused. */
export async function admitted(file: FileHandle, path: string): Promise<FileHandle> {
  try {
    await current.getStore()?.read(file, path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Say that a module was read: modules are part of the script, and need no grant. */
export async function tellModule(path: string): Promise<void> {
  const admission = current.getStore();
  if (admission !== undefined) admission.module(await realpath(path));
}

/** Hold a host against the grants of the work under way, before it is asked. @throws CheckpointError `permission-denied` */
export function admitHost(host: string): void {
  current.getStore()?.host(host);
}

/** Where an open file or folder lies now. */
export async function openPlace(file: FileHandle, path: string): Promise<string> {
  const told = process.platform === "linux" ? await readlink(`/proc/self/fd/${file.fd}`).catch(() => null) : null;
  if (told?.startsWith("/") === true) return told;
  const real = await realpath(path);
  const [opened, there] = [await file.stat({ bigint: true }), await stat(real, { bigint: true })];
  if (opened.ino === there.ino && opened.dev === there.dev) return real;
  throw new DataError({ code: "changed-while-read", message: `${path} leads to another file than the one that was opened`, help: "run it again when nothing changes it" });
}

/** The real path, symlinks resolved; for what does not exist, or leads nowhere, of the nearest folder that does. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
