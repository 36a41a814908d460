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
  let found = await find(current);
  const seen = new Set([text]);
  for (let count = 0; ; ) {
    const offering = found.filter((one) => one.severity === "error" && one.fix !== undefined);
    const mended = count === MOST_ROUNDS ? null : await firstThatMends(offering.filter((one) => isCertain(one, current)), current, seen, find);
    if (mended === null) return { text: current, count, left: offering.length };
    ({ text: current, found } = mended);
    count++;
  }
}

interface Mended {
  readonly text: string;
  readonly found: readonly Diagnostic[];
}

/** The first of the fixes that gives a text not seen before in which its mistake is gone; null where none does. */
async function firstThatMends(offering: readonly Diagnostic[], text: string, seen: Set<string>, find: (text: string) => Promise<readonly Diagnostic[]>): Promise<Mended | null> {
  for (const one of offering) {
    const next = applyFix(text, one.fix!);
    if (seen.has(next)) continue;
    seen.add(next);
    const found = await find(next);
    if (!found.some((left) => isSame(left, one))) return { text: next, found };
  }
  return null;
}

/** Whether a mistake is still there after its fix, at the place that it has then. What was taken out may stand twice. */
function isSame(left: Diagnostic, { code, message, span, fix }: Diagnostic): boolean {
  const grown = fix!.text.length - (fix!.span.end - fix!.span.start);
  return grown >= 0 && left.code === code && left.message === message && left.span.start === span.start + (span.start < fix!.span.end ? 0 : grown);
}
