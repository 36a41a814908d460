/** Without this file each grammar test would keep its own example scripts. */
import { readdirSync, readFileSync } from "node:fs";
import { CODES } from "../../grammar/codes.ts";

const folder = new URL("corpus/", import.meta.url);

/** Scripts without mistakes, by file name. */
export const CORPUS: readonly { readonly name: string; readonly text: string }[] = readdirSync(folder).sort().map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

/** Every text the tests know, right or wrong. */
export const TEXTS: readonly string[] = [...CORPUS.map((script) => script.text), ...Object.values(CODES).map((entry) => entry.trigger)];

/** The value without its positions, to compare meanings. */
export function withoutSpans(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key: string, inner: unknown) => (["span", "opSpan", "nameSpan", "blankLines", "wordStarts", "ownLine"].includes(key) ? undefined : inner)));
}
