/** Without this file a bad pattern would be found only once data flows. */
import { RE2JS } from "re2js";

/** Why a pattern cannot be read, or null where it can. RE2's syntax: every match takes time linear in the text. */
export function checkPattern(pattern: string): string | null {
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether the pattern occurs anywhere in a text; `^` and `$` tie it to the ends. Throws for what `checkPattern` refuses. */
export function patternTest(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.test(text);
}
