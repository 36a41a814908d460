/** Without this file a table that nobody touched would be read twice: when a script is checked, and when it is run. */
import { stat } from "node:fs/promises";

/** A file changed less than this ago could change again within one tick of its clock, and its times would not tell. */
const SETTLED_MS = 2000;

/** What tells a file from what it may become: equal only while its content is. Null where that is not certain: it changed a moment ago, or is no plain file. */
export async function fileStamp(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  if (found === null || !found.isFile()) return null;
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = found;
  const changed = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
  return Date.now() - changed < SETTLED_MS ? null : [dev, ino, size, mtimeNs, ctimeNs].join();
}
