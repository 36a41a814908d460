/** Without this rule a value given on the command line could change nothing, unseen. */
import type { LintRule } from "../rule.ts";
import { isRead, runsSomething } from "../walk.ts";

export const unusedParam: LintRule = {
  code: "unused-param",
  doc: "A `param` is never read",
  why: "Whoever gives it a value believes that it changes something",
  mend: "Remove it, or read it as `$name`",
  trigger: "saeq 1\n## rows to look at\nparam n: int = 10\nperfect | take 3\n",
  fixed: null,
  find: ({ script }) => {
    if (!runsSomething(script)) return [];
    return script.statements.flatMap((statement) =>
      statement.kind !== "param" || isRead(statement.name.path.join("."), script, statement) ? [] : [{ span: statement.name.span, message: `\`$${statement.name.path.join(".")}\` is never read`, label: "unused" }]);
  },
};
