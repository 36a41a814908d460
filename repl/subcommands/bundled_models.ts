/** Without this file a script about somebody's own SAE could not be repeated by whoever gets its bundle. */
import { statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { registeredNames } from "../../runtime/catalog/shipped.ts";
import type { Lock, LockedFile } from "../../runtime/lock/lock_file.ts";

/** A model or SAE that is a folder, or one file, of this machine. */
export interface OwnCheckpoint {
  /** As the script writes it. */
  readonly name: string;
  /** Named by its place on this machine, which no other one has. */
  readonly absolute: boolean;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: string }[];
}

/** What a lock holds of models and SAEs that neither ship nor come from the hub: the files that they were read from. Each name once. */
export function ownCheckpoints({ models, saes }: Lock, readFrom: string): readonly OwnCheckpoint[] {
  const kinds = [["model", models], ["sae", saes]] as const;
  const entries = kinds.flatMap(([kind, all]) => Object.entries(all).filter(([name, { revision }]) => revision === null && !registeredNames(kind).includes(name)));
  const found = new Map<string, Readonly<Record<string, LockedFile>>>();
  for (const [name, { files }] of entries) found.set(name, { ...found.get(name), ...files });
  return [...found].map(([name, locked]) => {
    const path = resolve(readFrom, name);
    const folder = statSync(path, { throwIfNoEntry: false })?.isFile() === true ? dirname(path) : path;
    const files = Object.entries(locked).flatMap(([each, file]) => ("sha256" in file ? [{ path: join(folder, each), size: file.size, sha256: file.sha256 }] : []));
    return { name, absolute: isAbsolute(name), size: files.reduce((sum, { size }) => sum + size, 0), files };
  });
}
