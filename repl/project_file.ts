/** Without this file permissions that were granted once would have to be typed again, or be flags longer than the command. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseJsonObject, type Json, type JsonObject } from "../runtime/checkpoint/strict_json.ts";
import { CheckpointError } from "../runtime/checkpoint/error.ts";
import { atomicWrite } from "../runtime/data/atomic_write.ts";
import { DataError } from "../runtime/data/error.ts";
import type { Needs } from "../runtime/permissions/grants.ts";
import { FlagError } from "./flag_error.ts";
import { nearest } from "../src/check/suggest.ts";
import { isEmpty, type FlagGrants } from "./permissions.ts";

const PROJECT_FILE = "saeq.json";
const KINDS = ["read", "write", "net"] as const;

/** The nearest `saeq.json` at or above a folder; where there is none, the one that could be made in the folder. */
export function projectFile(folder: string): { readonly file: string; readonly exists: boolean } {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, PROJECT_FILE);
    if (existsSync(file)) return { file, exists: true };
    if (dirname(at) === at) return { file: join(folder, PROJECT_FILE), exists: false };
  }
}

/**
 * A set of permissions by name: `"permissions": { "default": { "read": ["data"], "write": true, "deny": { "net": true } } }`. Paths are relative
 * to the file. It grants only where its user asks for it (`-P`), never by lying there.
 * @throws FlagError
 */
export function permissionSet(name: string, folder: string): FlagGrants {
  const { file, exists } = projectFile(folder);
  if (!exists) throw new FlagError(`there is no ${PROJECT_FILE} in ${folder} or above it; -P takes a set of permissions from it`);
  refuseForeign(file);
  const sets = objectAt(readProject(file)["permissions"], `\`permissions\` in ${file}`);
  if (!Object.hasOwn(sets, name)) {
    const names = Object.keys(sets);
    const guess = nearest(name, names);
    throw new FlagError(`${file} has no set of permissions \`${name}\`${guess !== null ? `; did you mean \`-P=${guess}\`?` : names.length > 0 ? ` (its sets: ${names.join(", ")})` : ""}`);
  }
  const where = `\`permissions.${name}\` in ${file}`;
  const set = objectAt(sets[name], where);
  const unknown = Object.keys(set).find((key) => !["read", "write", "net", "deny"].includes(key));
  if (unknown !== undefined) throw new FlagError(`${where} has \`${unknown}\`, which is none of read, write, net and deny`);
  const deny = objectAt(set["deny"] ?? {}, `\`deny\` of ${where}`);
  const unknownDeny = Object.keys(deny).find((key) => !(KINDS as readonly string[]).includes(key));
  if (unknownDeny !== undefined) throw new FlagError(`\`deny\` of ${where} has \`${unknownDeny}\`, which is none of read, write and net`);
  const granted = (from: JsonObject, kind: (typeof KINDS)[number]): true | readonly string[] => {
    const value = from[kind] ?? [];
    if (value === true) return true;
    if (!Array.isArray(value) || !value.every((each) => typeof each === "string" && each !== "")) throw new FlagError(`\`${kind}\` of ${where} is neither true nor a list of ${kind === "net" ? "hosts" : "paths"}`);
    return kind === "net" ? (value as string[]) : (value as string[]).map((path) => resolve(dirname(file), path));
  };
  return {
    read: granted(set, "read"),
    write: granted(set, "write"),
    net: granted(set, "net"),
    deny: Object.fromEntries(KINDS.filter((kind) => Object.hasOwn(deny, kind)).map((kind) => [kind, granted(deny, kind)])),
  };
}

/** Add needs to the set `default` of a project file, which is made where it is missing; the rest of it stays. @throws FlagError */
export async function savePermissions(file: string, needs: Needs): Promise<void> {
  if (isEmpty(needs)) return;
  const old: JsonObject = existsSync(file) ? readProject(file) : {};
  const sets = objectAt(old["permissions"] ?? {}, `\`permissions\` in ${file}`);
  const set = objectAt(sets["default"] ?? {}, `\`permissions.default\` in ${file}`);
  const path = (each: string): string => relative(dirname(file), each).replaceAll("\\", "/") || ".";
  const merged = (before: Json | undefined, more: readonly string[]): Json => (before === true ? true : [...new Set([...(Array.isArray(before) ? (before as string[]) : []), ...more])].sort());
  const next: JsonObject = {
    ...set,
    ...(needs.read.length > 0 ? { read: merged(set["read"], needs.read.map(path)) } : {}),
    ...(needs.write.length > 0 ? { write: merged(set["write"], needs.write.map(path)) } : {}),
    ...((needs.net ?? []).length > 0 ? { net: merged(set["net"], needs.net ?? []) } : {}),
  };
  await atomicWrite(file, [`${JSON.stringify({ ...old, permissions: { ...sets, default: next } }, null, 2)}\n`]).catch((error: unknown) => {
    throw error instanceof DataError ? new FlagError(`nothing was saved: ${error.message}`) : error;
  });
}

function readProject(file: string): JsonObject {
  try {
    // A pipe would be waited for.
    if (!statSync(file).isFile()) throw new Error("it is not a file");
    return parseJsonObject(readFileSync(file), file);
  } catch (error) {
    throw new FlagError(error instanceof CheckpointError ? error.message : `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function objectAt(value: Json | undefined, where: string): JsonObject {
  if (value === undefined || value === null || typeof value !== "object" || Array.isArray(value)) throw new FlagError(`${where} is ${value === undefined ? "missing" : "not an object"}`);
  return value as JsonObject;
}

/** Whoever may write the file may grant: a file of another user, found in a folder above, is not this user's word. */
function refuseForeign(file: string): void {
  const user = process.getuid?.();
  const { uid, mode } = statSync(file);
  if (user === undefined) return;
  if (uid !== user && uid !== 0) throw new FlagError(`${file} belongs to another user, and grants nothing here`);
  if ((mode & 0o002) !== 0) throw new FlagError(`${file} can be written by everyone, and grants nothing: chmod o-w ${file}`);
}
