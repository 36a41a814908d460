/** Without this file the TextMate grammar could only be tried by looking at an editor. */
import type { Grammar, Rule } from "../../editors/vscode/generate_grammar.mts";

export interface ScopedText {
  readonly start: number;
  readonly end: number;
  readonly scope: string;
}

interface Hit {
  readonly rule: Rule;
  readonly match: RegExpExecArray;
}

const compiled = new Map<string, RegExp>();
function regex(source: string): RegExp {
  const made = compiled.get(source) ?? new RegExp(source, "dgu");
  compiled.set(source, made);
  return made;
}

/** The earliest match in a line from an offset on; of two at one place the earlier rule. */
function earliest(rules: readonly Rule[], line: string, from: number): Hit | null {
  let best: Hit | null = null;
  for (const rule of rules) {
    const pattern = regex((rule.match ?? rule.begin)!);
    pattern.lastIndex = from;
    const match = pattern.exec(line);
    if (match !== null && match[0] !== "" && (best === null || match.index < best.match.index)) best = { rule, match };
  }
  return best;
}

/** What a TextMate engine makes of a text, for grammars of flat rules and of quotes that may run over lines. */
export function scopesOf({ patterns }: Grammar, text: string): readonly ScopedText[] {
  const found: ScopedText[] = [];
  let open: Rule | null = null;
  let at = 0;
  for (const line of text.split("\n")) {
    let from = 0;
    const put = (start: number, end: number, scope: string): void => void (end > start && found.push({ start: at + start, end: at + end, scope }));
    while (from < line.length) {
      if (open !== null) {
        const inner = earliest([{ match: open.end! }, ...(open.patterns ?? [])], line, from);
        const end: number = inner === null ? line.length : inner.match.index + inner.match[0].length;
        put(from, end, open.name!);
        if (inner !== null && inner.rule.match === open.end) open = null;
        from = end;
        continue;
      }
      const hit = earliest(patterns, line, from);
      if (hit === null) break;
      from = hit.match.index + hit.match[0].length;
      if (hit.rule.begin !== undefined) {
        open = hit.rule;
        put(hit.match.index, from, open.name!);
      } else if (hit.rule.captures !== undefined) for (const [group, { name }] of Object.entries(hit.rule.captures)) put(...hit.match.indices![Number(group)]!, name);
      else put(hit.match.index, from, hit.rule.name!);
    }
    at += line.length + 1;
  }
  return found;
}
