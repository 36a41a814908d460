/** Without this file benches would measure the program as nobody installs it: from sources, whose types are stripped at each start. */
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../build.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** saeq from its sources. */
export const SOURCES: string = join(root, "repl/bin/saeq.js");

/** The program as it is published, bundled into an empty folder. */
export async function published(into: string): Promise<string> {
  await bundle(join(into, "dist"));
  for (const name of ["repl/bin", "examples", "docs", "registry", "package.json"]) cpSync(join(root, name), join(into, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(into, "node_modules"), "junction");
  return join(into, "repl/bin/saeq.js");
}
