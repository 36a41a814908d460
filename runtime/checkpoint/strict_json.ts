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
  scan(text, where);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError("invalid-json", `${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`, AGAIN);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new CheckpointError("invalid-json", `${where} does not hold a JSON object`, AGAIN);
  return value as JsonObject;
}

/** Walks strings and brackets only; anything malformed is left to JSON.parse, which runs next and says it better. */
function scan(text: string, where: string): void {
  /** Keys seen per open object; null for an open array. */
  const open: (Set<string> | null)[] = [];
  let keyNext = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = stringEnd(text, at);
        const keys = open.at(-1);
        if (keyNext && keys) addKey(keys, text.slice(at, end), where);
        keyNext = false;
        at = end - 1;
        break;
      }
      case 0x7b:
      case 0x5b:
        keyNext = text[at] === "{";
        open.push(keyNext ? new Set() : null);
        if (open.length > DEEPEST) throw new CheckpointError("invalid-json", `${where} nests deeper than ${DEEPEST} levels`, AGAIN);
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        keyNext = false;
        break;
      case 0x2c:
        keyNext = open.at(-1) instanceof Set;
        break;
      default:
        break;
    }
  }
}

/** Index after the closing quote of the string that opens at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
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
