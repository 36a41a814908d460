/** Without this file what stands further down in a file, but comes now, would be held until its place is reached. */
import type { FileHandle } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { startScratch, writeAll, type Scratch, type WriteOptions } from "./atomic_write.ts";
import { DataError } from "./error.ts";

/** Pieces that wait on the disk, in the order in which they came. */
export interface Spill<T> {
  /** Plain data and typed arrays. Throws DataError: disk-full, write-failed and others of `startDraft`. */
  put(piece: T): Promise<void>;
  /** All that wait, one at a time, each once; then it is empty. Throws DataError. */
  drain(): AsyncGenerator<T>;
  discard(): Promise<void>;
}

/** `path`: of the file that the pieces are for; they wait on its disk, which has room for it. */
export function createSpill<T>(path: string, options: WriteOptions = {}): Spill<T> {
  let scratch: Scratch | null = null;
  let lengths: number[] = [];
  let end = 0;
  return {
    put: async (piece) => {
      options.signal?.throwIfAborted();
      const to = (scratch ??= await startScratch(path, options));
      const bytes = serialize(piece);
      await to.tried(() => writeAll({ write: (block, offset, length) => to.file.write(block, offset, length, end + offset) }, bytes));
      lengths.push(bytes.length);
      end += bytes.length;
    },
    async *drain() {
      const from = scratch;
      const waiting = lengths;
      lengths = [];
      end = 0;
      let at = 0;
      for (const length of waiting) {
        options.signal?.throwIfAborted();
        const start = at;
        const bytes = await from!.tried(() => readWhole(from!.file, start, length, path));
        at += length;
        yield deserialize(bytes) as T;
      }
    },
    discard: async () => scratch?.close(),
  };
}

async function readWhole(file: FileHandle, start: number, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw new DataError({ code: "write-failed", message: `${path} cannot be written: what waited for it on the disk is not there any more`, help: "run it again, or save in another folder" });
    done += bytesRead;
  }
  return bytes;
}
