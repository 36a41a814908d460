/** Without this file half a name, typed, could make saeq read a device that never ends or a file that fills the memory. */
import { statSync } from "node:fs";
import type { Need } from "../../src/check/scope.ts";

/** A table above this size is not read for its columns while somebody types. */
const MOST_BYTES = 64 * 2 ** 20;

/** Whether something may be looked up while it is still being typed: no table that is too large, and no file that is none. */
export function foreseeable(need: Need, pathOf: (path: string) => string): boolean {
  if (need.kind !== "table" && need.kind !== "template") return true;
  try {
    const found = statSync(pathOf(need.path));
    return found.isDirectory() || (found.isFile() && found.size <= MOST_BYTES);
  } catch {
    return true;
  }
}
