/** Without this file nobody could see afterwards what a run has touched. */
import { openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { visibleJson } from "../grammar/visible.ts";
import type { Use } from "../runtime/permissions/grants.ts";
import { FlagError } from "./flag_error.ts";

/** Told of each use of a permission. */
export type Audit = (use: Use) => void;

/**
 * Append each use to a file, once, as a line of JSON, when it happens: a run that is killed has written what it did. Nothing of the time of day
 * is written, so that two runs can be compared. @throws FlagError
 */
export function openAudit(file: string, cwd: string): Audit {
  let handle: number;
  try {
    handle = openSync(resolve(cwd, file), "a", 0o600);
  } catch (error) {
    throw new FlagError(`the audit file ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  const told = new Set<string>();
  return (use) => {
    const line = visibleJson(JSON.stringify(use));
    if (told.has(line)) return;
    told.add(line);
    const bytes = Buffer.from(`${line}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  };
}
