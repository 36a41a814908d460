/** Without this file saeq's tokenizer would be measured in a process that has cut the texts before. Prints JSON: seconds to load, milliseconds of each pass, ids. */
import { readFileSync } from "node:fs";
import { readTokenizer } from "../../runtime/checkpoint/tokenizer/tokenizer.ts";

const PASSES = 5;
const [folder, textsPath] = process.argv.slice(2) as [string, string];
const texts = JSON.parse(readFileSync(textsPath, "utf8")) as readonly string[];
const begun = performance.now();
const tokenizer = await readTokenizer(folder);
const load = (performance.now() - begun) / 1000;
const one: number[] = [];
let ids: readonly (readonly number[])[] = [];
for (let pass = 0; pass < PASSES; pass++) {
  const started = performance.now();
  const encoded = texts.map((text) => tokenizer.encode(text, { bos: false }));
  one.push(performance.now() - started);
  ids = encoded.map((each) => [...each]);
}
process.stdout.write(JSON.stringify({ load, one, ids }));
