/** Without this file each command would take folders, or not, in its own way. */
import { readdirSync, statSync, type Dirent } from "node:fs";
import { join, relative, resolve } from "node:path";
import { FlagError } from "../flag_error.ts";
import type { Shop } from "./shop.ts";

/** The files asked for; a folder stands for every file below it with that ending, by name, hidden folders and installed packages left out. Throws FlagError for a folder without any. */
export function scriptFiles(asked: readonly string[], shop: Pick<Shop, "cwd">, ending = ".saeq"): string[] {
  return asked.flatMap((file) => {
    const path = resolve(shop.cwd, file);
    if (file === "-" || !isFolder(path)) return [file];
    const found = filesBelow(path, ending);
    if (found.length === 0) throw new FlagError(`there is no *${ending} file below ${file === "." ? "this folder" : file}`);
    return found.map((each) => relative(shop.cwd, each));
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // No file, or no name that a file can have: whoever reads it says so.
    return false;
  }
}

function filesBelow(folder: string, ending: string): string[] {
  return entriesOf(folder)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith(".") || entry.name === "node_modules" ? [] : filesBelow(path, ending);
      return entry.isFile() && entry.name.endsWith(ending) ? [path] : [];
    });
}

/** What a folder holds; one that may not be read holds nothing to run. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
