/** Without this file files would not lie where Python's huggingface_hub looks for them, and would be downloaded twice. */
import { existsSync, readFileSync } from "node:fs";
import { copyFile, link, lstat, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { makeFolder } from "../data/make_folder.ts";
import { COMMIT } from "./name.ts";
import { keepNote } from "./note.ts";

/** Where one repository lies: `models--org--name/{blobs,refs,snapshots}` (huggingface_hub `file_download.py` repo_folder_name). */
export function repositoryFolder(cache: string, repository: string): string {
  return join(cache, `models--${repository.replaceAll("/", "--")}`);
}

export function blobPath(folder: string, etag: string): string {
  return join(folder, "blobs", etag);
}

export function snapshotFolder(folder: string, commit: string): string {
  return join(folder, "snapshots", commit);
}

/** The commit that a branch or tag was at when it was last asked for; null where it never was. */
export function knownCommit(folder: string, revision: string): string | null {
  if (COMMIT.test(revision)) return revision;
  const file = join(folder, "refs", revision);
  const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  return COMMIT.test(text) ? text : null;
}

/** Remember which commit a branch is at. A cache that may only be read is left as it is. */
export async function rememberCommit(folder: string, revision: string, commit: string): Promise<void> {
  if (revision === commit || knownCommit(folder, revision) === commit) return;
  await keepNote(join(folder, "refs", revision), commit);
}

/** The mark by which backup programs know a cache (https://bford.info/cachedir/), with the words of huggingface_hub `_local_folder.py`. */
const TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by huggingface_hub.
# For information about cache directory tags, see:
#\thttps://bford.info/cachedir/
`;

export async function tagCache(cache: string): Promise<void> {
  makeFolder(cache);
  await writeFile(join(cache, "CACHEDIR.TAG"), TAG, { flag: "wx" }).catch(() => {});
}

/** Give a blob its name in a snapshot: a relative link, or where the disk knows none a second name or a copy. */
export async function place(blob: string, pointer: string): Promise<void> {
  makeFolder(dirname(pointer));
  if (existsSync(pointer)) return;
  // A link whose blob is gone stands in the way.
  if (await lstat(pointer).then(() => true, () => false)) await rm(pointer, { force: true });
  const target = relative(dirname(pointer), blob);
  await symlink(target, pointer)
    .catch((error: unknown) => (isCode(error, "EEXIST") ? undefined : link(blob, pointer)))
    .catch(() => copyFile(blob, pointer));
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
