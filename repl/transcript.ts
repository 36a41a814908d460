/** Without this file `.log` would have to know where the REPL prints. */
import { closeSync, openSync, writeSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

export interface Transcript {
  /** False once the file could no longer be written. */
  add(text: string): boolean;
  close(): void;
}

/** A new text file that grows by what is typed and shown, colours taken out. Throws where it cannot be made, or is there already. */
export function openTranscript(file: string): Transcript {
  const handle = openSync(file, "ax", 0o600);
  let open = true;
  const close = (): void => {
    if (open) closeSync(handle);
    open = false;
  };
  return {
    close,
    add(text) {
      if (!open) return true;
      try {
        const bytes = Buffer.from(`${stripVTControlCharacters(text)}\n`);
        for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
        return true;
      } catch {
        close();
        return false;
      }
    },
  };
}
