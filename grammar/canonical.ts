/** Without this file a mistake of the printer would be written over somebody's script. */
import type { Script } from "./ast.ts";
import { parse } from "./parse.ts";
import { print } from "./print.ts";

/** Where things stand, not what they say. */
const PLACES: ReadonlySet<string> = new Set(["span", "opSpan", "nameSpan", "blankLines", "wordStarts", "ownLine"]);

/** The canonical text of a script without mistakes; null where that text would be read as another script. */
export function canonical(script: Script): string | null {
  const text = print(script);
  const again = parse(text);
  return again.diagnostics.some(({ severity }) => severity === "error") || !saysTheSame(again.script, script) ? null : text;
}

/** Whether two trees are the same but for where their parts stand. */
export function saysTheSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const [left, right] = [parts(a), parts(b)];
  return left.length === right.length && left.every(([key, value], i) => key === right[i]![0] && saysTheSame(value, right[i]![1]));
}

function parts(node: object): (readonly [string, unknown])[] {
  return Object.entries(node).filter(([key, value]) => !PLACES.has(key) && value !== undefined);
}
