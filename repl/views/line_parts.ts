/** Without this file mistakes would not be marked where they stand, and a folded paste would be shown at its full length. */
import type { Span } from "../../grammar/span.ts";
import { foldLabel } from "../fold.ts";
import type { State } from "../state.ts";
import { excerpt, LONG, type Part } from "./layout.ts";

/** The typed text as it is to be shown, and where the caret is in it. `whole`: nothing of it was left out. */
export function lineParts(state: State, highlight: (text: string) => readonly Part[]): { readonly parts: readonly Part[]; readonly caret: number; readonly whole: boolean } {
  const { text, caret } = state.line;
  const { fold } = state;
  if (fold !== null && text.length - fold.text.length <= LONG) {
    const end = fold.from + fold.text.length;
    const label = foldLabel(fold);
    const parts: readonly Part[] = [...highlight(text.slice(0, fold.from)), { text: label, style: "accent" }, ...highlight(text.slice(end))];
    return { parts, caret: caret <= fold.from ? caret : caret - fold.text.length + label.length, whole: false };
  }
  const seen = excerpt(text, caret);
  const parts = highlight(seen.text);
  if (seen.text !== text) return { parts, caret: seen.caret, whole: false };
  const marked = state.findings !== null && state.findings.text === text ? state.findings.diagnostics.map(({ span }) => span) : [];
  return { parts: underlined(parts, marked), caret, whole: true };
}

/** The same parts, cut where a marked stretch begins or ends. */
export function underlined(parts: readonly Part[], spans: readonly Span[]): readonly Part[] {
  if (spans.length === 0) return parts;
  const out: Part[] = [];
  let start = 0;
  for (const part of parts) {
    const end = start + part.text.length;
    const inside = spans.filter((span) => span.start < end && span.end > start);
    const cuts = [...new Set([start, end, ...inside.flatMap((span) => [span.start, span.end])])].filter((cut) => cut >= start && cut <= end).sort((a, b) => a - b);
    for (let i = 1; i < cuts.length; i++) {
      const [from, to] = [cuts[i - 1]!, cuts[i]!];
      const wrong = inside.some((span) => span.start <= from && to <= span.end);
      out.push({ ...part, text: part.text.slice(from - start, to - start), ...(wrong ? { wrong: true } : {}) });
    }
    start = end;
  }
  return out;
}
