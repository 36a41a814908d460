/** Without this file each command that runs a script would find out in its own way where it lies and what lies beside it. */
import { basename, dirname, join, resolve } from "node:path";
import type { Source } from "../../runtime/session/session_port.ts";
import { scriptName } from "../permissions.ts";
import { byteProgress } from "./byte_progress.ts";
import { readSource, sayDataError, type Shop } from "./shop.ts";

/** A script where it can be run. */
export interface ScriptPlace {
  readonly source: Source;
  /** The name it goes by in messages and records. */
  readonly name: string;
  /** Folder that its inputs are relative to. */
  readonly readFrom: string;
  /** Null for stdin. */
  readonly script: string | null;
  /** It came in a bundle, and lies in a folder of its own until it is closed. */
  readonly bundle: boolean;
  /** Read without asking: what came with it in a bundle. */
  readonly granted: readonly string[];
  /** Remove what was made for it. */
  close(): void;
}

export function isBundle(file: string): boolean {
  return /\.zip$/i.test(file);
}

/** The script that a command names, out of a bundle or a file, or the exit code after saying why it cannot be read. */
export async function openScript(file: string, shop: Shop): Promise<ScriptPlace | number> {
  if (isBundle(file)) return openBundle(file, shop);
  const source = await readSource(file, shop);
  if (source === null) return 10;
  const script = file === "-" ? null : resolve(shop.cwd, file);
  return { source, name: scriptName(file), readFrom: script === null ? shop.cwd : dirname(script), script, bundle: false, granted: [], close: () => {} };
}

async function openBundle(file: string, shop: Shop): Promise<ScriptPlace | number> {
  const { unpackBundle } = await import("../../runtime/bundle/unpack.ts");
  const progress = byteProgress(`unpack ${basename(file)}`, shop);
  const onBytes = (bytes: number, totalBytes: number): void => progress.tell({ files: bytes < totalBytes ? 0 : 1, totalFiles: 1, bytes, totalBytes });
  try {
    const { folder, script, remove: close } = await unpackBundle(resolve(shop.cwd, file), { onBytes }).finally(() => progress.clear());
    const path = join(folder, script);
    const source = await readSource(path, shop);
    if (source !== null) return { source: { ...source, name: scriptName(script) }, name: scriptName(script), readFrom: dirname(path), script: path, bundle: true, granted: [folder], close };
    close();
    return 10;
  } catch (error) {
    return sayDataError(shop, error).code === "missing-file" ? 10 : 1;
  }
}
