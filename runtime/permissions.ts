/** Without this file a script from a stranger could read and write anything. */
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Access } from "../src/check/scope.ts";
import { asksHub, namesHub } from "./locate.ts";
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

/** Files of the program as absolute paths; names of what ships with saeq are left out. `host`: where names of the hub are looked up, null where nobody is asked. */
export function needsOf(accesses: readonly Access[], readFrom: string, writeTo: string, host: string | null): Needs {
  const read = new Set<string>();
  const write = new Set<string>();
  let hub = false;
  for (const { access, path, checkpoint } of accesses) {
    if (path.startsWith(STANDARD_PREFIX) || registered("model", path) !== null || registered("sae", path) !== null) continue;
    if (checkpoint !== undefined && namesHub(checkpoint, path)) hub ||= asksHub(checkpoint, path);
    else if (access === "read") read.add(resolve(readFrom, path));
    else write.add(resolve(writeTo, path));
  }
  return { read: [...read].sort(), write: [...write].sort(), ...(hub && host !== null ? { net: [host] } : {}) };
}

/** What is needed and not granted. What ships with saeq may always be read, and so may the cache of the hub. */
export function denied(needs: Needs, grants: Grants): Needs {
  const refused = (paths: readonly string[], granted: true | readonly string[], free: readonly string[]): string[] =>
    granted === true ? [] : paths.filter((path) => ![...granted, ...free].some((folder) => within(path, folder)));
  const net = (needs.net ?? []).filter((host) => grants.net !== true && !(grants.net ?? []).includes(host));
  return { read: refused(needs.read, grants.read, [EXAMPLES]), write: refused(needs.write, grants.write, []), ...(net.length > 0 ? { net } : {}) };
}

/** A mistake for each access that is not granted, with the flags that would grant all of them. `needed`: what accesses come to. */
export function refusals(accesses: readonly Access[], needed: (accesses: readonly Access[]) => Needs, grants: Grants): readonly Diagnostic[] {
  return accesses.flatMap((access): Diagnostic[] => {
    const missing = denied(needed([access]), grants);
    const hosts = missing.net ?? [];
    if (missing.read.length + missing.write.length + hosts.length === 0) return [];
    const all = denied(needed(accesses), grants);
    const flag = (kind: string, names: readonly string[]): string[] => (names.length > 0 ? [`--allow-${kind}=${names.join(",")}`] : []);
    const help = [...flag("read", all.read), ...flag("write", all.write), ...flag("net", all.net ?? [])].join(" ");
    const refused = (message: string, label: string): Diagnostic[] => [{ severity: "error", code: "permission-denied", span: access.at, message, label, help }];
    if (hosts.length > 0) return refused(`not allowed to ask ${hosts.join(", ")} for \`${access.path}\``, "network access is off by default");
    return refused(`not allowed to ${access.access} \`${access.path}\``, `${access.access} access is off by default`);
  });
}
