/** Without this file large files would be hashed in silence, and Ctrl-C would wait for the end of them. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

export interface FileDigest {
  readonly bytes: number;
  /** sha256 of the whole content, in hex: every bit counts, unlike in the digests that name checkpoints in caches. */
  readonly sha256: string;
}

const BLOCK = 1 << 20;

/** sha256 of a file, read in blocks; `onBytes` is told of each, and the signal is looked at between them. Throws what the system says, or AbortError. */
export async function fileDigest(path: string, options: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {}): Promise<FileDigest> {
  const file = await open(path, "r");
  try {
    const hash = createHash("sha256");
    const block = Buffer.allocUnsafe(BLOCK);
    let bytes = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await file.read(block, 0, BLOCK, null);
      if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
      hash.update(block.subarray(0, bytesRead));
      bytes += bytesRead;
      options.onBytes?.(bytesRead);
    }
  } finally {
    await file.close();
  }
}
