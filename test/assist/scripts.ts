/** Without this file tests of what editors ask would know only the scripts that their authors thought of. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, ROOT } from "../house/files.ts";

export interface Written {
  readonly name: string;
  readonly text: string;
}

/** Every script of the examples and the corpus, right or wrong. */
export const SCRIPTS: readonly Written[] = [...filesBelow("examples"), ...filesBelow("test/corpus")]
  .filter((name) => name.endsWith(".saeq"))
  .map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") }));
