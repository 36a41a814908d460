/** Without this file offsets of saeq and lines of the Language Server Protocol would be mixed up. */
import { CompletionItemKind, DiagnosticSeverity, SymbolKind, type Diagnostic as LspDiagnostic, type Position, type Range, type TextEdit } from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Diagnostic, Fix } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import type { Candidate } from "../../src/assist/complete.ts";
import type { ScriptSymbol } from "../../src/assist/symbols.ts";

/** The offset of a position; a malformed one is held within the document. */
export function offsetOf(document: TextDocument, position: Position | undefined): number {
  const whole = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.floor(value)) : 0);
  return document.offsetAt({ line: whole(position?.line), character: whole(position?.character) });
}

export function rangeOf(document: TextDocument, { start, end }: Span): Range {
  return { start: document.positionAt(start), end: document.positionAt(Math.max(start, end)) };
}

export function editOf(document: TextDocument, { span, text }: Fix): TextEdit {
  return { range: rangeOf(document, span), newText: text };
}

const SEVERITY = { error: DiagnosticSeverity.Error, warning: DiagnosticSeverity.Warning, note: DiagnosticSeverity.Information } as const;

/** A diagnostic with its notes and help below the message. */
export function diagnosticOf(document: TextDocument, { code, severity, span, message, label, notes, help }: Diagnostic): LspDiagnostic {
  const first = label === undefined ? message : `${message}: ${label}`;
  const lines = [first, ...(notes ?? []).map((note) => `note: ${note}`), ...(help === undefined ? [] : [`help: ${help}`])];
  return { range: rangeOf(document, span), severity: SEVERITY[severity], code, source: "saeq", message: lines.join("\n") };
}

export const COMPLETION_KIND: Readonly<Record<Candidate["kind"], CompletionItemKind>> = {
  stage: CompletionItemKind.Function,
  keyword: CompletionItemKind.Keyword,
  column: CompletionItemKind.Field,
  relation: CompletionItemKind.Variable,
  value: CompletionItemKind.EnumMember,
  param: CompletionItemKind.Constant,
  statement: CompletionItemKind.Keyword,
  file: CompletionItemKind.File,
  function: CompletionItemKind.Method,
};

export const SYMBOL_KIND: Readonly<Record<ScriptSymbol["kind"], SymbolKind>> = {
  relation: SymbolKind.Variable,
  param: SymbolKind.Constant,
  stage: SymbolKind.Function,
  setting: SymbolKind.Property,
  module: SymbolKind.Module,
  pipeline: SymbolKind.Event,
};
