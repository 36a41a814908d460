/** Without this file nobody would know where the package stands, and with it its version. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: the nearest one above this file with a package.json, in the working tree and in `dist/`. */
export function packageRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, "package.json")) && dirname(at) !== at) at = dirname(at);
  return realpathSync(at);
}

/** The version in package.json. */
export function packageVersion(): string {
  return versionOf(join(packageRoot(), "package.json")) ?? "unknown";
}

/** The version a package.json names; null where there is none. */
export function versionOf(file: string): string | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null && "version" in value && typeof value.version === "string" ? value.version : null;
  } catch {
    return null;
  }
}
