/** Without this file each check of an SAE that is not downloaded would ask the hub for the same small parts again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Listed } from "./listing.ts";
import { keepNote } from "./note.ts";

/** Part of a file on the hub: `length` bytes from `offset`. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

/** Headers of an archive lie close to each other and are asked for one by one: a block holds several. */
const BLOCK = 65_536;
/** What is larger is weights, and comes with the download. */
const LARGEST_KEPT = 16 * 2 ** 20;

/**
 * Parts of a file by `read`, in whole blocks that are kept in `notes`, the folder of the repository's notes, under the file's hash: content with
 * a hash never changes. A folder that cannot be written costs the same requests again, nothing else.
 */
export function keptRanges(file: Listed, notes: string, read: ReadRange): ReadRange {
  const folder = join(notes, "ranges", file.hash);
  return async (offset, length) => {
    if (offset < 0 || length < 0 || offset + length > file.size) throw new Error(`bytes ${offset} to ${offset + length} of ${file.size} were asked for`);
    const from = offset - (offset % BLOCK);
    const to = Math.min(file.size, Math.ceil((offset + length) / BLOCK) * BLOCK);
    const note = join(folder, `${from}-${to}`);
    const known = await readFile(note).catch(() => null);
    const bytes = known !== null && known.length === to - from ? known : await read(from, to - from);
    if (bytes !== known && bytes.length <= LARGEST_KEPT) await keepNote(note, bytes);
    return new Uint8Array(bytes.subarray(offset - from, offset - from + length));
  };
}
