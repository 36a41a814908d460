/** Without this file an editor would show what cannot run, but not what runs and is seldom meant. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Analysis } from "../../src/assist/analyse.ts";
import { lint } from "../../src/lint/lint.ts";

const kept = new WeakMap<Analysis, readonly Diagnostic[]>();

/** Mistakes; where there are none, what `saeq lint` finds. */
export function findings(analysis: Analysis): readonly Diagnostic[] {
  const known = kept.get(analysis);
  if (known !== undefined) return known;
  const mistakes = analysis.diagnostics();
  const wrong = mistakes.some(({ severity }) => severity === "error");
  // What is not known yet may be a mistake, and a script with mistakes is another one once they are mended.
  const found = wrong || analysis.needs().length > 0 ? mistakes : [...mistakes, ...lint({ text: analysis.text, parts: analysis.runs().parts, compiled: analysis.runs() })];
  kept.set(analysis, found);
  return found;
}
