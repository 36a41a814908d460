/** Without this file documents and the files of modules could not be told to be the same. */
import { fileURLToPath } from "node:url";

/** The file of a `file:` URI; null for what is not on this disk. */
export function pathOf(uri: string): string | null {
  try {
    return fileURLToPath(uri);
  } catch {
    return null;
  }
}
