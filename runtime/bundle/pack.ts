/** Without this file a script would travel without what it reads, or in another archive each time. */
import { open, readFile } from "node:fs/promises";
import { deflateSync, Zip, ZipDeflate, ZipPassThrough } from "fflate";

/** One file of a bundle: its name there, and its content or where that lies. */
export interface PackedFile {
  readonly name: string;
  readonly size: number;
  readonly content: Uint8Array | { readonly path: string };
  /** Weights: deflate would take long and save little. */
  readonly stored?: true;
}

/** Files up to this size are deflated; larger ones are stored as they are, block by block. */
const DEFLATED = 64 * 2 ** 20;
/** What shrinks more than this looks like a bomb to those who unpack it, and is stored. */
const LARGEST_RATIO = 50;
const BLOCK = 1 << 20;
/** fflate writes no zip64. */
export const MOST_BYTES: number = 2 ** 31 - 2 ** 24;

/** The bytes of a zip archive: the same for the same names and contents, on any machine and at any time. `onBytes`: of the files so many were packed. */
export async function* packed(files: readonly PackedFile[], signal: AbortSignal, onBytes: (bytes: number) => void = () => {}): AsyncGenerator<Uint8Array> {
  let made: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    made.push(chunk);
  });
  const taken = (): Uint8Array[] => {
    const chunks = made;
    made = [];
    return chunks;
  };
  let done = 0;
  const pack = (bytes: number): void => onBytes((done += bytes));
  for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    signal.throwIfAborted();
    const whole = file.content instanceof Uint8Array ? file.content : file.size <= DEFLATED && file.stored !== true ? await readFile(file.content.path) : null;
    // The deflate of fflate is JavaScript: zlib's own output depends on the processor that it was built for.
    const dense = whole !== null && whole.length <= BLOCK ? true : whole !== null && deflateSync(whole).length * LARGEST_RATIO > whole.length;
    const entry = dense ? new ZipDeflate(file.name, { level: 6 }) : new ZipPassThrough(file.name);
    Object.assign(entry, { os: 3, attrs: 0o100644 << 16, mtime: new Date(1980, 0, 1) });
    zip.add(entry);
    if (whole !== null) {
      entry.push(whole, true);
      pack(whole.length);
    } else for await (const [block, last] of blocks((file.content as { readonly path: string }).path)) {
      signal.throwIfAborted();
      entry.push(block, last);
      pack(block.length);
      yield* taken();
    }
    yield* taken();
  }
  zip.end();
  yield* taken();
}

/** The blocks of a file, each with whether it is the last. */
async function* blocks(path: string): AsyncGenerator<readonly [Uint8Array, boolean]> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; ) {
      const block = Buffer.allocUnsafe(Math.min(BLOCK, size - at));
      const { bytesRead } = await file.read(block, 0, block.length, at);
      at += bytesRead;
      yield [block.subarray(0, bytesRead), at >= size || bytesRead === 0];
      if (bytesRead === 0) return;
    }
  } finally {
    await file.close();
  }
}
