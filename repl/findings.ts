/** Without this file mistakes would be told only after Enter, or while a word is still being typed. */
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Completion } from "../runtime/session/session_port.ts";
import type { Line } from "./line.ts";
import { applyFix } from "./talk.ts";

/** The mistakes in a text that stands on the line, found while nobody typed. */
export interface Findings {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** The text with the first fix put in, where Tab does that. */
  readonly mended: string | null;
}

/** How long nobody must have typed before a text is looked at. */
export const PAUSE_MS = 350;
/** Longer texts are pasted, not typed; their mistakes are told when they run. */
export const MOST_TYPED = 20_000;

/** The mistakes worth showing: not those of a word, stage or statement that is still being typed at the end of the text. */
function worthShowing(diagnostics: readonly Diagnostic[], line: Line, complete: boolean, atCaret: Completion): readonly Diagnostic[] {
  const end = line.text.trimEnd().length;
  const typing = line.caret >= end;
  const grows = atCaret.items.length > 0 && atCaret.to > atCaret.from;
  return diagnostics.filter(({ severity, code, span }) => {
    if (severity !== "error") return false;
    if (!typing) return true;
    const last = !line.text.slice(span.end).includes("|");
    if (span.end >= end) return /^unknown-/.test(code) && !grows;
    return complete && !(last && /^(missing|needs|no-)/.test(code));
  });
}

/** What to say of a line; null where there is nothing. Where a fix is said, Tab makes it: who wants to complete a word does not wait for that. */
export function findingsOf(diagnostics: readonly Diagnostic[], line: Line, complete: boolean, atCaret: Completion): Findings | null {
  const shown = worthShowing(diagnostics, line, complete, atCaret);
  const [first] = shown;
  if (first === undefined) return null;
  const { fix } = first;
  return { text: line.text, diagnostics: shown, mended: fix === undefined ? null : applyFix(line.text, fix) };
}

/** The findings as one line of text: what is wrong, what was probably meant, and what Tab does. */
export function sayFinding({ diagnostics, mended }: Findings): string {
  const [first] = diagnostics;
  if (first === undefined) return "";
  const more = diagnostics.length > 1 ? ` (+${diagnostics.length - 1})` : "";
  const tab = mended === null || first.fix === undefined ? "" : first.fix.text.trim() === "" ? "; Tab removes it" : `; Tab writes \`${first.fix.text.trim()}\``;
  const help = tab !== "" ? "" : first.label !== undefined ? `: ${first.label}` : first.help !== undefined ? `; ${first.help}` : "";
  return `${first.message}${help}${tab}${more}`;
}
