/** Without this file memory would be what a program says of itself, and a peer too large for the machine would take it down. Linux only. */
import { readFileSync } from "node:fs";

const EVERY_MS = 50;
const MB = 1024;

export interface Limits {
  /** Anonymous memory of the watched processes at most, in MB. */
  readonly anonymous: number;
  /** What must stay available to the rest of the machine, in MB. */
  readonly available: number;
}

export interface Peak {
  /** MB that the system cannot drop: summed over the tree at the worst sample. */
  readonly anonymous: number;
  /** MB of mapped files that were resident then or later, counted once for each process. They are the system's cache and can be dropped. */
  readonly mapped: number;
  /** Why the processes were ended, or null. */
  readonly exceeded: string | null;
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

/** A process that ends while we look is no longer there. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function treeOf(pid: number): readonly number[] {
  const threads = read(`/proc/${pid}/task/${pid}/children`).trim();
  const children = threads === "" ? [] : threads.split(" ").map(Number);
  return [pid, ...children.flatMap(treeOf)];
}

/** Watch a process and all below it, and kill them where they exceed the limits. Node and Python start children from their main thread, where we look for them. */
export function watch(pid: number, limits: Limits): { readonly stop: () => Peak } {
  let anonymous = 0;
  let mapped = 0;
  let exceeded: string | null = null;
  const look = (): void => {
    const tree = treeOf(pid);
    const statuses = tree.map((each) => read(`/proc/${each}/status`));
    const sum = (name: string): number => statuses.reduce((total, text) => total + field(text, name), 0) / MB;
    const now = sum("RssAnon");
    anonymous = Math.max(anonymous, now);
    mapped = Math.max(mapped, sum("RssFile"));
    const available = field(read("/proc/meminfo"), "MemAvailable") / MB;
    if (exceeded !== null || (now <= limits.anonymous && available >= limits.available)) return;
    exceeded = now > limits.anonymous ? `needs more than ${limits.anonymous} MB` : `with ${Math.round(now)} MB only ${Math.round(available)} MB were left to the machine`;
    for (const each of tree) kill(each);
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return { anonymous, mapped, exceeded };
    },
  };
}
