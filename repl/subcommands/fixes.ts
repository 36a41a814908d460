/** Without this file the fixes that messages offer would have to be typed by hand. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { isCertain } from "../../src/assist/certain.ts";
import { applyFix } from "../talk.ts";

/** One mended mistake may uncover the next; more than this is a circle. */
const MOST_ROUNDS = 50;

export interface Fixed {
  readonly text: string;
  readonly count: number;
  /** Fixes that were found and not applied: the author has to choose. */
  readonly left: number;
}

/** The text with every fix applied that needs no person to look at it, and how many there were. `find` looks for mistakes in a text. */
export async function applyFixes(text: string, find: (text: string) => Promise<readonly Diagnostic[]>): Promise<Fixed> {
  let current = text;
  const seen = new Set([text]);
  for (let count = 0; ; count++) {
    const offering = (await find(current)).filter((one) => one.severity === "error" && one.fix !== undefined);
    const fix = count === MOST_ROUNDS ? undefined : offering.find((one) => isCertain(one, current))?.fix;
    const next = fix === undefined ? current : applyFix(current, fix);
    if (seen.has(next)) return { text: current, count, left: offering.length };
    seen.add(next);
    current = next;
  }
}
