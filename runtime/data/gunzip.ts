/** Without this file what hubs and Neuronpedia give away as .jsonl.gz would have to be unpacked by hand before it could be read. */
import { Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "./error.ts";
import { openFile } from "./source.ts";

/** Whether bytes are the start of a file that gzip made (RFC 1952). */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * What pieces of a gzip file unpack to, in pieces of at most 256 kB; of several members one after the other, as `gunzip` does.
 * Throws DataError `not-readable` where the file is damaged or cut off, and what the pieces throw.
 */
export async function* gunzipped(path: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(pieces);
  const stream = createGunzip({ chunkSize: 1 << 18 });
  pipeline(source, stream, () => {});
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!code.startsWith("Z_")) throw error;
    throw new DataError({ code: "not-readable", message: `${path} is compressed with gzip and ${code === "Z_BUF_ERROR" ? "ends too early" : "damaged"}`, help: "download or copy the file again" });
  } finally {
    stream.destroy();
    source.destroy();
  }
}

/** How many bytes a gzip file unpacks to, counted no further than `most`; 0 for other files. What a file says of itself is not believed. */
export async function weighGzip(path: string, most: number): Promise<number> {
  const file = await openFile(path);
  try {
    const head = new Uint8Array(2);
    if ((await file.read(head, 0, 2, 0)).bytesRead < 2 || !isGzip(head)) return 0;
    let size = 0;
    for await (const piece of gunzipped(path, file.createReadStream({ start: 0, autoClose: false }) as AsyncIterable<Buffer>)) {
      size += piece.length;
      if (size >= most) break;
    }
    return size;
  } finally {
    await file.close();
  }
}
