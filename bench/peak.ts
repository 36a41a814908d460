/** Without this file a bench's child would give its parent's memory for its own: on Linux `maxRSS` counts what a process was before it became another program. */
import { readFileSync } from "node:fs";

/** Peak resident memory of this process in kilobytes. */
export function peakMemory(): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "latin1"))![1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
