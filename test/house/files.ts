/** Without this file each house test would walk the tree in its own way. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Files below a folder of the project, relative to its root, with forward slashes. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll("\\", "/"))
    .sort();
}

/** The TypeScript of the four rooms. */
export function sourceFiles(): string[] {
  return ["grammar", "src", "runtime", "repl"].flatMap(filesBelow).filter((name) => name.endsWith(".ts"));
}
