/** Without this file what the stage `cache` keeps, and the facts of a tokenizer, would have no place on disk. */
import { join } from "node:path";
import type { CacheFiles } from "./cache_files.ts";
import { encodeSegment } from "./segment.ts";

/** As it lies on disk, with a right checksum. */
export interface KeptValue {
  readonly label: string;
  readonly bytes: Buffer;
}

/** Values under 32 hex digits, one a file, of which the last one written counts. */
export interface ValueFiles {
  /** Null where there is none, or it is damaged: `decode` throws of what it cannot read. */
  read<T>(id: string, decode: (found: KeptValue) => T): T | null;
  /** The bytes of the file, or null where it could not be written. */
  write(id: string, label: string, bytes: Uint8Array): Promise<number | null>;
}

/** Values among the files of a cache. */
export function createValueFiles(files: CacheFiles): ValueFiles {
  const pathOf = (id: string): string => join(files.version, "values", `${id}.seg`);
  return {
    read: (id, decode) => {
      const path = pathOf(id);
      const found = files.open(path);
      if (found === null) return null;
      if (found.state === "newer") files.newer(found.version);
      const bytes = found.state === "good" ? files.read(path, found.index, 0) : found.state;
      files.forget(path);
      if (bytes === "damaged") files.damaged(path, found.state === "damaged" ? found.why : "the checksum of its records is wrong");
      if (!Buffer.isBuffer(bytes) || found.state !== "good") return null;
      try {
        const value = decode({ label: found.index.label, bytes });
        files.touch(path);
        return value;
      } catch {
        files.damaged(path, "it holds no value");
        return null;
      }
    },
    write: async (id, label, bytes) => {
      const whole = encodeSegment(id, label, [{ key: Buffer.from(id, "hex"), bytes }]);
      let size: number | null = null;
      await files.enqueue(async () => {
        await files.write(pathOf(id), whole, "replace");
        size = whole.length;
      });
      return size;
    },
  };
}
