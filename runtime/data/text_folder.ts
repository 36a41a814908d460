/** Without this file texts that lie in files of their own would have to be named one by one. */
import { readdir } from "node:fs/promises";
import { DataError } from "./error.ts";
import { openFile } from "./source.ts";

/** More files than this are no list that a script could be checked with. */
const MOST_FILES = 2000;

/** The names of the `.txt` files that lie directly in a folder, by their code units; null for a file. Hidden ones are left out. Throws DataError: as `openFile`, and missing-file. */
export async function textFiles(path: string): Promise<readonly string[] | null> {
  const folder = await openFile(path);
  try {
    if (!(await folder.stat()).isDirectory()) return null;
    const names = (await readdir(path, { withFileTypes: true })).flatMap((entry) => (!entry.isDirectory() && /^[^.].*\.txt$/i.test(entry.name) ? [entry.name] : []));
    if (names.length === 0) throw new DataError({ code: "missing-file", message: `no file in the folder ${path} ends in .txt`, help: `text ${JSON.stringify(`${path}/…`)}` });
    if (names.length > MOST_FILES) throw new DataError({ code: "too-many-rows", message: `${path} holds ${names.length} text files, and at most ${MOST_FILES} are read from one folder`, help: "put them into one file of JSON lines, and read that with `jsonl`" });
    return names.sort((a, b) => (a < b ? -1 : 1));
  } finally {
    await folder.close();
  }
}
