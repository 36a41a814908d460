/** Without this rule a `def` that nobody calls would look as if it mattered. */
import type { LintRule } from "../rule.ts";
import { isRead, runsSomething } from "../walk.ts";

export const unusedDef: LintRule = {
  code: "unused-def",
  doc: "A `def` is never called",
  why: "Readers look for what it is for",
  mend: "Remove it, or call it",
  trigger: "saeq 1\ndef few(x: table) = x | take 3\nperfect | count\n",
  fixed: null,
  find: ({ script }) => {
    if (!runsSomething(script)) return [];
    return script.statements.flatMap((statement) =>
      statement.kind !== "def" || isRead(statement.name.path.join("."), script, statement) ? [] : [{ span: statement.name.span, message: `\`${statement.name.path.join(".")}\` is never called`, label: "unused" }]);
  },
};
