/** Without this file data tests would leave files behind. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder, removed when the process ends. */
export const folder = mkdtempSync(join(tmpdir(), "saeq-data-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

let files = 0;
/** A new file with that content; its path. */
export function fileOf(content: string | Uint8Array, name = `${++files}.csv`): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
