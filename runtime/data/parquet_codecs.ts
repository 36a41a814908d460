/** Without this file only Parquet packed with snappy, which hyparquet brings, could be read. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Compressors } from "hyparquet";

/**
 * One block of LZ4: sequences of bytes as they are and of bytes that came before, each told by half a byte of length, more bytes where that is full,
 * and how far back. Throws where it says more than there is.
 */
function unpackLz4(input: Uint8Array, outputLength: number): Uint8Array {
  const output = new Uint8Array(outputLength);
  let [from, to] = [0, 0];
  const lengthFrom = (half: number): number => {
    let length = half;
    for (let more = half === 15 ? 255 : 0; more === 255; length += more) more = byte();
    return length;
  };
  const byte = (): number => {
    if (from >= input.length) throw new Error("a page of LZ4 ends early");
    return input[from++]!;
  };
  while (from < input.length) {
    const token = byte();
    const literals = lengthFrom(token >> 4);
    if (literals > input.length - from || literals > outputLength - to) throw new Error("a page of LZ4 holds more than it says");
    output.set(input.subarray(from, from + literals), to);
    [from, to] = [from + literals, to + literals];
    if (from === input.length) break;
    const back = byte() | (byte() << 8);
    const again = lengthFrom(token & 15) + 4;
    if (back === 0 || back > to || again > outputLength - to) throw new Error("a page of LZ4 repeats what is not there");
    // Byte by byte: what is repeated may reach into what is being written.
    for (const end = to + again; to < end; to++) output[to] = output[to - back]!;
  }
  if (to !== outputLength) throw new Error(`a page of LZ4 unpacks to ${to} bytes, and says ${outputLength}`);
  return output;
}

/** A page that unpacks to more than it says is refused. */
export const COMPRESSORS: Compressors = {
  GZIP: (input, outputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  BROTLI: (input, outputLength) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  LZ4_RAW: unpackLz4,
  ZSTD: (input, outputLength) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
};
