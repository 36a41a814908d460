/** Without this file folders below `/proc`, or another place that takes none, would be waited for without end. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "./error.ts";

/**
 * A folder, its parents first; nothing where it is there. Node's own recursion never ends where a folder that exists refuses children with ENOENT, as `/proc` does.
 * @throws the system's error; `EEXIST` where something else has its name
 */
export function makeFolder(path: string, mode = 0o777): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw Object.assign(new Error(`EEXIST: ${path} is not a folder`), { code: "EEXIST" });
  if (dirname(path) !== path) makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process was quicker.
    if (systemCode(error) !== "EEXIST" || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
