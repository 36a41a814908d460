/** Without this file each run of the tests would leave thousands of folders behind. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

/** An empty folder that goes with the process. */
export function ownFolder(prefix = "saeq-"): string {
  if (made.length === 0) process.once("exit", () => made.forEach((path) => rmSync(path, { recursive: true, force: true, maxRetries: 3 })));
  const path = mkdtempSync(join(tmpdir(), prefix));
  made.push(path);
  return path;
}
