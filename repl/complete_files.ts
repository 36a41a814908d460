/** Without this file names of files would have to be typed to their last letter. */
import { readdirSync, statSync, type Dirent } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { CompletionItem } from "../runtime/session/session_port.ts";

/** A folder with more entries is listed up to here: Tab must answer at once. */
const MOST = 2000;

/** Folders, and files with one of the endings, whose names go on as `word` does. Relative to `cwd`; names with quotes or controls are left out. */
export function completeFiles(word: string, extensions: readonly string[], cwd: string): readonly CompletionItem[] {
  const folder = word.includes("/") ? word.slice(0, word.lastIndexOf("/") + 1) : "";
  const start = word.slice(folder.length);
  try {
    return readdirSync(resolve(cwd, folder === "" ? "." : folder), { withFileTypes: true })
      .slice(0, MOST)
      .filter(({ name }) => name.startsWith(start) && (start !== "" || !name.startsWith(".")) && /^[^"'`\\\p{C}]+$/u.test(name))
      .flatMap((entry): CompletionItem[] => {
        if (isFolder(entry, resolve(cwd, folder))) return [{ text: `${folder}${entry.name}/`, detail: "folder", kind: "file" }];
        const fits = extensions.some((ending) => entry.name.toLowerCase().endsWith(ending));
        return fits && (entry.isFile() || entry.isSymbolicLink()) ? [{ text: `${folder}${entry.name}`, detail: dirname(folder) === "." ? "file" : folder, kind: "file" }] : [];
      })
      .sort((a, b) => (a.text < b.text ? -1 : 1));
  } catch {
    return [];
  }
}

function isFolder(entry: Dirent, folder: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(join(folder, entry.name)).isDirectory();
  } catch {
    return false;
  }
}
