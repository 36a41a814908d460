/** Without this file names in expressions would have no columns and no types. */
import type { Binary, Call, Expr, Name } from "../../grammar/ast.ts";
import type { Span } from "../../grammar/span.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import type { Plan } from "../ops/op.ts";
import { checkPattern } from "../ops/regex.ts";
import type { CompareOp, Scalar, ScalarLiteral } from "../ops/scalar.ts";
import { columnOf, type Schema, type ScalarType } from "../ops/schema.ts";
import { bare, constantList, unitFactor } from "./constant.ts";
import { error, relation, type ParamValue, type Report, type Scope } from "./scope.ts";
import { listed, nearest, toldApart } from "./suggest.ts";

export interface ExpressionContext {
  readonly schema: Schema;
  readonly scope: Scope;
  readonly report: Report;
  /** Relations that aggregates may read, filled while binding; absent where they are not allowed. */
  readonly relations?: Plan[];
  /** Columns that the same stage makes: they cannot be seen yet, and that is what is said. */
  readonly made?: readonly string[];
  /** Inside an aggregate's argument: which schema names are looked up in, and as which input. */
  readonly input?: number;
}

type Numeric = "int" | "float";
const numeric = (type: string): type is Numeric => type === "int" || type === "float";
const wider = (a: string, b: string): Numeric => (a === "float" || b === "float" ? "float" : "int");

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "~=", "=~", "in"]);

/** Types of people: what a column holds, in a word. */
export function typeName(type: string): string {
  return type === "str" ? "text" : type === "bool" ? "true/false" : type === "null" ? "null" : `a number (${type})`;
}

/** Resolve and type an expression over the columns of a schema. Null after a reported mistake, or where columns are unknown. */
export function bindExpression(expr: Expr, context: ExpressionContext): Scalar | null {
  const at = bare(expr);
  const { scope, report } = context;
  switch (at.kind) {
    case "num": {
      const value = at.value * unitFactor(at.unit);
      return { op: "literal", value, type: Number.isInteger(value) && !/[.e]/i.test(at.text) ? "int" : "float" };
    }
    case "str":
      return { op: "literal", value: at.value, type: "str" };
    case "bool":
      return { op: "literal", value: at.value, type: "bool" };
    case "null":
      return { op: "literal", value: null, type: "null" };
    case "name":
      return bindName(at, context);
    case "paramRef": {
      const value = scope.params.get(at.name);
      if (value === undefined) return unknownParam(report, scope, at.name, at.span);
      if (isList(value)) return error(report, at.span, "wrong-type", `\`$${at.name}\` is a list, and a list stands after \`in\``, { help: `column in $${at.name}` });
      const type = value === null ? "null" : typeof value === "string" ? "str" : typeof value === "boolean" ? "bool" : Number.isInteger(value) ? "int" : "float";
      return { op: "literal", value, type };
    }
    case "unary": {
      const operand = bindExpression(at.operand, context);
      if (operand === null) return null;
      if (at.op === "not") {
        if (operand.type !== "bool") return error(report, at.operand.span, "wrong-type", `\`not\` needs true/false, but this is ${typeName(operand.type)}`);
        return { op: "not", operand, type: "bool" };
      }
      if (!numeric(operand.type)) return error(report, at.operand.span, "wrong-type", `\`-\` needs a number, but this is ${typeName(operand.type)}`);
      return { op: "negate", operand, type: operand.type };
    }
    case "binary":
      return bindBinary(at, context);
    case "call":
      return bindCall(at, context);
    case "hole":
      return null;
    case "range":
      return error(report, at.span, "wrong-type", "a range stands after `in`: rate in 0.0..0.5");
    case "list":
      return error(report, at.span, "wrong-type", "a list stands after `in`: layer in [5, 7]");
    case "record":
    case "group":
      return error(report, at.span, "wrong-type", "a value is needed here, not a pipeline or record");
    default:
      return at satisfies never;
  }
}

export function unknownParam(report: Report, scope: Scope, name: string, span: Span): null {
  const names = [...scope.params.keys()];
  const near = nearest(name, names);
  return error(report, span, "unknown-param", `no param \`$${name}\``, {
    ...(near === null ? {} : { label: `did you mean \`$${near}\`?`, fix: { span, text: `$${near}` } }),
    notes: [`params here: ${listed(names.map((each) => `$${each}`))}`],
    help: `param ${name}: int = 10`,
  });
}

function isList(value: ParamValue): value is readonly ScalarLiteral[] {
  return Array.isArray(value);
}

function bindName(at: Name, context: ExpressionContext): Scalar | null {
  const { schema, scope, report } = context;
  const name = at.path.join(".");
  const found = columnOf(schema, name);
  if (found !== undefined) return { op: "column", name: found.name, type: found.type };
  if (!schema.known) return null;
  const names = schema.columns.map((column) => column.name);
  const near = nearest(name, names);
  const param = scope.params.has(name);
  if (context.made?.includes(name) === true)
    return error(report, at.span, "unknown-column", `\`${name}\` is made in this same stage`, { notes: ["a stage sees the columns that flow into it"], help: `… | derive ${name} = … | derive … = ${name}` });
  return error(report, at.span, "unknown-column", `no column \`${name}\``, {
    ...(param
      ? { label: `write \`$${name}\` for the param`, fix: { span: at.span, text: `$${name}` } }
      : near !== null
        ? { label: `did you mean \`${near}\`?`, fix: { span: at.span, text: near } }
        : {}),
    notes: [...toldApart(name, near), `columns here: ${listed(names)}`],
  });
}

function bindBinary(at: Binary, context: ExpressionContext): Scalar | null {
  const { report } = context;
  // `1 < x < 3`: the parser has already told it.
  if (COMPARISONS.has(at.op) && at.left.kind === "binary" && COMPARISONS.has(at.left.op)) return null;
  if (at.op === "in") return bindMembership(at, context);
  const left = bindExpression(at.left, context);
  const right = bindExpression(at.right, context);
  if (left === null || right === null) return null;
  switch (at.op) {
    case "and":
    case "or": {
      for (const [side, expr] of [[left, at.left], [right, at.right]] as const)
        if (side.type !== "bool") return notBoolean(report, side, expr.span, `\`${at.op}\``);
      return { op: "logic", join: at.op, left, right, type: "bool" };
    }
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "~=":
    case "=~":
      return bindComparison(at, at.op, left, right, report);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "^":
      if (at.op === "+" && left.type === "str" && right.type === "str") return { op: "arithmetic", sign: "+", left, right, type: "str" };
      for (const [side, expr] of [[left, at.left], [right, at.right]] as const)
        if (!numeric(side.type)) return error(report, expr.span, "wrong-type", `\`${at.op}\` needs numbers, but this is ${typeName(side.type)}`, { notes: ["saeq never turns text into numbers by itself"] });
      return { op: "arithmetic", sign: at.op, left, right, type: at.op === "/" || at.op === "^" ? "float" : wider(left.type, right.type) };
    default:
      return at.op satisfies never;
  }
}

function bindComparison(at: Binary, op: CompareOp, left: Scalar, right: Scalar, report: Report): Scalar | null {
  const types = `${typeName(left.type)} and ${typeName(right.type)}`;
  const isNull = left.type === "null" || right.type === "null";
  const alike = (numeric(left.type) && numeric(right.type)) || left.type === right.type || isNull;
  if (op === "=~") {
    const wrong = patternProblem(at.right, right, report);
    if (wrong) return null;
  }
  if (!alike) {
    return error(report, at.span, "unlike-types", `\`${op}\` compares ${types}`, {
      notes: ["only values of one kind can be compared; saeq never turns text into numbers by itself"],
    });
  }
  if (isNull && op !== "==" && op !== "!=") return error(report, at.span, "unlike-types", `\`${op}\` with null is never true`, { help: "is_null(column)" });
  if (op === "~=" && !(numeric(left.type) && numeric(right.type))) return error(report, at.opSpan, "unlike-types", `\`~=\` compares numbers, not ${types}`);
  if (left.type === "bool" && right.type === "bool" && op !== "==" && op !== "!=") return error(report, at.span, "unlike-types", "true and false have no order");
  return { op: "compare", cmp: op, left, right, type: "bool" };
}

/** A pattern is written out, so that it is checked before anything runs; it is never built from data. True: reported. */
function patternProblem(written: Expr, pattern: Scalar, report: Report): boolean {
  if (pattern.op !== "literal" || typeof pattern.value !== "string") {
    error(report, written.span, "bad-pattern", "the pattern after `=~` is a text in quotes or a `$param`", { help: 'input_text =~ "^In the"' });
    return true;
  }
  const problem = checkPattern(pattern.value);
  if (problem === null) return false;
  error(report, written.span, "bad-pattern", `this pattern cannot be read: ${problem}`, { notes: ["patterns are those of RE2: no look-around and no back-references, so that matching never takes more than linear time"] });
  return true;
}

function bindMembership(at: Binary, context: ExpressionContext): Scalar | null {
  const operand = bindExpression(at.left, context);
  const options = bare(at.right);
  const alike = (a: Scalar, b: Scalar): boolean => a.type === b.type || (numeric(a.type) && numeric(b.type));
  const bound = (expr: Expr): Scalar | null => {
    const value = bindExpression(expr, context);
    if (value === null || operand === null) return null;
    return alike(operand, value) ? value : error(context.report, expr.span, "unlike-types", `\`in\` compares ${typeName(operand.type)} and ${typeName(value.type)}`);
  };
  if (options.kind === "range") {
    const from = bound(options.from);
    const to = bound(options.to);
    return operand === null || from === null || to === null ? null : { op: "within", operand, from, to, type: "bool" };
  }
  const listed = options.kind === "paramRef" ? constantList(options, context.scope) : undefined;
  if (listed !== undefined && options.kind === "paramRef") {
    const members = listed.map((value): Expr => literalExpr(value, options.span)).map(bound);
    if (operand === null || members.some((member) => member === null)) return null;
    return { op: "member", operand, options: members as Scalar[], type: "bool" };
  }
  if (options.kind === "list") {
    const members = options.items.map(bound);
    if (operand === null || members.some((member) => member === null)) return null;
    return { op: "member", operand, options: members as Scalar[], type: "bool" };
  }
  return error(context.report, at.right.span, "wrong-type", "after `in` stands a list or a range", { help: "x in [1, 2, 3]   or   x in 0..10" });
}

function literalExpr(value: ScalarLiteral, span: Span): Expr {
  switch (typeof value) {
    case "number": return { kind: "num", value, unit: "", text: String(value), span };
    case "string": return { kind: "str", value, text: JSON.stringify(value), span };
    case "boolean": return { kind: "bool", value, span };
    default: return { kind: "null", span };
  }
}

export function notBoolean(report: Report, value: Scalar, span: Span, who: string): null {
  const name = value.op === "column" ? `\`${value.name}\`` : "this";
  return error(report, span, "not-boolean", `${who} needs true/false, but ${name} is ${typeName(value.type)}`, {
    label: typeName(value.type),
    notes: ["saeq has no truthiness: say what is compared with what"],
    ...(value.op === "column" ? { help: numeric(value.type) ? `${value.name} > 0` : `${value.name} == "…"` } : {}),
  });
}

function bindCall(at: Call, context: ExpressionContext): Scalar | null {
  const { report } = context;
  const signature = Object.hasOwn(FUNCTIONS, at.name) ? FUNCTIONS[at.name] : undefined;
  if (signature === undefined) {
    const names = Object.keys(FUNCTIONS);
    const near = nearest(at.name, names);
    return error(report, at.nameSpan, "unknown-function", `no function \`${at.name}\``, {
      ...(near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: at.nameSpan, text: near } }),
      notes: [`functions: ${listed(names, 40)}`],
    });
  }
  const most = signature.variadic === true ? Infinity : signature.parameters.length;
  const least = signature.parameters.length - (signature.optional ?? 0);
  if (at.args.length < least || at.args.length > most)
    return error(report, at.span, "wrong-argument", `\`${at.name}\` takes ${least === most ? least : most === Infinity ? `${least} or more` : `${least} to ${most}`} value${most === 1 ? "" : "s"}, not ${at.args.length}`, { notes: [`${at.name}(${signature.parameters.join(", ")}): ${signature.doc}`] });
  let inner = context;
  let input = context.input ?? 0;
  if (signature.aggregate && context.relations !== undefined) {
    const other = at.args[0] === undefined ? null : relationOf(at.args[0].value, context);
    if (other !== null) {
      context.relations.push(other.plan);
      input = context.relations.length;
      if (other.column === null && at.name === "count") return { op: "aggregate", fn: "count", args: [], input, type: "int" };
      inner = { ...context, schema: other.plan.schema, input };
      if (other.column === null) return error(report, at.args[0]!.value.span, "wrong-argument", `\`${at.name}\` needs a column`, { help: `${at.name}(${other.name}.column)` });
      const columns = at.args.map(({ value }) => {
        const named = relationOf(value, context);
        return named?.plan === other.plan && named.column !== null ? bindName({ kind: "name", path: [named.column], quoted: true, span: value.span }, inner) : bindExpression(value, { ...inner, schema: { ...inner.schema, columns: [] } });
      });
      if (columns.some((column) => column === null)) return null;
      return finish(at, signature.parameters, columns as Scalar[], input, context);
    }
  }
  const args = at.args.map((arg) => bindExpression(arg.value, inner));
  if (args.some((arg) => arg === null)) return null;
  const pattern = signature.pattern === undefined ? undefined : args[signature.pattern];
  if (pattern !== undefined && pattern !== null && patternProblem(at.args[signature.pattern!]!.value, pattern, report)) return null;
  return finish(at, signature.parameters, args as Scalar[], input, context);
}

function finish(at: Call, parameters: readonly string[], args: readonly Scalar[], input: number, context: ExpressionContext): Scalar | null {
  const signature = FUNCTIONS[at.name]!;
  for (const [i, value] of args.entries()) {
    const wanted = parameters[Math.min(i, parameters.length - 1)]!;
    const fits = wanted === "any" || value.type === "null" || (wanted === "number" || wanted === "float" ? numeric(value.type) : wanted === value.type);
    if (!fits) return error(context.report, at.args[i]?.value.span ?? at.span, "wrong-type", `\`${at.name}\` needs ${wanted === "number" ? "a number" : typeName(wanted)} here, but this is ${typeName(value.type)}`);
  }
  // Null has every type, so the type is that of the first value that is not null; all of them must agree.
  const values = signature.result === "second" ? args.slice(1) : signature.variadic === true ? args : args.slice(0, 1);
  const typed = values.filter((value) => value.type !== "null");
  const odd = typed.find((value) => value.type !== typed[0]!.type && !(numeric(value.type) && numeric(typed[0]!.type)));
  if (odd !== undefined && (signature.result === "same" || signature.result === "second"))
    return error(context.report, at.span, "unlike-types", `\`${at.name}\` gives either ${typeName(typed[0]!.type)} or ${typeName(odd.type)}`, { notes: ["a column holds values of one type"] });
  const common = typed.length === 0 ? "str" : typed.some((value) => value.type === "float") ? "float" : (typed[0]!.type as ScalarType);
  const type = signature.result === "same" || signature.result === "second" ? common : signature.result;
  return signature.aggregate ? { op: "aggregate", fn: at.name, args, input, type } : { op: "call", fn: at.name, args, type };
}

/** `perfect` or `perfect.matching_tokens` where that is a relation and not a column. */
function relationOf(expr: Expr, context: ExpressionContext): { name: string; plan: Plan; column: string | null } | null {
  const at = bare(expr);
  if (at.kind !== "name" || columnOf(context.schema, at.path.join(".")) !== undefined) return null;
  const name = at.path[0]!;
  const plan = relation(context.scope, name);
  return plan === undefined || at.path.length > 2 ? null : { name, plan, column: at.path[1] ?? null };
}
