/** Without this file editors and scripts would have to read mistakes out of drawings: a diagnostic as LSP knows it. */
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/span.ts";

/** Lines and characters (UTF-16) from 0. */
export interface Position {
  readonly line: number;
  readonly character: number;
}
export interface Range {
  readonly start: Position;
  readonly end: Position;
}
/** The Diagnostic of LSP 3.17, with what does not fit there in `data`. */
export interface DiagnosticJson {
  readonly range: Range;
  readonly severity: 1 | 2 | 3;
  readonly code: string;
  readonly source: "saeq";
  readonly message: string;
  readonly data: { readonly label?: string; readonly notes?: readonly string[]; readonly help?: string; readonly fix?: { readonly range: Range; readonly newText: string }; readonly untold?: number };
}

const SEVERITIES = { error: 1, warning: 2, note: 3 } as const;

export function diagnosticJson(diagnostic: Diagnostic, text: string): DiagnosticJson {
  const { span, severity, code, message, label, notes, help, fix, untold = 0 } = diagnostic;
  return {
    range: rangeOf(span, text),
    severity: SEVERITIES[severity],
    code,
    source: "saeq",
    message,
    data: {
      ...(label === undefined ? {} : { label }),
      ...(notes === undefined ? {} : { notes }),
      ...(help === undefined ? {} : { help }),
      ...(fix === undefined ? {} : { fix: { range: rangeOf(fix.span, text), newText: fix.text } }),
      ...(untold === 0 ? {} : { untold }),
    },
  };
}

function rangeOf(span: Span, text: string): Range {
  return { start: position(span.start, text), end: position(span.end, text) };
}

function position(offset: number, text: string): Position {
  const before = text.slice(0, Math.min(Math.max(offset, 0), text.length));
  return { line: before.split("\n").length - 1, character: before.length - (before.lastIndexOf("\n") + 1) };
}
