/** Without this file what killed runs left beside their results would stay there for ever. */
import { lstat, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { OWNER_TAG, ownerGone, ownerTag } from "../running.ts";
import { systemCode } from "./error.ts";

/** A name takes 255 bytes on most systems. */
const LONGEST = 120;
const DRAFT = new RegExp(`^\\..+\\.${OWNER_TAG}\\.[0-9a-f]+\\.tmp$`, "s");

/** The name of a draft of `name`, beside it: `.name.owner.chance.tmp`. */
export function draftName(name: string, chance: string): string {
  let short = name;
  while (Buffer.byteLength(short) > LONGEST) short = short.slice(0, -1);
  return `.${short.toWellFormed()}.${ownerTag()}.${chance}.tmp`;
}

/** Who writes a draft; null where a name is none. */
export function writerOf(name: string): string | null {
  return DRAFT.exec(name)?.[1] ?? null;
}

/** Folders that were looked at: once for each process is enough. */
const swept = new Set<string>();

/** Remove drafts in a folder whose processes were killed. */
export async function sweepDrafts(folder: string): Promise<void> {
  if (swept.has(folder)) return;
  swept.add(folder);
  try {
    for (const name of await readdir(folder)) {
      const writer = writerOf(name);
      if (writer === null || !ownerGone(writer)) continue;
      const path = join(folder, name);
      if ((await lstat(path)).isFile()) await unlink(path);
    }
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
}
