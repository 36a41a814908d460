/**
 * Without this file a cache could be read from, or written into, a folder that others control.
 *
 * Layout below the cache folder (all names are lower-case hex, so that no file system confuses two of them):
 *   CACHEDIR.TAG                    so that backup tools leave it out (bford.info/cachedir)
 *   v1/spaces/<space>/<digest>.seg  records of one space: one tap of one model, read in one numerics class; named by their content
 *   v1/values/<key>.seg             values that the stage `cache` keeps, named by their plan
 *   v1/temporary/                   files being written, named by their owner
 *   v1/damaged/                     segments set aside: a checksum is wrong, or it lay where another one should
 *   converted/<digest>.safetensors  copies of archives that cannot be mapped, named by the archive (`runtime/checkpoint/converted.ts`)
 *   converted/<digest>.safetensors.seal  what they held when they were written (`runtime/checkpoint/copy_seal.ts`)
 */
import { existsSync, lstatSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../cache_folder.ts";
import { systemCode } from "../data/error.ts";
import { makeFolder } from "../data/make_folder.ts";

export const SECTIONS = ["spaces", "values", "temporary", "damaged"] as const;

/** Where a user's cache lies, and how large it may grow; null: nowhere. @throws RangeError where `SAEQ_CACHE_LIMIT` is no size */
export function cachePlace(env: Readonly<Record<string, string | undefined>>): CachePlace | null {
  const wanted = env["SAEQ_CACHE_LIMIT"] ?? "";
  const limit = wanted === "" ? DEFAULT_LIMIT : bytesOf(wanted);
  if (limit === null) throw new RangeError(`SAEQ_CACHE_LIMIT takes a size as 20GB or 500MiB, not \`${wanted}\``);
  const folder = cacheFolder(env);
  return folder === null ? null : { folder, limit };
}

export interface CachePlace {
  readonly folder: string;
  /** Bytes that segments may take on the disk. */
  readonly limit: number;
}

const DEFAULT_LIMIT = 10 * 2 ** 30;
const UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 };

/** `20GB`, `512 MiB`, `1000000`; null where it is no size. */
export function bytesOf(text: string): number | null {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)\s*$/i.exec(text);
  if (parts === null) return null;
  const letters = parts[2]!.toUpperCase();
  const unit = UNITS[letters] ?? UNITS[`${letters}B`];
  return unit === undefined ? null : Math.floor(Number(parts[1]) * unit);
}

/** Why a folder is not used, in words that follow its name. */
export type Refusal = string;

/**
 * Null where the folder is safe to use: a real folder (no link), owned by this user, not writable by everyone. It is made where it is missing.
 * A folder that others could write would let them choose our answers.
 */
export function refuseFolder(folder: string): Refusal | null {
  try {
    makeFolder(folder, 0o700);
    const refusal = unsafe(folder);
    if (refusal !== null) return refusal;
    const version = join(folder, "v1");
    for (const path of [version, ...SECTIONS.map((section) => join(version, section))]) {
      makeFolder(path, 0o700);
      const inner = unsafe(path);
      if (inner !== null) return inner;
    }
    const tag = join(folder, "CACHEDIR.TAG");
    if (!existsSync(tag)) writeFileSync(tag, "Signature: 8a477f597d28d172789f06886806bc55\n# Results that saeq can compute again. `saeq cache clear` empties it.\n");
    return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    return code === "EEXIST" || code === "ENOTDIR" ? "is not a folder" : `cannot be used (${code})`;
  }
}

/** The same for one folder that exists. */
export function unsafe(path: string): Refusal | null {
  const found = lstatSync(path);
  if (found.isSymbolicLink()) return "is a link; name the folder that it leads to";
  if (!found.isDirectory()) return "is not a folder";
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) return "belongs to another user";
  // Windows has no such bits: its folders inherit the rights of the user's profile.
  if (user !== undefined && (found.mode & 0o002) !== 0) return `can be written by everyone; chmod o-w ${path}`;
  return null;
}
