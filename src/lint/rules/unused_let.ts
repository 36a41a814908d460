/** Without this rule a `let` that nobody reads would look as if it mattered. */
import type { LintRule } from "../rule.ts";
import { isRead, runsSomething } from "../walk.ts";

export const unusedLet: LintRule = {
  code: "unused-let",
  doc: "A `let` is never read",
  why: "It computes nothing, and readers look for what it is for",
  mend: "Remove it, or use it",
  trigger: "saeq 1\nlet few = perfect | take 3\nperfect | count\n",
  fixed: "saeq 1\nperfect | count\n",
  find: ({ script, text }) => {
    if (!runsSomething(script)) return [];
    return script.statements.flatMap((statement) => {
      if (statement.kind !== "let" || isRead(statement.name.path.join("."), script, statement)) return [];
      const { start, end } = statement.span;
      const alone = statement.doc === "" && (start === 0 || text[start - 1] === "\n") && text[end] === "\n";
      return [{ span: statement.name.span, message: `\`${statement.name.path.join(".")}\` is never read`, label: "unused", ...(alone ? { fix: { span: { start, end: end + 1 }, text: "" } } : {}) }];
    });
  },
};
