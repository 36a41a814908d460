/** Without this file what is known of a script could not be said in the words of the Language Server Protocol. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  CodeActionKind, InsertTextFormat, LSPErrorCodes, MarkupKind, ResponseError,
  type CodeAction, type CompletionList, type DocumentSymbol, type Hover, type Location, type Position, type Range, type SemanticTokens, type SemanticTokensBuilder, type SemanticTokensDelta, type SignatureHelp, type TextEdit, type WorkspaceEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { actions, certainFixes } from "../../src/assist/actions.ts";
import type { Analysis } from "../../src/assist/analyse.ts";
import { isCertain } from "../../src/assist/certain.ts";
import { functionUsage } from "../../src/assist/argument_text.ts";
import type { Candidate } from "../../src/assist/complete.ts";
import { completeAt, signatureIn } from "../../src/assist/complete_script.ts";
import { definedElsewhere, definition, references } from "../../src/assist/definition.ts";
import { help } from "../../src/assist/help.ts";
import { hover } from "../../src/assist/hover.ts";
import { layoutEdit } from "../../src/assist/layout_edit.ts";
import { renamable, rename, renamedIn } from "../../src/assist/rename.ts";
import { SEMANTIC_TYPES, semanticTokens } from "../../src/assist/semantic.ts";
import { symbols } from "../../src/assist/symbols.ts";
import { withFiles } from "../complete_files.ts";
import { COMPLETION_KIND, diagnosticOf, editOf, offsetOf, rangeOf, SYMBOL_KIND } from "./convert.ts";
import { findings } from "./findings.ts";
import { namesFor } from "./names.ts";
import { pathOf } from "./path_of.ts";

/** An open document and what is known of it. */
export interface Open {
  readonly document: TextDocument;
  readonly analysis: Analysis;
  /** The names that come with saeq are known. */
  readonly ready: boolean;
  /** Relative files are looked for here. */
  readonly readFrom: string;
}

export function answerCompletion({ document, analysis, readFrom }: Open, position: Position): CompletionList {
  const offset = offsetOf(document, position);
  const found = completeAt(analysis, offset, namesFor);
  const { from, to, items } = withFiles(found, analysis.text, offset, readFrom);
  const range = rangeOf(document, { start: from, end: to });
  return {
    // More may be known of a file when the next letter comes, and of names that are far away nothing is said before it.
    isIncomplete: items.length === 0 || (found.files ?? null) !== null,
    items: items.map((item, i) => ({
      label: item.text,
      kind: COMPLETION_KIND[item.kind],
      detail: item.detail,
      sortText: String(i).padStart(5, "0"),
      insertTextFormat: InsertTextFormat.PlainText,
      textEdit: { range, newText: item.text },
      ...documentation(item),
    })),
  };
}

function documentation({ kind, text }: Candidate): { documentation?: { kind: typeof MarkupKind.Markdown; value: string } } {
  const page = kind === "stage" ? help(text) : kind === "function" ? functionUsage(text.replace(/\($/, "")) : null;
  return page === null ? {} : { documentation: { kind: MarkupKind.Markdown, value: `\`\`\`text\n${page}\n\`\`\`` } };
}

export function answerHover({ document, analysis }: Open, position: Position): Hover | null {
  const found = hover(analysis, offsetOf(document, position));
  return found === null ? null : { contents: { kind: MarkupKind.Markdown, value: found.text }, range: rangeOf(document, found.span) };
}

export function answerSignature({ document, analysis }: Open, position: Position): SignatureHelp | null {
  const found = signatureIn(analysis, offsetOf(document, position));
  if (found === null) return null;
  const parameters = found.parameters.map(({ start, end, doc }) => ({ label: [start, end] as [number, number], documentation: doc }));
  // One behind the last means that no argument is marked.
  const active = found.active ?? parameters.length;
  return { signatures: [{ label: found.label, documentation: found.doc, parameters, activeParameter: active }], activeSignature: 0, activeParameter: active };
}

export function answerDefinition({ document, analysis, readFrom }: Open, position: Position): Location | null {
  const offset = offsetOf(document, position);
  const found = definition(analysis, offset);
  if (found !== null) return { uri: document.uri, range: rangeOf(document, found.span) };
  const other = definedElsewhere(analysis, offset);
  if (other === null) return null;
  const uri = pathToFileURL(resolve(readFrom, other.module)).href;
  return { uri, range: rangeOf(TextDocument.create(uri, "saeq", 0, other.text), other.span) };
}

export function answerReferences({ document, analysis }: Open, position: Position, withDeclaration: boolean): Location[] {
  return references(analysis, offsetOf(document, position), withDeclaration).map((span) => ({ uri: document.uri, range: rangeOf(document, span) }));
}

/** @throws ResponseError where there is nothing to rename */
export function answerPrepareRename({ document, analysis }: Open, position: Position): { range: Range; placeholder: string } {
  const found = renamable(analysis, offsetOf(document, position));
  if ("refused" in found) throw new ResponseError(LSPErrorCodes.RequestFailed, found.refused);
  return { range: rangeOf(document, found.span), placeholder: found.name };
}

/** `others`: documents that are open too, and may use this one as a module. @throws ResponseError where the new name cannot stand there */
export function answerRename({ document, analysis }: Open, position: Position, name: unknown, others: readonly Open[]): WorkspaceEdit {
  const offset = offsetOf(document, position);
  const found = rename(analysis, offset, typeof name === "string" ? name : "");
  if ("refused" in found) throw new ResponseError(LSPErrorCodes.RequestFailed, found.refused);
  const here = pathOf(document.uri);
  const elsewhere = others.flatMap((other): [string, TextEdit[]][] => {
    if (other.document.uri === document.uri || here === null) return [];
    const spans = renamedIn(other.analysis, analysis, offset, (module) => resolve(other.readFrom, module) === here);
    return spans.length === 0 ? [] : [[other.document.uri, spans.map((span) => editOf(other.document, { span, text: found.text }))]];
  });
  return { changes: { [document.uri]: found.spans.map((span) => editOf(document, { span, text: found.text })), ...Object.fromEntries(elsewhere) } };
}

export function answerSymbols({ document, analysis }: Open): DocumentSymbol[] {
  return symbols(analysis).map(({ name, detail, kind, span, nameSpan }) => ({ name, detail, kind: SYMBOL_KIND[kind], range: rangeOf(document, span), selectionRange: rangeOf(document, nameSpan) }));
}

export function answerFormatting({ document, analysis }: Open): TextEdit[] {
  const edit = layoutEdit(analysis);
  return edit === null ? [] : [editOf(document, edit)];
}

export const FIX_ALL = `${CodeActionKind.SourceFixAll}.saeq`;

export function answerActions({ document, analysis }: Open, range: Range | undefined, only: readonly string[] | undefined): CodeAction[] {
  const wants = (kind: string): boolean => only === undefined || only.some((each) => kind === each || kind.startsWith(`${each}.`));
  const change = (edits: readonly TextEdit[]): WorkspaceEdit => ({ changes: { [document.uri]: [...edits] } });
  const found: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    const at = { start: offsetOf(document, range?.start), end: offsetOf(document, range?.end) };
    for (const { title, diagnostic, edits } of actions(findings(analysis), analysis.text, at))
      found.push({ title, kind: CodeActionKind.QuickFix, diagnostics: [diagnosticOf(document, diagnostic)], isPreferred: isCertain(diagnostic, analysis.text), edit: change(edits.map((edit) => editOf(document, edit))) });
  }
  const fixes = certainFixes(analysis.diagnostics(), analysis.text);
  if (wants(FIX_ALL) && fixes.length > 0) found.push({ title: "apply every fix that leaves no choice", kind: FIX_ALL, edit: change(fixes.map((fix) => editOf(document, fix))) });
  return found;
}

/** Bit 0 of the modifiers. */
export const SEMANTIC_LEGEND = { tokenTypes: [...SEMANTIC_TYPES], tokenModifiers: ["declaration"] };

/** `builder`: made the last answer about this document. `last`: the answer that the editor has, of which only the difference is told; null where it has none. */
export function answerSemanticTokens({ document, analysis }: Open, builder: SemanticTokensBuilder, last: string | null): SemanticTokens | SemanticTokensDelta {
  builder.previousResult(last ?? "");
  // Tokens stand in order, so that lines need not be looked for.
  let [line, start, next] = [0, 0, document.offsetAt({ line: 1, character: 0 })];
  for (const { span, type, declares } of semanticTokens(analysis)) {
    while (span.start >= next && line + 1 < document.lineCount) [line, start, next] = [line + 1, next, document.offsetAt({ line: line + 2, character: 0 })];
    builder.push(line, span.start - start, span.end - span.start, SEMANTIC_TYPES.indexOf(type), declares ? 1 : 0);
  }
  return last === null ? builder.build() : builder.buildEdits();
}
