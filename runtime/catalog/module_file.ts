/** Without this file a script could not read another. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isAbsolute, relative } from "node:path";
import type { ModuleFacts } from "../../src/check/scope.ts";
import { DataError, systemCode } from "../data/error.ts";
import { shellWord } from "../data/shell_word.ts";
import { tellModule } from "../data/admission.ts";

/** A script is text that people wrote; more than this is something else. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * The text of a `.saeq` file.
 * @throws DataError `missing-file`, `not-utf8` with the byte, `too-large`
 */
export async function readModule(path: string): Promise<ModuleFacts> {
  const found = await stat(path).catch((error: unknown) => {
    if (systemCode(error) === null) throw error;
    return null;
  });
  if (found === null || !found.isFile()) throw new DataError({ code: "missing-file", message: `there is no file ${path}` });
  if (found.size > MOST_BYTES) throw new DataError({ code: "too-large", message: `${path} has ${found.size} bytes; a script has at most ${MOST_BYTES}`, help: "check that it is a script: data is read with csv, jsonl, parquet or text" });
  const bytes = await readFile(path);
  await tellModule(path);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text, digest: createHash("sha256").update(bytes).digest("hex"), word: shellWord(fromHere(path)) };
  } catch {
    throw new DataError({ code: "not-utf8", message: `${path} is not UTF-8 text`, help: `iconv -f LATIN1 -t UTF-8 ${shellWord(path)} > new.saeq` });
  }
}

/** A path as it can be typed in the folder that saeq was started in. */
function fromHere(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}
