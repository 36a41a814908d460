/** Without this file a converted copy whose bytes were changed would be believed for ever, or all of it be read at each start. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { SEAL } from "../cache_folder.ts";
import { atomicWrite } from "../data/atomic_write.ts";
import { systemCode } from "../data/error.ts";

/**
 * Beside a copy lies `<copy>.seal`, JSON: the copy's name, the sha256 of what was written, and the state of the file (device, inode, size, times of change) in which it was
 * last found to have it. A file in that state is not read again; in another one, it is read once. What a disk changes without any writing is not noticed.
 */
interface Seal {
  readonly of: string;
  readonly sha256: string;
  readonly state: string;
}

/** Say that a copy holds what has this digest. */
export async function seal(copy: string, sha256: string): Promise<void> {
  await atomicWrite(`${copy}${SEAL}`, [`${JSON.stringify({ of: basename(copy), sha256, state: await stateOf(copy) } satisfies Seal)}\n`]);
}

/** Whether a copy is what was written. */
export async function sealHolds(copy: string): Promise<boolean> {
  const known = await read(`${copy}${SEAL}`);
  if (known === null || known.of !== basename(copy)) return false;
  const state = await stateOf(copy);
  if (known.state === state) return true;
  if ((await digestOf(copy)) !== known.sha256 || state !== (await stateOf(copy))) return false;
  // In a folder that cannot be written it is read again the next time.
  await seal(copy, known.sha256).catch(() => {});
  return true;
}

/** Null where it cannot be read. */
async function digestOf(copy: string): Promise<string | null> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(copy, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
    return hash.digest("hex");
  } catch (error) {
    if (systemCode(error) === null) throw error;
    return null;
  }
}

async function read(path: string): Promise<Seal | null> {
  try {
    if (!(await lstat(path)).isFile()) return null;
    const found = Object(JSON.parse(await readFile(path, "utf8"))) as Partial<Record<keyof Seal, unknown>>;
    const { of, sha256, state } = found;
    return typeof of === "string" && typeof sha256 === "string" && typeof state === "string" ? { of, sha256, state } : null;
  } catch {
    return null;
  }
}

async function stateOf(copy: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(copy, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join();
}
