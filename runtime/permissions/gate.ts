/**
 * Without this file a name could be checked and another file opened: what a name leads to may change in between.
 *
 * Permissions are settled on names before anything runs (`permissions.ts`); here they are held against what was opened. A file is opened
 * first, and then the path of the open descriptor is looked at, which no swapped link, renamed folder or second name can change any more.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { readlink, realpath, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CheckpointError } from "../checkpoint/error.ts";
import { DataError } from "../data/error.ts";
import { coversHost, coversPath, deniesPath } from "./granted.ts";
import type { Grants, Use } from "../session/session_port.ts";

export interface Gate {
  /** Run work whose files and hosts are held against the grants. */
  run<T>(work: () => T): T;
  /** The same for rows that are made one piece at a time. */
  rows<T>(rows: AsyncGenerator<T>): AsyncGenerator<T>;
  /** May a file be made or replaced in an open folder? @throws DataError `permission-denied` */
  admitWrite(folder: FileHandle | null, path: string): Promise<void>;
}

/** What the gate holds against the grants. */
interface Guard {
  readonly read: (file: FileHandle, path: string) => Promise<void>;
  readonly use: (use: Use) => void;
  readonly host: (host: string) => void;
}

/** The guard of the work under way. It travels with the work and is not handed on: a reader that forgot to would read unchecked. */
const current = new AsyncLocalStorage<Guard>();

/** @param free folders that may always be read: what ships with saeq, and the caches of models. */
export function createGate(grants: Grants, free: readonly string[], onUse: (use: Use) => void = () => {}): Gate {
  const blobs = grants.read === true ? [] : grants.read.flatMap(blobsOf);
  const mayRead = (path: string, names: bigint): boolean => {
    if (deniesPath(path, grants.deny?.read)) return false;
    return grants.read === true || coversPath(path, grants.read, Number(names)) || coversPath(path, [...free, ...blobs], 1);
  };
  const guard: Guard = {
    use: onUse,
    read: async (file, path) => {
      const real = await placeOf(file, path);
      const { nlink } = await file.stat({ bigint: true });
      const granted = mayRead(real, nlink);
      onUse({ use: "read", path: real, granted });
      if (!granted) throw refused("read", path, real, deniesPath(real, grants.deny?.read));
    },
    host: (host) => {
      const granted = (grants.net === true || coversHost(host, grants.net ?? [])) && !(grants.deny?.net === true || coversHost(host, grants.deny?.net ?? []));
      onUse({ use: "net", host, granted });
      if (!granted) throw new CheckpointError("permission-denied", `not allowed to ask ${host}, where the hub sends on to`, { notes: ["each host needs its own grant"], help: `--allow-net=${host}` });
    },
  };
  return {
    run: (work) => current.run(guard, work),
    rows: async function* (rows) {
      try {
        for (;;) {
          const next = await current.run(guard, () => rows.next());
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await rows.return(undefined);
      }
    },
    admitWrite: async (folder, path) => {
      const place = folder === null ? await realpath(dirname(path)) : await placeOf(folder, dirname(path));
      const real = join(place, basename(path));
      const granted = (grants.write === true || coversPath(real, grants.write, 1)) && !deniesPath(real, grants.deny?.write);
      onUse({ use: "write", path: real, granted });
      if (!granted) throw refused("write", path, real, deniesPath(real, grants.deny?.write));
    },
  };
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
  const guard = current.getStore();
  if (guard !== undefined) guard.use({ use: "read", path: await realpath(path), granted: true });
}

/** Hold a host against the grants of the work under way, before it is asked. @throws CheckpointError `permission-denied` */
export function admitHost(host: string): void {
  current.getStore()?.host(host);
}

/** Where an open file or folder lies now. */
export async function placeOf(file: FileHandle, path: string): Promise<string> {
  const told = process.platform === "linux" ? await readlink(`/proc/self/fd/${file.fd}`).catch(() => null) : null;
  if (told?.startsWith("/") === true) return told;
  const real = await realpath(path);
  const [opened, there] = [await file.stat({ bigint: true }), await stat(real, { bigint: true })];
  if (opened.ino === there.ino && opened.dev === there.dev) return real;
  throw new DataError({ code: "changed-while-read", message: `${path} leads to another file than the one that was opened`, help: "run it again when nothing changes it" });
}

function refused(access: "read" | "write", path: string, real: string, forbidden: boolean): DataError {
  return new DataError({
    code: "permission-denied",
    message: `not allowed to ${access} ${real}`,
    notes: path === real ? [] : [`${path} leads there`],
    help: forbidden ? `leave out what forbids it: --deny-${access}` : `--allow-${access}=${real.replaceAll(",", ",,")}`,
  });
}

/** Snapshots of the hub's cache are folders of links into the blobs of their repository, which belong to them. */
function blobsOf(granted: string): readonly string[] {
  const repository = /^(.*[/\\]models--[^/\\]+)[/\\]snapshots[/\\][^/\\]+/.exec(granted)?.[1];
  return repository === undefined ? [] : [join(repository, "blobs")];
}
