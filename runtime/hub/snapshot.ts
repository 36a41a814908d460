/** Without this file what Python downloaded could not be used without asking the hub what it is. */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { noteOf, remembered, type Listed } from "./listing.ts";

/**
 * Files of a snapshot that are on this machine, and those that its list, where there is one from an earlier download, says to be on the hub.
 * `notes` is the folder of the lists of this commit; `deep` as for `filesAt`.
 */
export async function filesFromSnapshot(snapshot: string, folder: string, deep: boolean, notes: string): Promise<readonly Listed[]> {
  const noted = await remembered(join(notes, noteOf(folder, deep)));
  if (noted !== null && noted.length > 0) return noted;
  const entries = await readdir(join(snapshot, folder), { recursive: deep }).catch(() => []);
  const files: Listed[] = [];
  for (const entry of entries.toSorted()) {
    const path = join(snapshot, folder, entry);
    const found = await stat(path).catch(() => null);
    if (found === null || !found.isFile()) continue;
    const hash = basename(await realpath(path));
    files.push({ path: join(folder, entry).replaceAll("\\", "/"), size: found.size, hash, algorithm: hash.length === 64 ? "sha256" : "sha1" });
  }
  return files;
}
