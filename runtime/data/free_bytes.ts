/** Without this file what does not fit on a disk would be told when the disk is full. */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes free where a folder lies or would be made; null where that cannot be asked. */
export function freeBytes(folder: string): number | null {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, blocks, bsize } = statfsSync(at);
      // What is no disk, or does not count, says that it has no blocks at all.
      return blocks === 0 ? null : bavail * bsize;
    } catch {
      if (dirname(at) === at) return null;
    }
  }
}
