/** Without this file nobody could see afterwards what a run has touched. */
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { visibleJson } from "../grammar/visible.ts";
import { DataError, systemCode } from "../runtime/data/error.ts";
import type { Use } from "../runtime/permissions/grants.ts";
import { FlagError } from "./flag_error.ts";

/** Bytes that tell an audit from something else. */
const HEAD = 64;

/** Told of each use of a permission. */
export type Audit = (use: Use) => void;

/**
 * Append each use to a file, once, as a line of JSON, when it happens: a run that is killed has written what it did. Nothing of the time of day
 * is written, so that two runs can be compared. @throws FlagError
 */
export function openAudit(file: string, cwd: string): Audit {
  const path = resolve(cwd, file);
  if (!isAudit(path)) throw new FlagError(`${file} holds something else than uses of permissions; an audit is appended to an audit file or a new one`);
  let handle: number;
  try {
    handle = openSync(path, "a", 0o600);
  } catch (error) {
    throw new FlagError(`the audit file ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  const told = new Set<string>();
  return (use) => {
    const line = visibleJson(JSON.stringify(use));
    if (told.has(line)) return;
    told.add(line);
    const bytes = Buffer.from(`${line}\n`);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
    } catch (error) {
      const code = systemCode(error);
      if (code === null) throw error;
      // What is not written down is not done.
      throw new DataError({ code: code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG" ? "disk-full" : "write-failed", message: `the audit file ${file} could not be written (${code}), and what it does not hold is not done`, help: "free some space, or name a file on another disk" });
    }
  };
}

/** Whether a file is new, empty, no ordinary file, or begins with a line of an audit: a script or data named by mistake must stay as they are. */
function isAudit(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return true;
  const head = Buffer.alloc(HEAD);
  const handle = openSync(path, "r");
  try {
    const text = head.toString("utf8", 0, readSync(handle, head, 0, HEAD, 0));
    return text === "" || text.startsWith('{"use":');
  } finally {
    closeSync(handle);
  }
}
