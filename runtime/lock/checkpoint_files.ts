/** Without this file the lock of a model would name some of its files, or hash what nobody reads. */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { Located } from "../catalog/locate.ts";
import { portable } from "../record/used.ts";
import type { LockedFile } from "./lock_file.ts";

/** A file to be hashed, or whose hash is known: by the hub, which names blobs by it and is checked when they are downloaded. */
export interface CheckpointFile {
  /** Its name below the folder. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly known: LockedFile | null;
}

/** What readers look at beside weights. */
const CONFIG = /\.(json|ya?ml|txt|model|jinja)$/i;
const WEIGHTS = /\.(safetensors|npz|pt|pth)$/i;
const LARGEST_CONFIG = 64 * 2 ** 20;
const DEEPEST = 3;
const MOST_FILES = 10_000;

/** Files of a checkpoint that its description was read from, in order of names. `spec` holds references to the weights. */
export async function checkpointFiles(located: Located, spec: object): Promise<readonly CheckpointFile[]> {
  const single = await stat(located.folder).then((found) => found.isFile(), () => false);
  const folder = single ? dirname(located.folder) : located.folder;
  const root = await realpath(folder);
  const weights = weightsIn(spec);
  // What one file holds is said by the configuration beside it.
  const there = single ? [located.folder, ...(located.hub === null ? await filesBelow(folder, 1) : []).filter((path) => path !== located.folder && CONFIG.test(path))] : await filesBelow(folder, DEEPEST);
  const absent = new Map((located.hub?.absent ?? []).map(({ file, pointer }) => [pointer, file]));
  const files: CheckpointFile[] = [];
  const matched = new Set<string>();
  const loose: CheckpointFile[] = [];
  for (const path of there) {
    const real = await realpath(path);
    const { size } = await stat(real);
    const blob = basename(real);
    const known: LockedFile | null = located.hub !== null && /^[0-9a-f]{64}$/.test(blob) ? { size, sha256: blob } : null;
    const file = { name: portable(relative(folder, path)), path: real, size, known };
    if (weights.has(real)) matched.add(real);
    if (weights.has(real) || (CONFIG.test(path) && size <= LARGEST_CONFIG)) files.push(file);
    else if (WEIGHTS.test(path)) loose.push(file);
  }
  for (const [pointer, { size, hash, algorithm }] of absent) files.push({ name: portable(relative(folder, pointer)), path: pointer, size, known: algorithm === "sha256" ? { size, sha256: hash } : { size, git: hash } });
  // Arrays that had to be converted lie elsewhere: what they were made from is what counts.
  const elsewhere = [...weights].some((path) => !matched.has(path) && !path.startsWith(root) && located.hub === null);
  const all = new Map([...files, ...(elsewhere ? loose : [])].map((file) => [file.name, file]));
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every file that a description points into. */
function weightsIn(spec: object): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
    if ("file" in value && "offset" in value && typeof value.file === "string") found.add(value.file);
    Object.values(value).forEach(visit);
  };
  visit(spec);
  return found;
}

async function filesBelow(folder: string, depth: number): Promise<string[]> {
  const found: string[] = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).slice(0, MOST_FILES)) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    const kind = await stat(path).catch(() => null);
    if (kind?.isFile() === true) found.push(path);
    else if (kind?.isDirectory() === true && !entry.isSymbolicLink() && depth > 1) found.push(...(await filesBelow(path, depth - 1)));
  }
  return found;
}
