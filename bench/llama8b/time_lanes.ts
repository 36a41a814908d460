/** Without this file the time in which a lane opens its graph would hide inside the time of its first batch. */
import childProcess, { type ForkOptions } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";

const LOADED = new URL("./lane_events.ts", import.meta.url);

/** From now on engine processes write when they opened a graph and ran a batch to the file `events`, one JSON object a line. */
export function timeLanes(events: string): void {
  const fork = childProcess.fork;
  const patched = (file: string, args: readonly string[], options: ForkOptions): ReturnType<typeof fork> =>
    fork(file, args, {
      ...options,
      env: { ...options.env, SAEQ_BENCH_EVENTS: events },
      // An engine process may read its own code only, and write nowhere but into its folder.
      execArgv: [...(options.execArgv ?? []), `--allow-fs-read=${fileURLToPath(LOADED)}`, `--allow-fs-write=${events}`, "--import", LOADED.href],
    });
  Object.assign(childProcess, { fork: patched });
  syncBuiltinESMExports();
}
