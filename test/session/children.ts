/** Without this file no test could see which engine processes there are. */
import { readdirSync, readFileSync } from "node:fs";

/** Processes whose parent is this one, from /proc, but for those that watch over others; on other systems none are found. */
export function children(): number[] {
  return processesOf(process.pid).flatMap(({ pid, name }) => (name === WATCH ? [] : [pid]));
}

/** Those of a program that end its engines with it (`runtime/engine/watch.ts`). */
export function watchesOf(program: number): number[] {
  return processesOf(program).flatMap(({ pid, name }) => (name === WATCH ? [pid] : []));
}

const WATCH = "sh";

function processesOf(parent: number): { readonly pid: number; readonly name: string }[] {
  try {
    return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number).flatMap((pid) => {
      try {
        const [, name, state, above] = /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))!;
        return state !== "Z" && Number(above) === parent ? [{ pid, name: name! }] : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
