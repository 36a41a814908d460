/** Without this file the time in which a lane opens its graph would hide inside the time of its first batch. */
import childProcess, { type ForkOptions } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";

/** From now on engine processes write when they opened a graph and ran a batch to the file `events`, one JSON object a line. */
export function timeLanes(events: string): void {
  const fork = childProcess.fork;
  const patched = (file: string, args: readonly string[], options: ForkOptions): ReturnType<typeof fork> =>
    fork(file, args, {
      ...options,
      env: { ...options.env, SAEQ_BENCH_EVENTS: events },
      execArgv: [...(options.execArgv ?? []), "--import", new URL("./lane_events.ts", import.meta.url).href],
    });
  Object.assign(childProcess, { fork: patched });
  syncBuiltinESMExports();
}
