/** Without this file ONNX Runtime would refuse hub caches: their files are symlinks that leave the model's folder. */
import { open, realpath, stat, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import { announced } from "./absent.ts";
import { DataError } from "../data/error.ts";
import { admitted } from "../data/admission.ts";
import { CheckpointError } from "./error.ts";

/** The real path of `name` in `folder`, or null when it is not there. A name with a path in it is refused: a config may not point elsewhere. */
export async function findFile(folder: string, name: string): Promise<string | null> {
  if (name === "" || name === "." || name === ".." || basename(name) !== name || name.includes("\\") || name.includes("\0")) {
    throw new CheckpointError("path-outside-folder", `file name ${JSON.stringify(name)} is not a plain name inside ${folder}`, { notes: ["a checkpoint may not reach into the rest of the disk"], help: "download it again from its publisher" });
  }
  try {
    const file = await realpath(join(folder, name));
    return (await stat(file)).isFile() ? file : null;
  } catch (error) {
    if (isMissing(error)) return announced(join(folder, name));
    throw unreadable(join(folder, name), error);
  }
}

/** The real path of `name` in `folder`; an error that names the file when it is not there. */
export async function requireFile(folder: string, name: string, help: string): Promise<string> {
  const file = await findFile(folder, name);
  if (file === null) throw new CheckpointError("missing-file", `${join(folder, name)} is missing`, { help });
  return file;
}

/** A file to read from, held against what is granted. @throws CheckpointError `unreadable-file`, `permission-denied` */
export async function openFile(file: string): Promise<FileHandle> {
  const handle = await open(file, "r").catch((error: unknown) => Promise.reject(unreadable(file, error)));
  return admitted(handle, file).catch((error: unknown) => {
    throw error instanceof DataError ? new CheckpointError(error.code, error.message, { notes: error.notes, help: error.help ?? "" }) : error;
  });
}

/** The real path of a folder. */
export async function requireFolder(folder: string): Promise<string> {
  try {
    const path = await realpath(folder);
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    if (!isMissing(error)) throw unreadable(folder, error);
    throw new CheckpointError("missing-file", `folder ${folder} does not exist`);
  }
  throw new CheckpointError("missing-file", `${folder} is not a folder`, { help: "name the folder that holds config.json" });
}

/** What the operating system said, as an error of the checkpoint. */
export function unreadable(file: string, error: unknown): CheckpointError {
  const code = error instanceof Error && "code" in error ? String(error.code) : null;
  if (code === "EACCES" || code === "EPERM") return new CheckpointError("unreadable-file", `${file} may not be read by this user (${code})`, { help: "ask its owner, or copy a folder that you may read" });
  const reason = error instanceof Error ? error.message : String(error);
  return new CheckpointError("unreadable-file", `${file} cannot be read: ${code ?? reason}`, { help: "check the path and its disk" });
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
}
