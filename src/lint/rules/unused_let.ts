/** Without this rule a `let` that nobody reads would look as if it mattered. */
import { inEach, type LintRule } from "../rule.ts";
import { isRead, readsOf, runsSomething } from "../walk.ts";

export const unusedLet: LintRule = {
  code: "unused-let",
  doc: "A `let` is never read",
  why: "It computes nothing, and readers look for what it is for",
  mend: "Remove it, or use it",
  trigger: "saeq 1\nlet few = perfect | take 3\nperfect | count\n",
  fixed: "saeq 1\nperfect | count\n",
  find: (subject) => {
    if (!runsSomething(subject)) return [];
    return lets(subject).flatMap(({ name, span, own, fix }) => (isRead(name, subject, own) ? [] : [{ span, message: `\`${name}\` is never read`, label: "unused", ...(fix === null ? {} : { fix }) }]));
  },
};

/** `let`s, and how those that stand on lines of their own are left out. */
const lets = inEach((statement, text) => {
  if (statement.kind !== "let") return [];
  const { start, end } = statement.span;
  const alone = statement.doc === "" && (start === 0 || text[start - 1] === "\n") && text[end] === "\n";
  const name = statement.name.path.join(".");
  return [{ name, span: statement.name.span, own: readsOf(statement).has(name), fix: alone ? { span: { start, end: end + 1 }, text: "" } : null }];
});
