/** Without this file each test of a tool would start saeq in its own way. */
import { spawnSync } from "node:child_process";
import { SAEQ } from "../house/program.ts";

/** What a run of saeq said. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** saeq as a process of its own, in a folder, with what is typed on stdin; on the CPU, as a graphics card would give other results. */
export function saeq(args: readonly string[], options: { readonly cwd: string; readonly input?: string; readonly env?: Readonly<Record<string, string>> }): Said {
  // uvu asks for colours of its own; with both Node itself speaks up on stderr.
  const { FORCE_COLOR: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, [SAEQ, "--ep", "cpu", ...args], { encoding: "utf8", cwd: options.cwd, input: options.input ?? "", env: { ...env, SAEQ_CACHE: "off", NO_COLOR: "1", ...options.env } });
  return { stdout, stderr, status };
}
