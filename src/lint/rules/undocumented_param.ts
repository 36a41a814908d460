/** Without this rule the help of a script would list params without saying what they are for. */
import { inEach, type LintRule } from "../rule.ts";

export const undocumentedParam: LintRule = {
  code: "undocumented-param",
  doc: "A `param` has no description",
  why: "`saeq run FILE --help` prints it for people who do not read the script",
  mend: "Write a line that starts with `##` above it",
  trigger: "saeq 1\nparam n: int = 10\nperfect | take $n\n",
  fixed: null,
  find: inEach((statement) =>
    statement.kind === "param" && statement.doc === "" ? [{ span: statement.name.span, message: `\`${statement.name.path.join(".")}\` has no description`, label: "write one above, after `##`" }] : []),
};
