/** Without this rule a comparison could fail for a difference in the last bit. */
import type { Binary, Expr } from "../../../grammar/ast.ts";
import { bare } from "../../check/constant.ts";
import { FUNCTIONS } from "../../ops/functions.ts";
import { inEach, type LintRule, type Subject } from "../rule.ts";
import { expressionsOf } from "../walk.ts";
import { plansOf } from "../plans.ts";

export const floatEquality: LintRule = {
  code: "float-equality",
  doc: "Numbers with fractions are compared with `==` or `!=`",
  why: "0.1 + 0.2 is not 0.3 in binary, so the comparison is seldom what is meant",
  mend: "Write `~=`, which allows for rounding",
  trigger: "saeq 1\nmemorization | where matching_tokens / 50 == 0.5\n",
  fixed: "saeq 1\nmemorization | where matching_tokens / 50 ~= 0.5\n",
  find: (subject) => {
    const found = equalities(subject);
    const floats = found.length === 0 ? new Set<string>() : floatColumns(subject);
    return found.flatMap(({ op, opSpan, left, right }) => {
      if (!isFloat(left, floats) && !isFloat(right, floats)) return [];
      return [{ span: opSpan, message: `\`${op}\` compares numbers with fractions`, label: op === "==" ? "write `~=`" : "write `not … ~= …`", ...(op === "==" ? { fix: { span: opSpan, text: "~=" } } : {}) }];
    });
  },
};

const equalities = inEach((statement): readonly Binary[] => [...expressionsOf(statement)].filter((expr) => expr.kind === "binary").filter(({ op, left, right }) => (op === "==" || op === "!=") && !isRound(left) && !isRound(right)));

/** Columns that are float wherever they occur. */
function floatColumns(subject: Subject): ReadonlySet<string> {
  const types = new Map<string, boolean>();
  for (const columns of new Set(plansOf(subject.compiled).map(({ schema }) => schema.columns))) for (const { name, type } of columns) types.set(name, (types.get(name) ?? true) && type === "float");
  return new Set([...types].filter(([, float]) => float).map(([name]) => name));
}

/** Zero and null are exact: they mark something, and are not computed. */
function isRound(expr: Expr): boolean {
  const at = bare(expr);
  return at.kind === "null" || (at.kind === "num" && at.value === 0);
}

function isFloat(expr: Expr, columns: ReadonlySet<string>): boolean {
  const at = bare(expr);
  switch (at.kind) {
    case "num": return !Number.isInteger(at.value);
    case "name": return columns.has(at.path.join("."));
    case "unary": return isFloat(at.operand, columns);
    case "binary": return at.op === "/" || at.op === "^" || (["+", "-", "*", "%"].includes(at.op) && (isFloat(at.left, columns) || isFloat(at.right, columns)));
    case "call": return Object.hasOwn(FUNCTIONS, at.name) && FUNCTIONS[at.name]!.result === "float";
    default: return false;
  }
}
