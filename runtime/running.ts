/** Without this file what a process left behind when it was killed could not be told from what one still works on. */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

/** Whether a process of that number runs, this user's or another's. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** This process in a file's name, `place.process.start`: a process number alone is used again, and means another process in another container. */
export function ownerTag(): string {
  return `${place()}.${process.pid}.${startOf(process.pid) ?? "0"}`;
}

/** What an owner's tag looks like in a regular expression, as one group. */
export const OWNER_TAG = "([0-9a-z]{7,8}\\.\\d+\\.\\d+)";

/** Whether it is certain that the process of a tag has ended: it ran where this one does, since the last start of the machine, and is there no more. */
export function ownerGone(tag: string): boolean {
  const [where, pid, start] = tag.split(".");
  if (where !== place() || where === UNKNOWN) return false;
  return startOf(Number(pid)) !== start;
}

const UNKNOWN = "unknown";
let known: string | null = null;

/** The start of the machine and the processes that are seen from here, in eight hex digits. */
function place(): string {
  if (known !== null) return known;
  try {
    const text = readFileSync("/proc/sys/kernel/random/boot_id", "latin1") + readlinkSync("/proc/self/ns/pid");
    known = createHash("sha256").update(text).digest("hex").slice(0, 8);
  } catch {
    known = UNKNOWN;
  }
  return known;
}

/** Clock ticks from the start of the machine to that of a process; null where there is no such process or no `/proc`. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in brackets may hold blanks; the start is the twentieth field after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
