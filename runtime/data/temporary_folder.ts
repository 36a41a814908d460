/** Without this file what is unpacked or run again for a while would lie in folders that nobody removes, and a folder for temporary files that is missing would be a stack trace. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWNER_TAG, ownerGone, ownerTag } from "../running.ts";
import { DataError, systemCode } from "./error.ts";
import { removedAtEnd } from "./leftovers.ts";

export interface TemporaryFolder {
  readonly folder: string;
  /** Nothing of it is left; a second time it does nothing. */
  remove(): void;
}

const OURS = new RegExp(`^saeq-[a-z]+-${OWNER_TAG}-`);

/** A folder that only this user may enter, until it is removed or the process ends. `use`: a word for its name. @throws DataError `not-writable`, `missing-folder`, `disk-full` */
export function makeTemporaryFolder(use: "bundle" | "verify" | "edit"): TemporaryFolder {
  const place = tmpdir();
  sweep(place);
  try {
    const folder = mkdtempSync(join(place, `saeq-${use}-${ownerTag()}-`));
    const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
    const forget = removedAtEnd(removeNow);
    return {
      folder,
      remove: () => {
        forget();
        removeNow();
      },
    };
  } catch (error) {
    throw unusable(place, error);
  }
}

function unusable(place: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === null) return error;
  const help = "name a folder that this user may write: TMPDIR=/tmp saeq …";
  if (code === "ENOENT" || code === "ENOTDIR") return new DataError({ code: "missing-folder", message: `there is no folder ${place} for temporary files`, help });
  if (code === "ENOSPC" || code === "EDQUOT") return new DataError({ code: "disk-full", message: `the folder for temporary files, ${place}, is full (${code})`, help: "free some space there, or name another one: TMPDIR=/var/tmp saeq …" });
  return new DataError({ code: "not-writable", message: `no folder can be made in ${place}, the folder for temporary files (${code})`, help });
}

/** Remove what killed processes of this user left. */
function sweep(place: string): void {
  try {
    for (const name of readdirSync(place)) {
      const tag = OURS.exec(name)?.[1];
      if (tag === undefined || !ownerGone(tag)) continue;
      const path = join(place, name);
      const found = lstatSync(path);
      if (found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())) rmSync(path, { recursive: true, force: true });
    }
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
}
