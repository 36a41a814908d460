/** Without this file archives could be looked into only once all of them was on this machine. */
import { Readable } from "node:stream";
import { absentFile } from "./absent.ts";
import { openFile, unreadable } from "./real_path.ts";
import { readExactly } from "./safetensors.ts";
import { readAs } from "./steady.ts";

/** A file that is read in parts, wherever it lies. */
export interface Bytes {
  readonly size: number;
  /** Exactly so many bytes. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file of this machine, or one on the hub that is announced. */
export async function openBytes(file: string): Promise<Bytes> {
  const absent = absentFile(file);
  if (absent !== null) return { size: absent.size, read: (offset, length) => absent.read(offset, length), close: async () => {} };
  const handle = await openFile(file);
  try {
    const facts = await handle.stat({ bigint: true });
    const size = Number(facts.size);
    readAs(file, facts);
    return { size, read: (offset, length) => readExactly(handle, file, offset, length), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw unreadable(file, error);
  }
}

const PIECE = 65_536;

/** Bytes from `start` to before `end`, as a stream. */
export function streamBytes(file: string, start: number, end: number): Readable {
  const absent = absentFile(file);
  return Readable.from(async function* () {
    if (absent === null) {
      const handle = await openFile(file);
      yield* handle.createReadStream({ start, end: end - 1, highWaterMark: PIECE });
      return;
    }
    for (let at = start; at < end; at += PIECE) yield Buffer.from(await absent.read(at, Math.min(PIECE, end - at)));
  }(), { objectMode: false, highWaterMark: 0 });
}
