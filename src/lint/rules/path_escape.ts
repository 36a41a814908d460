/** Without this rule `"C:\temp"` would be a path with a tab in it. */
import { inEach, type LintRule } from "../rule.ts";
import { expressionsOf } from "../walk.ts";

/** A drive with one backslash behind it, as Windows writes paths. */
const DRIVE = /^["'][A-Za-z]:\\(?!\\)/;

export const pathEscape: LintRule = {
  code: "path-escape",
  doc: "A path is written with single backslashes",
  why: "In a text `\\t` is a tab and `\\n` a line end, so the path is another one",
  mend: "Write it with slashes, which Windows takes as well",
  trigger: 'saeq 1\nperfect | take 1 | save "C:\\temp\\new.csv"\n',
  fixed: 'saeq 1\nperfect | take 1 | save "C:/temp/new.csv"\n',
  find: inEach((statement) =>
    [...expressionsOf(statement)].flatMap((expr) => {
      if (expr.kind !== "str" || !DRIVE.test(expr.text)) return [];
      return [{ span: expr.span, message: "this path has escapes in it", label: "write it with slashes", fix: { span: expr.span, text: expr.text.replaceAll(/\\+/g, "/") } }];
    })),
};
