/** Without this file two readers could disagree about one config: JSON.parse keeps the last of two equal keys and nests without end. */
import { CheckpointError } from "./error.ts";
import { openFile, unreadable } from "./real_path.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

const DEEPEST = 64;
const LARGEST = 64 * 2 ** 20;
const AGAIN = { help: "download the file again" };

/** Bytes and value of a JSON file whose top is an object; at most 64 MB, 64 levels, no key twice. */
export async function readJsonObject(file: string): Promise<{ readonly bytes: Uint8Array; readonly value: JsonObject }> {
  const bytes = await readJsonBytes(file);
  return { bytes, value: parseJsonObject(bytes, file) };
}

/** Bytes of a file that should hold JSON: at most 64 MB. @throws CheckpointError `invalid-json`, `unreadable-file` */
export async function readJsonBytes(file: string): Promise<Uint8Array> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    if (size > LARGEST) throw new CheckpointError("invalid-json", `${file} has ${size} bytes; at most ${LARGEST} are read`, AGAIN);
    return await handle.readFile();
  } catch (error) {
    throw error instanceof CheckpointError ? error : unreadable(file, error);
  } finally {
    await handle.close();
  }
}

/** Parse UTF-8 bytes as one JSON object. `where` names them in errors. */
export function parseJsonObject(bytes: Uint8Array, where: string): JsonObject {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CheckpointError("invalid-json", `${where} is not UTF-8`, AGAIN);
  }
  let written = 0;
  eachKey(text, where, () => (written += 1));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError("invalid-json", `${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`, AGAIN);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new CheckpointError("invalid-json", `${where} does not hold a JSON object`, AGAIN);
  // Keys are compared only where some were lost: a vocabulary has 128,000 of them.
  if (keysOf(value as Nested) !== written) refuseTwice(text, where);
  return value as JsonObject;
}

type Nested = Readonly<Record<string | number, unknown>>;

/** Keys of all objects within a value that nests no deeper than `DEEPEST`. Looked up one by one: a list of values of 128,000 keys takes twice as long. */
function keysOf(value: Nested): number {
  const names = Array.isArray(value) ? null : Object.keys(value);
  const length = names?.length ?? (value as unknown as readonly unknown[]).length;
  let sum = names?.length ?? 0;
  for (let i = 0; i < length; i += 1) {
    const inner = value[names === null ? i : names[i]!];
    if (typeof inner === "object" && inner !== null) sum += keysOf(inner as Nested);
  }
  return sum;
}

/** @throws CheckpointError `duplicate-key` */
function refuseTwice(text: string, where: string): void {
  const seen: Set<string>[] = [];
  eachKey(text, where, (start, end, depth, first) => {
    if (first) seen[depth] = new Set();
    addKey(seen[depth]!, text.slice(start, end), where);
  });
}

/**
 * Tells of each key where it stands, quotes included, how many objects and arrays are open around it, and whether it is the first of its object. Walks
 * strings and brackets only: exact where the text is JSON; anything malformed is left to JSON.parse, which says it better. @throws CheckpointError for too many levels
 */
function eachKey(text: string, where: string, tell: (start: number, end: number, depth: number, first: boolean) => void): void {
  /** For each open object or array whether it is an object. */
  const open: boolean[] = [];
  let keyNext = false;
  let first = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = stringEnd(text, at);
        if (keyNext) tell(at, end, open.length, first);
        keyNext = false;
        at = end - 1;
        break;
      }
      case 0x7b:
      case 0x5b:
        keyNext = text.charCodeAt(at) === 0x7b;
        first = keyNext;
        open.push(keyNext);
        if (open.length > DEEPEST) throw new CheckpointError("invalid-json", `${where} nests deeper than ${DEEPEST} levels`, AGAIN);
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        keyNext = false;
        break;
      case 0x2c:
        keyNext = open.at(-1) === true;
        first = false;
        break;
      default:
        break;
    }
  }
}

/** Index after the closing quote of the string that opens at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 0x5c) at += 1;
    else if (unit === 0x22) return at + 1;
  }
  return text.length;
}

function addKey(keys: Set<string>, quoted: string, where: string): void {
  let key: string;
  try {
    key = String(JSON.parse(quoted));
  } catch {
    return;
  }
  if (keys.has(key)) throw new CheckpointError("duplicate-key", `${where} holds the key ${JSON.stringify(key)} twice`, { help: "download the file again; two readers would disagree about it" });
  keys.add(key);
}
