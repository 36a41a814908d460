/** Without this file benches would measure the program as nobody installs it: from sources, whose types are stripped at each start. */
import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** saeq from its sources. */
export const SOURCES: string = join(root, "repl/bin/saeq.js");

/** The program as it is published, compiled into an empty folder. */
export function published(into: string): string {
  const { status } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json"), "--outDir", join(into, "dist")], { stdio: "inherit" });
  if (status !== 0) throw new Error("tsc failed");
  for (const name of ["repl/bin", "examples", "docs", "registry", "package.json"]) cpSync(join(root, name), join(into, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(into, "node_modules"), "junction");
  return join(into, "repl/bin/saeq.js");
}
