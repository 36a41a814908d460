/** Without this file the cache would be looked for in one place and written in another. */
import { homedir } from "node:os";
import { join } from "node:path";

/** By `SAEQ_CACHE` (a folder, or `off`) and `XDG_CACHE_HOME`; null: there is none. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string | null {
  const own = env["SAEQ_CACHE"];
  if (own === "off") return null;
  if (own !== undefined && own !== "") return own;
  const xdg = env["XDG_CACHE_HOME"];
  if (xdg !== undefined && xdg.startsWith("/")) return join(xdg, "saeq");
  try {
    const home = env["HOME"] ?? homedir();
    return home === "" ? null : join(home, ".cache", "saeq");
  } catch {
    return null;
  }
}

/** Where copies lie in the cache folder, and the key of their metadata that says what they were made of (`runtime/checkpoint/converted.ts`). */
export const COPIES = "converted";
export const SOURCE = "converted_from";

/** Behind the name of a copy: what says that it is as it was written (`runtime/checkpoint/copy_seal.ts`). */
export const SEAL = ".seal";
