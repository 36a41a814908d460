/** Without this file a pipe in the place of a script would hold saeq until somebody writes into it, deaf to every signal. */
import { closeSync, constants, openSync, readFileSync, readSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DataError, systemCode } from "../../runtime/data/error.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";
import type { Shop } from "./shop.ts";

/** What a shell hands over as a file, as in `saeq run <(…)`. */
const INHERITED = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/;

/**
 * The bytes of a script file, or of stdin for `-`. Pipes are read where a shell made them, and refused where they lie on a disk.
 * @throws what the system says, or DataError `not-a-file`
 */
export async function scriptBytes(file: string, shop: Pick<Shop, "cwd" | "stdin">): Promise<Buffer> {
  const path = resolve(shop.cwd, file);
  const handed = path === "/dev/stdin" ? "0" : INHERITED.exec(path)?.[1];
  const facts = file === "-" ? null : statSync(path);
  if (facts === null || (handed === "0" && !facts.isFile() && !facts.isDirectory())) return whole(shop.stdin);
  if (facts.isFile() || facts.isDirectory() || path === devNull) return readFileSync(path);
  if (handed === undefined || !facts.isFIFO()) throw new DataError({ code: "not-a-file", message: `${file} is a pipe or a device, and no script`, ...(facts.isFIFO() ? { help: `write it to a file first: cat ${shellWord(file)} > script.saeq` } : {}) });
  return whole(piped(path));
}

/** What a zip archive begins with. */
export const ARCHIVE: Buffer = Buffer.from("PK\u0003\u0004", "latin1");

/** Whether a file is an archive by its first bytes: it may be larger than a file that is read whole. */
export function isArchive(file: string, cwd: string): boolean {
  const path = resolve(cwd, file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const handle = openSync(path, constants.O_RDONLY);
  try {
    const start = Buffer.alloc(ARCHIVE.length);
    return readSync(handle, start) === ARCHIVE.length && start.equals(ARCHIVE);
  } finally {
    closeSync(handle);
  }
}

const BLOCK = 1 << 16;
/** Milliseconds between two looks into a pipe in which nothing is yet. */
const PAUSE = 10;

/** What is in a pipe. To wait for it in a read would be to wait in a thread that no signal ends. */
async function* piped(path: string): AsyncGenerator<Buffer> {
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (;;) {
      const block = Buffer.allocUnsafe(BLOCK);
      const length = readNow(pipe, block);
      if (length === 0) return;
      if (length === null) await pause(PAUSE);
      else yield block.subarray(0, length);
    }
  } finally {
    closeSync(pipe);
  }
}

/** How many bytes were read, 0 at the end; null where there are none yet. */
function readNow(pipe: number, block: Buffer): number | null {
  try {
    return readSync(pipe, block);
  } catch (error) {
    if (systemCode(error) === "EAGAIN") return null;
    throw error;
  }
}

async function whole(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as string | Uint8Array));
  return Buffer.concat(chunks);
}
