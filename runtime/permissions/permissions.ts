/** Without this file a script from a stranger could read and write anything. */
import { resolve } from "node:path";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Access } from "../../src/check/scope.ts";
import { coversHost, coversPath, deniesPath, namesOf } from "./granted.ts";
import { realPath } from "../data/admission.ts";
import { asksHub, namesHub } from "../catalog/locate.ts";
import { EXAMPLES, registered, STANDARD_PREFIX } from "../catalog/shipped.ts";
import type { Grants, Needs } from "./grants.ts";

/** Files of the program as absolute paths; names of what ships with saeq are left out. `hosts`: where names of the hub are looked up, null where nobody is asked. */
export function needsOf(accesses: readonly Access[], readFrom: string, writeTo: string, hosts: readonly string[] | null): Needs {
  const read = new Set<string>();
  const write = new Set<string>();
  let hub = false;
  for (const { access, path, checkpoint } of accesses) {
    if (path.startsWith(STANDARD_PREFIX) || registered("model", path) !== null || registered("sae", path) !== null) continue;
    if (checkpoint !== undefined && namesHub(checkpoint, path)) hub ||= asksHub(checkpoint, path);
    else if (access === "read") read.add(resolve(readFrom, path));
    else write.add(resolve(writeTo, path));
  }
  return { read: [...read].sort(), write: [...write].sort(), ...(hub && hosts !== null ? { net: hosts } : {}) };
}

/** What is needed and not granted, as real paths. What ships with saeq may always be read, and so may the cache of the hub. */
export function denied(needs: Needs, grants: Grants): Needs {
  const refused = (paths: readonly string[], granted: true | readonly string[], forbidden: true | readonly string[] | undefined, free: readonly string[]): string[] =>
    [...new Set(paths.map(realPath))].filter((path) => deniesPath(path, forbidden) || !(granted === true || coversPath(path, granted, namesOf(path)) || coversPath(path, free, 1))).sort();
  const deny = grants.deny;
  const hostRefused = (host: string): boolean => !(grants.net === true || coversHost(host, grants.net ?? [])) || deny?.net === true || coversHost(host, deny?.net ?? []);
  const net = (needs.net ?? []).filter(hostRefused);
  return { read: refused(needs.read, grants.read, deny?.read, [realPath(EXAMPLES)]), write: refused(needs.write, grants.write, deny?.write, []), ...(net.length > 0 ? { net } : {}) };
}

/** The part of needs that no grant allows, because `--deny-*` forbids it. */
export function forbidden(needs: Needs, grants: Grants): Needs {
  const deny = grants.deny;
  const net = (needs.net ?? []).filter((host) => deny?.net === true || coversHost(host, deny?.net ?? []));
  return { read: needs.read.filter((path) => deniesPath(path, deny?.read)), write: needs.write.filter((path) => deniesPath(path, deny?.write)), ...(net.length > 0 ? { net } : {}) };
}

/** Flags for these names, a comma in one doubled. */
export function flagsFor(verb: "allow" | "deny", needs: Needs, name: (path: string) => string = (path) => path): string[] {
  const flag = (kind: string, names: readonly string[]): string[] => (names.length === 0 ? [] : [`--${verb}-${kind}=${names.map((each) => each.replaceAll(",", ",,")).join(",")}`]);
  return [...flag("read", needs.read.map(name)), ...flag("write", needs.write.map(name)), ...flag("net", needs.net ?? [])];
}

/** Refusals that are told one by one at most. */
const MOST_TOLD = 10;

/** A mistake for each access that is not granted, the first ones at most, with the flags that would grant all of them. `needed`: what accesses come to. */
export function refusals(accesses: readonly Access[], needed: (accesses: readonly Access[]) => Needs, grants: Grants): readonly Diagnostic[] {
  const told: Diagnostic[] = [];
  let all: readonly string[] | null = null;
  const flags = (): readonly string[] => (all ??= flagsFor("allow", denied(needed(accesses), grants)));
  for (const access of accesses) {
    told.push(...refusal(access, needed, grants, flags));
    if (told.length >= MOST_TOLD) break;
  }
  return told;
}

function refusal(access: Access, needed: (accesses: readonly Access[]) => Needs, grants: Grants, flags: () => readonly string[]): readonly Diagnostic[] {
  const needs = needed([access]);
  const missing = denied(needs, grants);
  const hosts = missing.net ?? [];
  if (missing.read.length + missing.write.length + hosts.length === 0) return [];
  const barred = flagsFor("deny", forbidden(missing, grants));
  const help = barred.length > 0 ? `leave out what forbids it: ${barred.join(" ")}` : flags().join(" ");
  const refused = (message: string, label: string, notes: readonly string[] = []): Diagnostic[] => [{ severity: "error", code: "permission-denied", span: access.at, message, label, notes, help }];
  if (hosts.length > 0) return refused(`not allowed to ask ${hosts.join(", ")} for \`${access.path}\``, barred.length > 0 ? "network access is forbidden here" : "network access is off by default");
  const real = [...missing.read, ...missing.write][0]!;
  const leads = real === [...needs.read, ...needs.write][0] ? [] : [`it leads to ${real}`];
  const several = access.access === "read" && namesOf(real) > 1 ? [`the file has ${namesOf(real)} names (hard links): a folder does not grant it, its own name does`] : [];
  return refused(`not allowed to ${access.access} \`${access.path}\``, barred.length > 0 ? `${access.access} access is forbidden here` : `${access.access} access is off by default`, [...leads, ...several]);
}
