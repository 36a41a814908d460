/** Without this file ids that an older saeq made of a text would be taken for what this one makes of it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

let code: string | null = null;

/**
 * What decides beside its files how a tokenizer cuts a text: this code, the library's version, and the tables of Unicode that regular
 * expressions and normalization read. Hex.
 */
export function tokenizerCode(): string {
  code ??= codeNow();
  return code;
}

function codeNow(): string {
  const hash = createHash("sha256").update(JSON.stringify([process.versions.v8, process.versions["unicode"], process.versions["icu"]]));
  const own = new URL("../checkpoint/", import.meta.url);
  for (const name of readdirSync(own).filter((each) => /^(tokenizer|charsmap|strict_json).*\.[jt]s$/.test(each)).sort()) hash.update(name).update(readFileSync(new URL(name, own)));
  hash.update(readFileSync(new URL("../package.json", import.meta.resolve("@huggingface/tokenizers"))));
  return hash.digest("hex");
}
