/** Without this rule a script would not say which edition of the language it is written in. */
import type { LintRule } from "../rule.ts";

export const missingEdition: LintRule = {
  code: "missing-edition",
  doc: "The script has no edition line",
  why: "A later saeq could not tell how it is to be read",
  mend: "Write `saeq 1` on the first line",
  trigger: "perfect | take 3\n",
  fixed: "saeq 1\nperfect | take 3\n",
  find: ({ parts, text }) => {
    const part = parts.find(({ script }) => script.statements.length > 0);
    if (part === undefined || parts.some(({ script }) => script.statements.some((statement) => statement.kind === "edition"))) return [];
    const at = part.script.statements[0]!.span.start + part.start;
    const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    return [{ span: { start: at, end: at + 1 }, message: "this script does not say which edition it is written in", label: "`saeq 1` comes first", fix: { span: { start, end: start }, text: "saeq 1\n" } }];
  },
};
