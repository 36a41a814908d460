/** Without this file each test would look for saeq in a place of its own, and all of them would start it from six hundred sources. */
import { basename, join } from "node:path";
import { ROOT } from "./files.ts";

/** Programs of the tests' own, which hold the program or parts of it. */
export const OWN: readonly string[] = ["test/repl/fake_saeq.ts", "test/cache/writer_main.ts"];

/** Where a run of all tests has put the package as it is published (`publish.ts`); null where a test is run by itself, from the sources. */
const PUBLISHED = process.env["SAEQ_TESTED"] ?? null;

/** What developers start. */
export const SOURCES: string = join(ROOT, "repl/bin/saeq.js");

/** What users start. */
export const SAEQ: string = PUBLISHED === null ? SOURCES : join(PUBLISHED, "repl/bin/saeq.js");

/** A program of the tests' own, by its place in the tree. */
export function ownProgram(file: string): string {
  if (!OWN.includes(file)) throw new Error(`${file} is none of those that are bundled`);
  return PUBLISHED === null ? join(ROOT, file) : bundled(PUBLISHED, file);
}

/** Where it lies in the package: beside `dist/`, the names of whose parts stand for the program's code (`runtime/cache/tokenizer_code.ts`). */
export function bundled(place: string, file: string): string {
  const name = basename(file, ".ts");
  return join(place, "own", name, `${name}.js`);
}
