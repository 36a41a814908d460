/** Without this file each record would need a decoder of its own, which takes longer to set up than the record to decode. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/**
 * Bytes of a pack at most, unless one record alone has more. Measured (`bench/README.md`): smaller ones cost more decoders, larger ones
 * more of what nobody asks for where one record of each is read.
 */
export const PACK_BYTES = 128 * 2 ** 10;
/** A pack that is longer is stored, so that no reader decodes more at once: twice a document of 16,384 dense positions of 8,192. */
const MOST_PACKED = 2 ** 30;
/** Shorter ones are stored: setting a decoder up takes longer than computing what they hold. */
const WORTH_PACKING = 512;
/** And so are those that stay as large. */
const LARGEST_PACKED = 7 / 8;
/** Memory that a decoder takes at once. */
const MOST_CHUNK = 2 ** 20;

/** A pack as it lies in a file: one Zstandard frame (RFC 8878), or what it holds where that is as long. */
export function pack(bytes: Buffer): Buffer {
  if (bytes.length < WORTH_PACKING || bytes.length > MOST_PACKED) return bytes;
  const packed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return packed.length < bytes.length * LARGEST_PACKED ? packed : bytes;
}

/** What a pack holds, `length` bytes; null where it holds anything else. `length` may be any number: no more than a megabyte is taken for it before it is there. */
export function unpack(stored: Buffer, length: number): Buffer | null {
  if (stored.length === length) return stored;
  if (length > MOST_PACKED) return null;
  try {
    // With room for one byte more the decoder sees that it is done.
    const bytes = zstdDecompressSync(stored, { maxOutputLength: length, chunkSize: Math.max(Math.min(length + 1, MOST_CHUNK), 64) });
    return bytes.length === length ? bytes : null;
  } catch {
    return null;
  }
}
