/** Without this file rules would not be applied, and nobody could silence one. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { countBefore, itself } from "../../grammar/offsets.ts";
import type { LintRule, Subject } from "./rule.ts";
import { LINT_RULES } from "./rules/mod.ts";

const IGNORE = /^#+\s*lint-ignore\s+(.+)$/;

/** What runs but is seldom meant, in the order of the text. `# lint-ignore code` above a line silences a code there; other comments may stand between. */
export function lint(subject: Subject, rules: readonly LintRule[] = LINT_RULES): readonly Diagnostic[] {
  const lineOf = linesOf(subject.text);
  const silenced = ignores(subject, lineOf);
  return rules
    .flatMap((rule) => rule.find(subject).map((finding): Diagnostic => ({ ...finding, code: rule.code, severity: "warning" })))
    .filter(({ code, span }) => silenced.get(lineOf(span.start))?.has(code) !== true)
    .sort((a, b) => a.span.start - b.span.start);
}

/** Line → codes that are silent on it. */
function ignores({ parts }: Subject, lineOf: (offset: number) => number): ReadonlyMap<number, ReadonlySet<string>> {
  const silenced = new Map<number, Set<string>>();
  const own = parts.flatMap(({ start, script }) => script.comments.filter((comment) => comment.ownLine).map(({ text, span }) => ({ text, at: start + span.start })));
  const telling = own.flatMap(({ text, at }) => {
    const codes = IGNORE.exec(text)?.[1];
    return codes === undefined ? [] : [{ codes, at }];
  });
  const comments = new Set(telling.length === 0 ? [] : own.map(({ at }) => lineOf(at)));
  for (const { codes, at } of telling) {
    let line = lineOf(at);
    while (comments.has(line)) line++;
    silenced.set(line, new Set([...(silenced.get(line) ?? []), ...codes.split(/[\s,]+/)]));
  }
  return silenced;
}

/** On which line of a text an offset lies, from 0. */
function linesOf(text: string): (offset: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) ends.push(at);
  return (offset) => countBefore(ends, offset, itself);
}
