/** Without this rule a column in quotes would be compared as a text, the same for every row. */
import { bare, isWritten } from "../../check/constant.ts";
import type { LintRule, Subject } from "../rule.ts";
import { plansOf } from "../plans.ts";
import { expressionsOf } from "../walk.ts";

const COMPARES: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "~=", "=~", "in"]);

export const constantCondition: LintRule = {
  code: "constant-condition",
  doc: "A comparison has no column in it",
  why: "It is the same for every row: all of them stay, or none",
  mend: "Write the column without quotes",
  trigger: 'saeq 1\nmemorization | where "reference" == "x"\n',
  fixed: 'saeq 1\nmemorization | where reference == "x"\n',
  find: (subject) => {
    const columns = columnsOf(subject);
    return subject.script.statements.flatMap((statement) =>
      [...expressionsOf(statement)].flatMap((expr) => {
        if (expr.kind !== "binary" || !COMPARES.has(expr.op) || !isWritten(expr.left, false) || !isWritten(expr.right, false)) return [];
        const quoted = [bare(expr.left), bare(expr.right)].find((side) => side.kind === "str" && columns.has(side.value));
        const meant = quoted?.kind === "str" ? { label: `\`${quoted.value}\` without quotes is the column`, fix: { span: quoted.span, text: /^[A-Za-z_]\w*$/.test(quoted.value) ? quoted.value : `\`${quoted.value}\`` } } : {};
        return [{ span: expr.span, message: "this comparison is the same for every row", ...meant }];
      }));
  },
};

function columnsOf(subject: Subject): ReadonlySet<string> {
  return new Set(plansOf(subject.compiled).flatMap(({ schema }) => schema.columns.map(({ name }) => name)));
}
