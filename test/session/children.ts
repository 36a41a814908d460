/** Without this file no test could see which engine processes there are. */
import { readdirSync, readFileSync } from "node:fs";

/** Processes whose parent is this one, or `of`, from /proc; on other systems none are found. */
export function children(of = process.pid): number[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try {
        const [state, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
        return state !== "Z" && Number(parent) === of;
      } catch {
        return false;
      }
    });
  } catch {
    return [];
  }
}
