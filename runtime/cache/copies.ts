/** Without this file the largest files of the cache, archives converted so that they can be mapped, would be known to nobody. */
import { closeSync, constants, lstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { COPIES, SEAL, SOURCE } from "../cache_folder.ts";
import { systemCode } from "../data/error.ts";
import { writerOf } from "../data/drafts.ts";
import { ownerGone } from "../running.ts";
import { namesIn, removeFile, type SegmentFacts } from "./inventory.ts";

/** Of a converted copy: the archive it was made of. */
export interface CopyFacts extends SegmentFacts {
  readonly source: string;
  readonly arrays: number;
}

const LARGEST_HEADER = 2 ** 20;

/** Every copy. Its last use is its last reading, where the disk keeps that: a change of its own times would make all that was computed with it another's. */
export function copiesOf(folder: string): CopyFacts[] {
  const place = join(folder, COPIES);
  return namesIn(place).flatMap((name): CopyFacts[] => {
    if (!name.endsWith(".safetensors")) return [];
    try {
      const path = join(place, name);
      const { size, mtimeMs, atimeMs } = lstatSync(path);
      return [{ path, bytes: size, used: Math.max(mtimeMs, atimeMs), ...madeOf(path) }];
    } catch (error) {
      if (systemCode(error) === null) throw error;
      return [];
    }
  });
}

function madeOf(path: string): { readonly source: string; readonly arrays: number } {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const start = Buffer.alloc(8);
    const length = readSync(file, start, 0, 8, 0) === 8 ? Number(start.readBigUInt64LE(0)) : 0;
    const text = Buffer.alloc(length <= LARGEST_HEADER ? length : 0);
    readSync(file, text, 0, text.length, 8);
    const header = JSON.parse(text.toString()) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const source = header["__metadata__"]?.[SOURCE];
    return { source: typeof source === "string" ? source : "without a name", arrays: Object.keys(header).length - 1 };
  } catch (error) {
    if (systemCode(error) === null && !(error instanceof SyntaxError)) throw error;
    return { source: "damaged", arrays: 0 };
  } finally {
    closeSync(file);
  }
}

const DAY = 24 * 3600 * 1000;

/** Remove what killed writers left beside the copies, drafts of a process that is gone, or a day old, and seals of copies that are gone. */
export function sweepCopies(folder: string, now = Date.now()): void {
  const names = namesIn(join(folder, COPIES));
  const there = new Set(names);
  for (const name of names) {
    if (name.endsWith(SEAL) && !there.has(name.slice(0, -SEAL.length))) removeFile(join(folder, COPIES, name));
    const writer = writerOf(name);
    const path = join(folder, COPIES, name);
    try {
      if (writer !== null && (ownerGone(writer) || now - lstatSync(path).mtimeMs > DAY)) removeFile(path);
    } catch (error) {
      if (systemCode(error) === null) throw error;
    }
  }
}
