/** Without this file a cancelled run would start from nothing, and each new question would run the model again. */
import { createHash } from "node:crypto";
import type { Document, TapOutput } from "./engine/port.ts";

/**
 * What taps gave for single documents, by content: pass (model, taps, numerics), token ids and wanted positions. Results of a
 * document do not depend on the others in its batch, so what is kept is exactly what a new run would give.
 */
export interface ActivationStore {
  get(key: string): readonly TapOutput[] | undefined;
  set(key: string, taps: readonly TapOutput[]): void;
  readonly bytes: number;
  /** Texts that are kept. */
  readonly count: number;
  clear(): void;
}

/** Keeps the most recently used, up to `limit` bytes. */
export function createActivationStore(limit: number): ActivationStore {
  const kept = new Map<string, { readonly taps: readonly TapOutput[]; readonly bytes: number }>();
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    get count() {
      return kept.size;
    },
    clear: () => {
      kept.clear();
      bytes = 0;
    },
    get: (key) => {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found.taps;
    },
    set: (key, taps) => {
      const before = kept.get(key);
      if (before !== undefined) {
        bytes -= before.bytes;
        kept.delete(key);
      }
      const size = taps.reduce((sum, tap) => sum + tap.values.byteLength + (tap.kind === "sparse" ? tap.indices.byteLength + tap.indptr.byteLength : 0), 0);
      kept.set(key, { taps, bytes: size });
      bytes += size;
      for (const [oldest, entry] of kept) {
        if (bytes <= limit || oldest === key) break;
        kept.delete(oldest);
        bytes -= entry.bytes;
      }
    },
  };
}

/** The key of one document in one pass. */
export function documentKey(pass: string, document: Document): string {
  const hash = createHash("sha256").update(pass);
  hash.update(new Uint8Array(document.ids.buffer, document.ids.byteOffset, document.ids.byteLength));
  hash.update("|");
  hash.update(new Uint8Array(document.wanted.buffer, document.wanted.byteOffset, document.wanted.byteLength));
  return hash.digest("base64");
}
