/** Without this file the fix that a message offers could not be applied by an editor. */
import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import { isCertain } from "./certain.ts";

export interface Action {
  readonly title: string;
  readonly diagnostic: Diagnostic;
  readonly edits: readonly Fix[];
}

/** The fixes of the mistakes that a stretch of text touches. */
export function actions(diagnostics: readonly Diagnostic[], text: string, { start, end }: Span): readonly Action[] {
  return diagnostics.flatMap((diagnostic) => {
    const { fix, span } = diagnostic;
    const touches = span.start <= end && start <= span.end;
    return fix === undefined || !touches ? [] : [{ title: titleOf(fix, text), diagnostic, edits: [fix] }];
  });
}

/** All fixes at once that need no person to look at them, the earlier one where two meet. */
export function certainFixes(diagnostics: readonly Diagnostic[], text: string): readonly Fix[] {
  const kept: Fix[] = [];
  for (const fix of diagnostics.flatMap((each) => (each.fix !== undefined && isCertain(each, text) ? each.fix : [])).toSorted((a, b) => a.span.start - b.span.start)) {
    const last = kept.at(-1);
    if (last === undefined || fix.span.start > last.span.end || (fix.span.start === last.span.end && last.span.end > last.span.start)) kept.push(fix);
  }
  return kept;
}

function titleOf({ span, text: written }: Fix, text: string): string {
  const old = text.slice(span.start, span.end).trim();
  const now = written.trim();
  if (now === "") return old === "" ? "remove what is not needed" : `remove \`${old}\``;
  return old === "" ? `insert \`${now}\`` : `write \`${now}\` for \`${old}\``;
}
