/** Without this file generated files would have to be written one by one. Run by `npm run gen`. */
import { writeFileSync } from "node:fs";
import { generate } from "../src/stages/generate_mod.ts";

const root = new URL("../", import.meta.url);
writeFileSync(new URL("src/stages/mod.ts", root), generate());
// Imported only now: it reads the list that was just written.
const { reference } = await import("../src/assist/reference.ts");
writeFileSync(new URL("docs/reference.md", root), reference());
