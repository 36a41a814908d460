/** Without this file names of files would have to be typed to their last letter. */
import { readdirSync, statSync, type Dirent } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Completion, CompletionItem } from "../runtime/session/session_port.ts";

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

/** Completions with the files of a folder, where a file can stand at an offset of a text. */
export function withFiles(found: Completion, text: string, offset: number, folder: string): Completion {
  if (found.files === undefined || found.files === null) return found;
  const quote = /["'](?=[^"'\n]*$)/.exec(text.slice(0, offset))?.[0] ?? "";
  const close = text[found.to] === quote ? "" : quote;
  const files = completeFiles(text.slice(found.from, offset), found.files.extensions, folder);
  return { ...found, items: [...found.items, ...files.map((item) => (item.text.endsWith("/") ? item : { ...item, text: `${item.text}${close}` }))] };
}

function isFolder(entry: Dirent, folder: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return statSync(join(folder, entry.name)).isDirectory();
  } catch {
    return false;
  }
}
