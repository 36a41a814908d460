/** Without this file nobody would know where the package stands, and with it its version and what ships with it. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether the program runs as it is published, bundled into `dist/`, and not from the sources of a working tree. */
export const PUBLISHED: boolean = import.meta.url.endsWith(".js");

let root: string | null = null;

/** The folder of the package: the nearest one above this file with a package.json, in the working tree and in `dist/`. */
export function packageRoot(): string {
  if (root !== null) return root;
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, "package.json")) && dirname(at) !== at) at = dirname(at);
  root = realpathSync(at);
  return root;
}

/** The version in package.json. */
export function packageVersion(): string {
  return versionOf(join(packageRoot(), "package.json")) ?? "unknown";
}

/** The version a package.json names; null where there is none. */
function versionOf(file: string): string | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null && "version" in value && typeof value.version === "string" ? value.version : null;
  } catch {
    return null;
  }
}

const installed = new Map<string, string | null>();

/** The version of a package that this one stands on, found without loading it; null where it is not installed. */
export function installedVersion(name: string): string | null {
  const known = installed.get(name);
  if (known !== undefined) return known;
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const found = folders.map((folder) => versionOf(join(folder, name, "package.json"))).find((version) => version !== null) ?? null;
  installed.set(name, found);
  return found;
}
