/** Without this file a script from somebody else could read and write what it likes. */
import { existsSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { shellWord } from "../runtime/data/shell_word.ts";
import { namesOf } from "../runtime/permissions/granted.ts";
import { inside } from "../runtime/permissions/inside.ts";
import { realPath } from "../runtime/data/admission.ts";
import { flagsFor } from "../runtime/permissions/permissions.ts";
import type { Denials, Grants, Needs } from "../runtime/permissions/grants.ts";
import { clip } from "./graphemes.ts";

type Granted = true | readonly string[];

/** What flags say, with paths as typed. */
export interface FlagGrants {
  readonly read: Granted;
  readonly write: Granted;
  readonly net?: Granted;
  readonly deny?: Denials;
}

/**
 * Grants for a script: what the flags say, and the script itself. What ships with saeq the session lets everyone read. Links are followed now,
 * and not again: what they lead to later was not meant.
 */
export function scriptGrants(flags: FlagGrants, script: string | null, cwd: string = process.cwd()): Grants {
  const real = (paths: Granted): Granted => (paths === true ? true : paths.map((path) => realPath(resolve(cwd, path))));
  const always = script === null ? [] : [realPath(resolve(cwd, script))];
  const read = real(flags.read);
  const { read: noRead, write: noWrite, net: noNet } = flags.deny ?? {};
  const deny: Denials = { ...(noRead === undefined ? {} : { read: real(noRead) }), ...(noWrite === undefined ? {} : { write: real(noWrite) }), ...(noNet === undefined ? {} : { net: noNet }) };
  return { read: read === true ? true : [...read, ...always], write: real(flags.write), net: flags.net ?? [], ...(Object.keys(deny).length === 0 ? {} : { deny }) };
}

/** The same flags with those of a set. */
export function withSet(flags: FlagGrants, set: FlagGrants): FlagGrants {
  const deny: Denials = Object.fromEntries((["read", "write", "net"] as const).flatMap((kind) => {
    const both = joined(flags.deny?.[kind] ?? [], set.deny?.[kind] ?? []);
    return both === true || both.length > 0 ? [[kind, both]] : [];
  }));
  return { read: joined(flags.read, set.read), write: joined(flags.write, set.write), net: joined(flags.net ?? [], set.net ?? []), deny };
}

/** The same grants with more paths, which are real ones. */
export function withGrants(grants: Grants, more: Needs): Grants {
  return { ...grants, read: joined(grants.read, more.read), write: joined(grants.write, more.write), net: joined(grants.net ?? [], more.net ?? []) };
}

function joined(some: Granted, more: Granted): Granted {
  return some === true || more === true ? true : [...some, ...more];
}

export function isEmpty(needs: Needs): boolean {
  return needs.read.length === 0 && needs.write.length === 0 && (needs.net ?? []).length === 0;
}

/** The flags that grant exactly these paths. */
export function grantFlags(needs: Needs, cwd: string): string[] {
  return flagsFor("allow", needs, (path) => near(path, cwd));
}

/** The same as one line for a shell. */
export function flagLine(needs: Needs, cwd: string): string {
  return grantFlags(needs, cwd).map(shellWord).join(" ");
}

/** The command line that was typed, with the missing flags added, ready to paste into a shell. */
export function commandWithGrants(argv: readonly string[], needs: Needs, cwd: string): string {
  const at = argv.findIndex((word) => word === "run" || word === "verify" || word === "export" || word === "test") + 1;
  return ["saeq", ...argv.slice(0, at), ...grantFlags(needs, cwd), ...argv.slice(at)].map(shellWord).join(" ");
}

/** What a script wants, one line for each kind; `shown` makes names safe to print. */
export function describeNeeds(needs: Needs, cwd: string, shown: (text: string) => string): string[] {
  const row = (kind: string, paths: readonly string[], about: (path: string) => string): string[] =>
    paths.length === 0 ? [] : [`  ${kind.padEnd(6)}${paths.map((path) => `${clip(shown(near(path, cwd)), 120)}${about(path)}`).join(", ")}`];
  return [
    ...row("read", needs.read, (path) => (namesOf(path) > 1 ? ` (a file with ${namesOf(path)} names)` : "")),
    ...row("write", needs.write, (path) => (existsSync(path) ? " (replaces it)" : "")),
    ...(needs.net === undefined ? [] : [`  ${"net".padEnd(6)}${needs.net.map(shown).join(", ")} (models and SAEs of the hub)`]),
  ];
}

/** The part of needs that lies in none of these folders: no question grants it, only a flag. */
export function outsideOf(needs: Needs, folders: readonly string[]): Needs {
  const away = (path: string): boolean => !folders.some((folder) => inside(path, folder));
  return { read: needs.read.filter(away), write: needs.write.filter(away) };
}

/** A path as short as it can be said. */
export function near(path: string, cwd: string): string {
  return inside(path, cwd) ? relative(cwd, path) || "." : path;
}

/** The name a script goes by in messages. */
export function scriptName(file: string): string {
  return file === "-" ? "stdin" : basename(file);
}
