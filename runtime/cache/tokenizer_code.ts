/** Without this file ids that an older saeq made of a text would be taken for what this one makes of it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, PUBLISHED } from "../package_root.ts";

let code: string | null = null;

/**
 * What decides beside its files how a tokenizer cuts a text: this code, the library's version, and the tables of Unicode that regular
 * expressions and normalization read. Parts of a bundle are named by what they hold, so their names are its code. Hex.
 */
export function tokenizerCode(): string {
  code ??= codeNow();
  return code;
}

function codeNow(): string {
  const hash = createHash("sha256").update(JSON.stringify([process.versions.v8, process.versions["unicode"], process.versions["icu"]]));
  if (PUBLISHED) return hash.update(JSON.stringify(readdirSync(join(packageRoot(), "dist")).sort())).digest("hex");
  const readers = join(packageRoot(), "runtime", "checkpoint");
  for (const name of ["strict_json.ts", ...readdirSync(join(readers, "tokenizer")).sort().map((each) => join("tokenizer", each))]) hash.update(name).update(readFileSync(join(readers, name)));
  hash.update(readFileSync(new URL("../package.json", import.meta.resolve("@huggingface/tokenizers"))));
  return hash.digest("hex");
}
