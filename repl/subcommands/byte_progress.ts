/** Without this file a command that reads or writes gigabytes would look dead, or each would tell in its own way how far it is. */
import { createProgress } from "../../runtime/session/progress.ts";
import { liveProgress } from "../live_progress.ts";
import type { Shop } from "./shop.ts";

export interface ByteProgress {
  /** So many bytes and files are done. */
  tell(counts: { readonly files: number; readonly totalFiles: number; readonly bytes: number; readonly totalBytes: number }): void;
  /** Take the line away, before something else is written. */
  clear(): void;
}

/** `pack x.saeq.zip  ███████░░░ 640.0/1000.0 MB`, where progress is wanted and work takes long enough. */
export function byteProgress(label: string, shop: Shop): ByteProgress {
  const progress = liveProgress(shop.stderr, shop.talkLook, shop.options.progress && !shop.options.quiet);
  const stage = { label };
  const tell = createProgress((event) => {
    if (event.kind === "progress") progress.show(event);
  });
  return {
    tell: ({ files, totalFiles, bytes, totalBytes }) => tell(stage, { documents: files, totalDocuments: totalFiles, tokens: bytes, totalTokens: totalBytes }, "bytes"),
    clear: progress.clear,
  };
}
