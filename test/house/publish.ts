/** Without this file each process of saeq that the tests start would take the types off its sources first, which is most of what it does. */
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { bundle, COMMON, REQUIRE } from "../../build.ts";
import { ROOT } from "./files.ts";
import { bundled, OWN } from "./program.ts";

/** What the program reads of its package beside `dist/`. */
const READ = ["package.json", "repl/bin", "examples", "docs/reference.md", "registry/saes.tsv"];

/** Write the package as it is published into a folder, and the tests' own programs beside it. */
export async function publish(place: string): Promise<void> {
  for (const name of READ) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    cpSync(join(ROOT, name), join(place, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(place, "node_modules"), "junction");
  await bundle(join(place, "dist"));
  for (const file of OWN) await build({ ...COMMON, entryPoints: [join(ROOT, file)], outdir: dirname(bundled(place, file)), banner: REQUIRE });
}
