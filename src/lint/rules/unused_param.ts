/** Without this rule a value given on the command line could change nothing, unseen. */
import { inEach, type LintRule } from "../rule.ts";
import { isRead, readsOf, runsSomething } from "../walk.ts";

export const unusedParam: LintRule = {
  code: "unused-param",
  doc: "A `param` is never read",
  why: "Whoever gives it a value believes that it changes something",
  mend: "Remove it, or read it as `$name`",
  trigger: "saeq 1\n## rows to look at\nparam n: int = 10\nperfect | take 3\n",
  fixed: null,
  find: (subject) => {
    if (!runsSomething(subject)) return [];
    return params(subject).flatMap(({ name, span, own }) => (isRead(name, subject, own) ? [] : [{ span, message: `\`$${name}\` is never read`, label: "unused" }]));
  },
};

const params = inEach((statement) => (statement.kind === "param" ? [{ name: statement.name.path.join("."), span: statement.name.span, own: readsOf(statement).has(statement.name.path.join(".")) }] : []));
