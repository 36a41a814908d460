/** Without this file a killed process or a full disk would leave half a segment under the name of a whole one. */
import { randomBytes } from "node:crypto";
import { statSync, unlinkSync } from "node:fs";
import { link, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder, writeAll } from "../data/atomic_write.ts";
import { systemCode } from "../data/error.ts";
import { ownerGone, ownerTag } from "../running.ts";

/** How a file gets its name: `create` leaves what is there (same name, same content), `replace` does not. */
export type Naming = "create" | "replace";

/**
 * Write a file so that its name holds all of it or nothing: temporary file, every byte, fsync, size compared, link (or rename), fsync of the
 * folder. True where the file is new. Two processes may do so at once.
 * @throws the system's error (`ENOSPC`, `EROFS`, `EACCES` …); nothing is left behind then.
 */
export async function publish(path: string, bytes: Uint8Array, temporary: string, naming: Naming): Promise<boolean> {
  const draft = join(temporary, `${ownerTag()}.${randomBytes(8).toString("hex")}.tmp`);
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await writeAll(file, bytes);
      await file.sync();
      const { size } = await file.stat();
      if (size !== bytes.length) throw Object.assign(new Error("bytes are missing"), { code: "ENOSPC" });
    } finally {
      await file.close();
    }
    let fresh = true;
    if (naming === "replace") await rename(draft, path);
    else fresh = await named(draft, path);
    await syncFolder(dirname(path));
    return fresh;
  } finally {
    await unlink(draft).catch(() => {});
  }
}

async function named(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    // File systems without hard links (exFAT, some network ones): a name that is there is equal, so replacing it changes nothing.
    if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS" || code === "EOPNOTSUPP") {
      await rename(draft, path);
      return true;
    }
    throw error;
  }
}

const DAY = 24 * 3600 * 1000;

/** Of the names in a folder of drafts, remove what dead writers left: those of this boot whose process is gone, and anything a day old. */
export function sweepTemporary(folder: string, names: readonly string[], now = Date.now()): void {
  for (const name of names) {
    const path = join(folder, name);
    try {
      if (ownerGone(name) || now - statSync(path).mtimeMs > DAY) unlinkSync(path);
    } catch (error) {
      if (systemCode(error) === null) throw error;
    }
  }
}
