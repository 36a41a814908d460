/** Without this file what a grant covers would be decided in several places, and a link, a second name or `/proc` would slip through one of them. */
import { statSync, type BigIntStats } from "node:fs";
import { dirname } from "node:path";
import { inside } from "./inside.ts";

/** Doors to processes and devices: `/proc/self/environ` is no file of anybody's project. */
const SPECIAL = ["/proc", "/sys", "/dev"];

/**
 * Whether a real path is granted: by its own name, or by that of a folder above it. A folder grants neither what lies below `/proc`, `/sys` and
 * `/dev`, unless it does itself, nor a file with several names (hard links), since it may be somebody else's under another one.
 */
export function coversPath(path: string, granted: readonly string[], names: number): boolean {
  const special = SPECIAL.find((root) => inside(path, root));
  return granted.some((grant) => path === grant || (names < 2 && inside(path, grant) && (special === undefined || inside(grant, special))));
}

/** Whether a real path is forbidden. Files are compared too, not only their names: some file systems know several spellings of one. */
export function deniesPath(path: string, denied: true | readonly string[] | undefined): boolean {
  if (denied === undefined || denied === true) return denied === true;
  if (denied.some((each) => inside(path, each))) return true;
  const forbidden = denied.flatMap((each) => identity(each) ?? []);
  for (let at = path; forbidden.length > 0; at = dirname(at)) {
    const here = identity(at);
    if (here !== null && forbidden.includes(here)) return true;
    if (dirname(at) === at) break;
  }
  return false;
}

function found(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return null;
  }
}

/** One text for a file or folder, whatever name led to it; null where there is none, or none that the system tells of. */
export function identity(path: string): string | null {
  const there = found(path);
  return there === null ? null : `${there.dev}:${there.ino}`;
}

/** Whether a host is granted; `.hf.co` grants all hosts below `hf.co`. */
export function coversHost(host: string, granted: readonly string[]): boolean {
  return granted.some((grant) => host === grant || (grant.startsWith(".") && !host.startsWith(".") && host.endsWith(grant)));
}

/** How many names a file has; 1 where there is none. A folder has as many as folders in it, which says nothing. */
export function namesOf(path: string): number {
  const there = found(path);
  return there === null || !there.isFile() ? 1 : Number(there.nlink);
}
