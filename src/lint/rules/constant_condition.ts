/** Without this rule a column in quotes beside one without would be compared as a text, the same for every row. */
import { bare, isWritten } from "../../check/constant.ts";
import type { Str } from "../../../grammar/ast.ts";
import type { Span } from "../../../grammar/span.ts";
import { inEach, type LintRule, type Subject } from "../rule.ts";
import { plansOf } from "../plans.ts";
import { expressionsOf } from "../walk.ts";

const COMPARES: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "~=", "=~", "in"]);

export const constantCondition: LintRule = {
  code: "constant-condition",
  doc: "A comparison has no column in it",
  why: "It is the same for every row: all of them stay, or none",
  mend: "Write the column without quotes",
  trigger: 'saeq 1\nmemorization | where repeated and "reference" == "x"\n',
  fixed: 'saeq 1\nmemorization | where repeated and reference == "x"\n',
  find: (subject) => {
    const found = comparisons(subject);
    const columns = found.length === 0 ? new Set() : columnsOf(subject);
    return found.map(({ span, texts }) => {
      const quoted = texts.find(({ value }) => columns.has(value));
      const meant = quoted === undefined ? {} : { label: `\`${quoted.value}\` without quotes is the column`, fix: { span: quoted.span, text: /^[A-Za-z_]\w*$/.test(quoted.value) ? quoted.value : `\`${quoted.value}\`` } };
      return { span, message: "this comparison is the same for every row", ...meant };
    });
  },
};

/** Comparisons of what is written, with the texts in quotes that are compared. */
const comparisons = inEach((statement): readonly { readonly span: Span; readonly texts: readonly Str[] }[] =>
  [...expressionsOf(statement)].flatMap((expr) => {
    if (expr.kind !== "binary" || !COMPARES.has(expr.op) || !isWritten(expr.left, false) || !isWritten(expr.right, false)) return [];
    return [{ span: expr.span, texts: [bare(expr.left), bare(expr.right)].filter((side) => side.kind === "str") }];
  }));

function columnsOf(subject: Subject): ReadonlySet<string> {
  return new Set(plansOf(subject.compiled).flatMap(({ schema }) => schema.columns.map(({ name }) => name)));
}
