/** Without this file the reference could only be read in a terminal. Run by `npm run docs`; writes `docs/site/`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { siteFiles } from "./reference_site/site.ts";

const folder = fileURLToPath(new URL("site/", import.meta.url));
rmSync(folder, { recursive: true, force: true });
const files = siteFiles();
for (const [name, content] of files) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}
process.stdout.write(`${files.size} files in docs/site/; open docs/site/index.html\n`);
