/** Without this file each command that runs a script would find out in its own way where it lies and what lies beside it. */
import { dirname, resolve } from "node:path";
import type { Source } from "../../runtime/session_port.ts";
import { scriptName } from "../permissions.ts";
import { readSource, type Shop } from "./shop.ts";

/** A script where it can be run. */
export interface ScriptPlace {
  readonly source: Source;
  /** The name it goes by in messages and records. */
  readonly name: string;
  /** Folder that its inputs are relative to. */
  readonly readFrom: string;
  /** Null for stdin. */
  readonly script: string | null;
  /** Read without asking: what came with it in a bundle. */
  readonly granted: readonly string[];
  /** Remove what was made for it. */
  close(): void;
}

/** The script that a command names, or the exit code after saying why it cannot be read. */
export async function openScript(file: string, shop: Shop): Promise<ScriptPlace | number> {
  const source = await readSource(file, shop);
  if (source === null) return 10;
  const script = file === "-" ? null : resolve(shop.cwd, file);
  return { source, name: scriptName(file), readFrom: script === null ? shop.cwd : dirname(script), script, granted: [], close: () => {} };
}
