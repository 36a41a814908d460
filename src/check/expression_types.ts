/** Without this file operators and functions would take values of any types, and give values of none. */
import type { Binary, Call, Expr, Unary } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { checkPattern } from "../ops/regex.ts";
import type { CompareOp, Scalar } from "../ops/scalar.ts";
import type { ScalarType } from "../ops/schema.ts";
import { retyped } from "./meant_values.ts";
import type { Hint } from "./misplaced.ts";
import { error, type Report } from "./scope.ts";

type Numeric = "int" | "float";
const numeric = (type: string): type is Numeric => type === "int" || type === "float";
const wider = (a: string, b: string): Numeric => (a === "float" || b === "float" ? "float" : "int");

/** Types of people: what a column holds, in a word. */
export function typeName(type: string): string {
  return type === "str" ? "text" : type === "bool" ? "true/false" : type === "null" ? "null" : `a number (${type})`;
}

/** Whether values of two types can be equal. */
export function comparable(a: Scalar, b: Scalar): boolean {
  return a.type === b.type || (numeric(a.type) && numeric(b.type));
}

/** `not` and `-` before a value. Null after a reported mistake, like all here. */
export function typedUnary(at: Unary, operand: Scalar, report: Report): Scalar | null {
  if (at.op === "not") {
    if (operand.type !== "bool") return error(report, at.operand.span, "wrong-type", `\`not\` needs true/false, but this is ${typeName(operand.type)}`, operand.op === "column" ? compared(at, operand.name, numeric(operand.type) ? "== 0" : '== ""') : {});
    return { op: "not", operand, type: "bool" };
  }
  if (!numeric(operand.type)) return error(report, at.operand.span, "wrong-type", `\`-\` needs a number, but this is ${typeName(operand.type)}`, operand.type === "bool" ? { label: "write `not`", fix: { span: at.span, text: `not ${report.text.slice(at.operand.span.start, at.operand.span.end)}` } } : {});
  return { op: "negate", operand, type: operand.type };
}

const compared = ({ span }: Unary, name: string, rest: string): Hint => ({ label: `write \`${printColumn(name)} ${rest}\``, fix: { span, text: `${printColumn(name)} ${rest}` } });

/** An operator between two values. */
export function typedBinary(at: Binary, op: Exclude<Binary["op"], "in">, left: Scalar, right: Scalar, report: Report): Scalar | null {
  switch (op) {
    case "and":
    case "or": {
      for (const [side, expr] of [[left, at.left], [right, at.right]] as const)
        if (side.type !== "bool") return notBoolean(report, side, expr.span, `\`${op}\``);
      return { op: "logic", join: op, left, right, type: "bool" };
    }
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "~=":
    case "=~":
      return comparison(at, op, left, right, report);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "^":
      if (op === "+" && left.type === "str" && right.type === "str") return { op: "arithmetic", sign: "+", left, right, type: "str" };
      for (const [side, expr] of [[left, at.left], [right, at.right]] as const)
        if (!numeric(side.type)) return error(report, expr.span, "wrong-type", `\`${op}\` needs numbers, but this is ${typeName(side.type)}`, { notes: ["saeq never turns text into numbers by itself"] });
      return { op: "arithmetic", sign: op, left, right, type: op === "/" || op === "^" ? "float" : wider(left.type, right.type) };
    default:
      return op satisfies never;
  }
}

function comparison(at: Binary, op: CompareOp, left: Scalar, right: Scalar, report: Report): Scalar | null {
  const types = `${typeName(left.type)} and ${typeName(right.type)}`;
  const written = { left: report.text.slice(at.left.span.start, at.left.span.end), right: report.text.slice(at.right.span.start, at.right.span.end) };
  const isNull = left.type === "null" || right.type === "null";
  const alike = comparable(left, right) || isNull;
  if (op === "=~") {
    if (right.op === "column" && right.type === "str" && left.type === "str")
      return error(report, at.right.span, "bad-pattern", "the pattern after `=~` is a text in quotes or a `$param`", { label: "`contains` looks for the text of a column", fix: { span: at.span, text: `contains(${written.left}, ${written.right})` } });
    if (patternProblem(at.right, right, report)) return null;
  }
  if (!alike) {
    return error(report, at.span, "unlike-types", `\`${op}\` compares ${types}`, {
      notes: ["only values of one kind can be compared; saeq never turns text into numbers by itself"],
      ...retyped(at, left, right, report.text),
    });
  }
  if (isNull && op !== "==" && op !== "!=") return error(report, at.span, "unlike-types", `\`${op}\` with null is never true`, { help: `is_null(${(right.type === "null" ? written.left : written.right)})` });
  if (op === "~=" && !(numeric(left.type) && numeric(right.type))) return error(report, at.opSpan, "unlike-types", `\`~=\` compares numbers, not ${types}`);
  if (left.type === "bool" && right.type === "bool" && op !== "==" && op !== "!=") return error(report, at.span, "unlike-types", "true and false have no order");
  return { op: "compare", cmp: op, left, right, type: "bool" };
}

/** A pattern is written out, so that it is checked before anything runs; it is never built from data. True: reported. */
export function patternProblem(written: Expr, pattern: Scalar, report: Report): boolean {
  if (pattern.op !== "literal" || typeof pattern.value !== "string") {
    error(report, written.span, "bad-pattern", "the pattern after `=~` is a text in quotes or a `$param`", { help: '"^In the"' });
    return true;
  }
  const problem = checkPattern(pattern.value);
  if (problem === null) return false;
  error(report, written.span, "bad-pattern", `this pattern cannot be read: ${problem}`, { notes: ["patterns are those of RE2: no look-around and no back-references, so that matching never takes more than linear time"] });
  return true;
}

/** Where true or false is asked for and something else stands. */
export function notBoolean(report: Report, value: Scalar, span: Span, who: string): null {
  const name = value.op === "column" ? `\`${value.name}\`` : "this";
  return error(report, span, "not-boolean", `${who} needs true/false, but ${name} is ${typeName(value.type)}`, {
    label: typeName(value.type),
    notes: ["saeq has no truthiness: say what is compared with what"],
    ...(value.op === "column" ? { help: numeric(value.type) ? `${printColumn(value.name)} > 0` : `${printColumn(value.name)} == "…"` } : {}),
  });
}

/** A call of a function that there is, with as many values as it takes. `input`: the relation that an aggregate reads. */
export function typedCall(at: Call, args: readonly Scalar[], input: number, report: Report): Scalar | null {
  const signature = FUNCTIONS[at.name]!;
  const { parameters } = signature;
  for (const [i, value] of args.entries()) {
    const wanted = parameters[Math.min(i, parameters.length - 1)]!;
    const fits = wanted === "any" || value.type === "null" || (wanted === "number" || wanted === "float" ? numeric(value.type) : wanted === value.type);
    if (!fits) return error(report, at.args[i]?.value.span ?? at.span, "wrong-type", `\`${at.name}\` needs ${wanted === "number" ? "a number" : typeName(wanted)} here, but this is ${typeName(value.type)}`, at.name === "mean" && value.type === "bool" ? { label: "did you mean `frac`?", fix: { span: at.nameSpan, text: "frac" } } : {});
  }
  // Null has every type, so the type is that of the first value that is not null; all of them must agree.
  const values = signature.result === "second" ? args.slice(1) : signature.variadic === true ? args : args.slice(0, 1);
  const typed = values.filter((value) => value.type !== "null");
  const odd = typed.find((value) => value.type !== typed[0]!.type && !(numeric(value.type) && numeric(typed[0]!.type)));
  if (odd !== undefined && (signature.result === "same" || signature.result === "second"))
    return error(report, at.span, "unlike-types", `\`${at.name}\` gives either ${typeName(typed[0]!.type)} or ${typeName(odd.type)}`, { notes: ["a column holds values of one type"] });
  const common = typed.length === 0 ? "str" : typed.some((value) => value.type === "float") ? "float" : (typed[0]!.type as ScalarType);
  const type = signature.result === "same" || signature.result === "second" ? common : signature.result;
  return signature.aggregate ? { op: "aggregate", fn: at.name, args, input, type } : { op: "call", fn: at.name, args, type };
}
