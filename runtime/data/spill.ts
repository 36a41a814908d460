/** Without this file what stands further down in a file, but comes now, would be held until its place is reached. */
import { deserialize, serialize } from "node:v8";
import { startScratch, writeAll, type Scratch, type WriteOptions } from "./atomic_write.ts";

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
        const bytes = Buffer.allocUnsafe(length);
        const { bytesRead } = await from!.tried(() => from!.file.read(bytes, 0, length, at));
        if (bytesRead < length) throw new Error("what was put aside on the disk is not there any more");
        at += length;
        yield deserialize(bytes) as T;
      }
    },
    discard: async () => scratch?.close(),
  };
}
