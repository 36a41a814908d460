/** Without this rule a `def` that nobody calls would look as if it mattered. */
import { inEach, type LintRule } from "../rule.ts";
import { isRead, readsOf, runsSomething } from "../walk.ts";

export const unusedDef: LintRule = {
  code: "unused-def",
  doc: "A `def` is never called",
  why: "Readers look for what it is for",
  mend: "Remove it, or call it",
  trigger: "saeq 1\ndef few(x: table) = x | take 3\nperfect | count\n",
  fixed: null,
  find: (subject) => {
    if (!runsSomething(subject)) return [];
    return defs(subject).flatMap(({ name, span, own }) => (isRead(name, subject, own) ? [] : [{ span, message: `\`${name}\` is never called`, label: "unused" }]));
  },
};

const defs = inEach((statement) => (statement.kind === "def" ? [{ name: statement.name.path.join("."), span: statement.name.span, own: readsOf(statement).has(statement.name.path.join(".")) }] : []));
