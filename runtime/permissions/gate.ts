/**
 * Without this file a name could be checked and another file opened: what a name leads to may change in between.
 *
 * Permissions are settled on names before anything runs (`permissions.ts`); here they are held against what was opened. A file is opened
 * first, and then the path of the open descriptor is looked at, which no swapped link, renamed folder or second name can change any more.
 */
import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CheckpointError } from "../checkpoint/error.ts";
import { heldAgainst, openPlace, type Admission, type Gate } from "../data/admission.ts";
import { DataError } from "../data/error.ts";
import { coversHost, coversPath, deniesPath } from "./granted.ts";
import type { Grants, Use } from "./grants.ts";

/** @param free folders that may always be read: what ships with saeq, and the caches of models. */
export function createGate(grants: Grants, free: readonly string[], onUse: (use: Use) => void = () => {}): Gate {
  const blobs = grants.read === true ? [] : grants.read.flatMap(blobsOf);
  const mayRead = (path: string, names: bigint): boolean => {
    if (deniesPath(path, grants.deny?.read)) return false;
    return grants.read === true || coversPath(path, grants.read, Number(names)) || coversPath(path, [...free, ...blobs], 1);
  };
  const admission: Admission = {
    module: (path) => onUse({ use: "read", path, granted: true }),
    read: async (file, path) => {
      const real = await openPlace(file, path);
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
    run: (work) => heldAgainst(admission, work),
    rows: async function* (rows) {
      try {
        for (;;) {
          const next = await heldAgainst(admission, () => rows.next());
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await rows.return(undefined);
      }
    },
    admitWrite: async (folder, path) => {
      const place = folder === null ? await realpath(dirname(path)) : await openPlace(folder, dirname(path));
      const real = join(place, basename(path));
      const granted = (grants.write === true || coversPath(real, grants.write, 1)) && !deniesPath(real, grants.deny?.write);
      onUse({ use: "write", path: real, granted });
      if (!granted) throw refused("write", path, real, deniesPath(real, grants.deny?.write));
    },
  };
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
