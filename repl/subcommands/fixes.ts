/** Without this file the fixes that messages offer would have to be typed by hand. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { applyFix } from "../talk.ts";

/** One mended mistake may uncover the next; more than this is a circle. */
const MOST_ROUNDS = 50;

/** The text with every fix applied, and how many there were. `find` looks for mistakes in a text. */
export async function applyFixes(text: string, find: (text: string) => Promise<readonly Diagnostic[]>): Promise<{ readonly text: string; readonly count: number }> {
  let current = text;
  const seen = new Set([text]);
  for (let count = 0; ; count++) {
    const fix = count === MOST_ROUNDS ? undefined : (await find(current)).find((one) => one.severity === "error" && one.fix !== undefined)?.fix;
    const next = fix === undefined ? current : applyFix(current, fix);
    if (seen.has(next)) return { text: current, count };
    seen.add(next);
    current = next;
  }
}
