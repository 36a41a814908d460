/** Without this file a script from a stranger could read and write anything. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Access } from "../src/check/scope.ts";
import { EXAMPLES, registered, STANDARD_PREFIX } from "./shipped.ts";
import type { Grants, Needs } from "./session_port.ts";

/** The real path, symlinks resolved; for a file that does not exist yet, of the nearest folder that does. */
export function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), basename(path));
}

function within(path: string, folder: string): boolean {
  const way = relative(realPath(folder), realPath(path));
  return way === "" || (!way.startsWith("..") && !isAbsolute(way));
}

/** Files of the program as absolute paths; names of what ships with saeq are left out. */
export function needsOf(accesses: readonly Access[], readFrom: string, writeTo: string): Needs {
  const read = new Set<string>();
  const write = new Set<string>();
  for (const { access, path } of accesses) {
    if (path.startsWith(STANDARD_PREFIX) || path.startsWith("hf:") || registered("model", path) !== null || registered("sae", path) !== null) continue;
    if (access === "read") read.add(resolve(readFrom, path));
    else write.add(resolve(writeTo, path));
  }
  return { read: [...read].sort(), write: [...write].sort() };
}

/** What is needed and not granted. What ships with saeq may always be read. */
export function denied(needs: Needs, grants: Grants): Needs {
  const refused = (paths: readonly string[], granted: true | readonly string[], free: readonly string[]): string[] =>
    granted === true ? [] : paths.filter((path) => ![...granted, ...free].some((folder) => within(path, folder)));
  return { read: refused(needs.read, grants.read, [EXAMPLES]), write: refused(needs.write, grants.write, []) };
}
