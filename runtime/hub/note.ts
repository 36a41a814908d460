/** Without this file a cache that cannot be written would be a failure, though only the next request depends on it. */
import { dirname } from "node:path";
import { atomicWrite } from "../data/atomic_write.ts";
import { makeFolder } from "../data/make_folder.ts";

/** Keep what the hub said for the next time, in a folder that is made for it; where that is impossible it is asked for again. */
export async function keepNote(path: string, content: string | Uint8Array): Promise<void> {
  try {
    makeFolder(dirname(path));
    await atomicWrite(path, [content]);
  } catch {
    // The hub is asked again.
  }
}
