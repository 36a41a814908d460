/** Without this file names in expressions would stand for no columns, params or relations. */
import type { Binary, Call, Expr, Name } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Fix } from "../../grammar/diagnostic.ts";
import type { Span } from "../../grammar/span.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import type { Plan } from "../ops/op.ts";
import type { Scalar, ScalarLiteral } from "../ops/scalar.ts";
import { columnOf, type ScalarType, type Schema } from "../ops/schema.ts";
import { bare, constant, constantList, isWritten, unitFactor } from "./constant.ts";
import { comparable, patternProblem, typedBinary, typedCall, typedUnary, typeName } from "./expression_types.ts";
import { asFunction, asList, asRange, partOf } from "./meant_calls.ts";
import type { Hint } from "./misplaced.ts";
import { orQuoted } from "./quoted_columns.ts";
import { refusePipeline } from "./named_before.ts";
import { beyondHelp, error, relation, type ParamValue, type Report, type Scope } from "./scope.ts";
import { listed, nearest, toldApart } from "./suggest.ts";

export interface ExpressionContext {
  readonly schema: Schema;
  readonly scope: Scope;
  readonly report: Report;
  /** Relations that aggregates may read, filled while binding; absent where they are not allowed. */
  readonly relations?: Plan[];
  /** Columns that the same stage makes: they cannot be seen yet, and that is what is said. */
  readonly made?: readonly string[];
  /** Of what stands on the other side of an operator. */
  readonly beside?: Scalar["type"];
  /** Of a name that stands where only these types can: which column was meant goes by that, too. */
  readonly wanted?: readonly ScalarType[];
  /** What puts the column that is being made, and those behind it, into a stage of their own. */
  readonly apart?: Fix;
  /** Inside an aggregate's argument: which schema names are looked up in, and as which input. */
  readonly input?: number;
}

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "~=", "=~", "in"]);

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
      if (isList(value)) return error(report, at.span, "wrong-type", `\`$${at.name}\` is a list, and a list stands after \`in\``);
      const type = value === null ? "null" : typeof value === "string" ? "str" : typeof value === "boolean" ? "bool" : Number.isInteger(value) ? "int" : "float";
      return { op: "literal", value, type };
    }
    case "unary": {
      const operand = bindExpression(at.operand, context);
      return operand === null ? null : orQuoted([at.operand], context, () => typedUnary(at, operand, report));
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

/** `declared`: type and default of a param that could stand there. */
export function unknownParam(report: Report, scope: Scope, name: string, span: Span, declared = "int = 10"): null {
  if (beyondHelp(report)) return error(report, span, "unknown-param", `no param \`$${name}\``);
  const names = [...scope.params.keys()];
  const near = nearest(name, names);
  return error(report, span, "unknown-param", `no param \`$${name}\``, {
    ...(near === null ? {} : { label: `did you mean \`$${near}\`?`, fix: { span, text: `$${near}` } }),
    notes: [`params here: ${listed(names.map((each) => `$${each}`))}`],
    help: `param ${name}: ${declared}`,
  });
}

function isList(value: ParamValue): value is readonly ScalarLiteral[] {
  return Array.isArray(value);
}

/** What people call columns of figures. */
const FIGURE_WORDS: Readonly<Record<string, readonly string[]>> = { max: ["activation", "max_activation", "max_act", "strength", "peak"], mean: ["mean_activation", "mean_act", "avg", "average"], count: ["freq", "frequency", "fires", "firings", "n_active"], p: ["pvalue", "p_value", "pval"], q: ["qvalue", "q_value", "qval", "fdr", "padj", "p_adj"] };

function bindName(at: Name, context: ExpressionContext): Scalar | null {
  const { schema, scope, report } = context;
  const name = at.path.join(".");
  const found = columnOf(schema, name);
  if (found !== undefined) return { op: "column", name: found.name, type: found.type };
  if (!schema.known) return null;
  const names = schema.columns.map((column) => column.name);
  const { wanted } = context;
  const fitting = wanted === undefined ? [] : schema.columns.filter(({ type }) => wanted.includes(type)).map((column) => column.name);
  const near = names.find((each) => Object.hasOwn(FIGURE_WORDS, each) && FIGURE_WORDS[each]!.includes(name.toLowerCase())) ?? nearest(name, fitting) ?? nearest(name, names);
  const param = scope.params.has(name);
  const called = Object.hasOwn(FUNCTIONS, name) && FUNCTIONS[name]!.aggregate && FUNCTIONS[name]!.parameters.length === (FUNCTIONS[name]!.optional ?? 0);
  if (context.relations !== undefined && at.path.length === 1 && relation(scope, name) !== undefined)
    return error(report, at.span, "unknown-column", `\`${name}\` is a value, and an aggregate reads it`, { label: `write \`count(${name})\``, fix: { span: at.span, text: `count(${name})` } });
  if (context.made?.includes(name) === true)
    return error(report, at.span, "unknown-column", `\`${name}\` is made in this same stage`, { notes: ["a stage sees the columns that flow into it"], ...(context.apart === undefined ? { help: `… | derive ${name} = … | derive … = ${name}` } : { label: "another `derive` sees it", fix: context.apart }) });
  return error(report, at.span, "unknown-column", `no column \`${name}\``, {
    ...(param
      ? { label: `write \`$${name}\` for the param`, fix: { span: at.span, text: `$${name}` } }
      : called && near === null
        ? { label: `did you mean \`${name}()\`?`, fix: { span: at.span, text: `${name}()` } }
      : near !== null
        ? { label: `did you mean \`${near}\`?`, fix: { span: at.span, text: printColumn(near) } }
        : asValue(at, context)),
    notes: [...toldApart(name, near), `columns here: ${listed(names.map(printColumn))}`],
  });
}

/** A word that is no column beside a column: a missing value of another language, or a text without its quotes. */
function asValue(at: Name, { beside }: ExpressionContext): Hint {
  const name = at.path.join(".");
  const meant = beside === undefined ? null : /^(?:na|nan|nil|null|undefined|missing)$/i.test(name) ? "null" : beside === "str" ? JSON.stringify(name) : null;
  return meant === null ? {} : { label: meant === "null" ? "write `null`" : "text stands in quotes", fix: { span: at.span, text: meant } };
}

function bindBinary(at: Binary, context: ExpressionContext): Scalar | null {
  const { report } = context;
  // `1 < x < 3`: the parser has already told it.
  if (COMPARISONS.has(at.op) && at.left.kind === "binary" && COMPARISONS.has(at.left.op)) return null;
  if (at.op === "in") return bindMembership(at, context);
  const written = report.text.slice(at.span.start, at.span.end);
  if (at.op === "-" && columnOf(context.schema, written) !== undefined && columnOf(context.schema, written.replace(/-.*/s, "")) === undefined)
    return error(report, at.span, "unknown-column", `\`${written}\` reads as a subtraction`, { label: "a name with `-` stands in backquotes", fix: { span: at.span, text: printColumn(written) } });
  const joined = at.op === "+" && isWritten(at, true) ? constant(at, context.scope) : undefined;
  if (typeof joined === "string") return { op: "literal", value: joined, type: "str" };
  const among = asMembership(at, context);
  if (among !== null) return error(report, bare(at.right).span, "wrong-type", `\`$${among.list}\` is a list, and a list stands after \`in\``, { label: `write \`${among.text}\``, fix: { span: at.span, text: among.text } });
  const left = bindOperand(at.left, at.right, context);
  const right = bindOperand(at.right, at.left, context);
  if (left === null || right === null) return null;
  const { op } = at;
  return orQuoted([at.left, at.right], context, () => typedBinary(at, op, left, right, report));
}

/** `x == $wanted`, where that is a list: what was meant; null where it is none. */
function asMembership({ left, op, right }: Binary, { scope, report }: ExpressionContext): { readonly list: string; readonly text: string } | null {
  const at = bare(right);
  if ((op !== "==" && op !== "!=") || at.kind !== "paramRef" || !isList(scope.params.get(at.name) ?? null)) return null;
  return { list: at.name, text: `${op === "!=" ? "not " : ""}${report.text.slice(left.span.start, left.span.end)} in $${at.name}` };
}

const DECLARED: Readonly<Partial<Record<Scalar["type"], string>>> = { str: 'str = "…"', float: "float = 0.5", bool: "bool = true" };

/** One side of an operator; a param that is missing would be of the type of the other side. */
function bindOperand(side: Expr, other: Expr, context: ExpressionContext): Scalar | null {
  const at = bare(side);
  const unknownName = at.kind === "name" && columnOf(context.schema, at.path.join(".")) === undefined;
  if (!unknownName && (at.kind !== "paramRef" || context.scope.params.has(at.name))) return bindExpression(side, context);
  const beside = bindExpression(other, { ...context, report: { ...context.report, diagnostics: [] } });
  if (at.kind === "name") return bindName(at, { ...context, ...(beside?.op === "column" ? { beside: beside.type } : {}), ...(beside === null || beside.type === "null" ? {} : { wanted: likeTypes(beside.type) }) });
  return unknownParam(context.report, context.scope, at.name, at.span, beside === null ? undefined : DECLARED[beside.type]);
}

function bindMembership(at: Binary, context: ExpressionContext): Scalar | null {
  const operand = bindExpression(at.left, context);
  const options = bare(at.right);
  const bound = (expr: Expr): Scalar | null => {
    const value = bindExpression(expr, context);
    if (value === null || operand === null) return null;
    return comparable(operand, value) ? value : error(context.report, expr.span, "unlike-types", `\`in\` compares ${typeName(operand.type)} and ${typeName(value.type)}`);
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
  const within = partOf(at, operand, context);
  if (within !== null) return error(context.report, at.span, "wrong-type", "after `in` stands a list or a range", { label: `write \`${within}\``, fix: { span: at.span, text: within } });
  const meant = asRange(at.right) ?? asList(at.right, context.report.text);
  return error(context.report, meant !== null ? at.right.span : at.span, "wrong-type", "after `in` stands a list or a range", meant !== null ? { label: `write \`${meant}\``, fix: { span: at.right.span, text: meant } } : { notes: ["a range is written `x in 0..10`"], help: `${context.report.text.slice(at.left.span.start, at.left.span.end)} in ${operand?.type === "str" ? '["a", "b"]' : "[1, 2, 3]"}` });
}

function literalExpr(value: ScalarLiteral, span: Span): Expr {
  switch (typeof value) {
    case "number": return { kind: "num", value, unit: "", text: String(value), span };
    case "string": return { kind: "str", value, text: JSON.stringify(value), span };
    case "boolean": return { kind: "bool", value, span };
    default: return { kind: "null", span };
  }
}

/** An expression where only these types can stand; undefined: any can. */
export function bindWanted(expr: Expr, wanted: readonly ScalarType[] | undefined, context: ExpressionContext): Scalar | null {
  return bindExpression(expr, wanted === undefined || bare(expr).kind !== "name" ? context : { ...context, wanted });
}

/** The types that can be compared with one. */
const likeTypes = (type: ScalarType): readonly ScalarType[] => (type === "int" || type === "float" ? ["int", "float"] : [type]);

/** The types of a parameter; undefined: any. */
function typesOf(parameter: (typeof FUNCTIONS)[string]["parameters"][number] | undefined): readonly ScalarType[] | undefined {
  return parameter === undefined || parameter === "any" ? undefined : parameter === "number" ? ["int", "float"] : [parameter];
}

/** What other languages turn values of one type into another with. */
const TURNS: readonly string[] = ["str", "string", "text", "to_string", "as_string", "int", "integer", "float", "double", "number", "bool", "cast", "astype"];

function bindCall(at: Call, context: ExpressionContext): Scalar | null {
  const { report } = context;
  const [first] = at.args;
  const only = first?.value.kind === "name" && first.value.path.length === 1 ? first.value.path[0]! : null;
  const signature = Object.hasOwn(FUNCTIONS, at.name) ? FUNCTIONS[at.name] : undefined;
  if (signature === undefined) {
    const names = Object.keys(FUNCTIONS);
    const word = at.name.toLowerCase();
    const turns = TURNS.includes(word);
    const method = asFunction(at, context);
    if (method !== null) return error(report, at.nameSpan, "unknown-function", `no function \`${at.name}\``, { label: `write \`${method}\``, fix: { span: at.span, text: method } });
    const owned = columnOf(context.schema, at.name.slice(0, Math.max(0, at.name.lastIndexOf(".")))) !== undefined;
    const near = turns || owned ? null : (names.find((each) => FUNCTIONS[each]!.alsoCalled?.includes(word)) ?? nearest(at.name, names));
    return error(report, at.nameSpan, "unknown-function", `no function \`${at.name}\``, {
      ...(turns ? { help: `csv "…" types {${columnRead(at)}: ${/^(?:int|integer|number)$/.test(word) ? "int" : /^(?:float|double)$/.test(word) ? "float" : word === "bool" ? "bool" : "str"}}` } : {}),
      ...(near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: at.nameSpan, text: near } }),
      notes: turns ? ["a column keeps its type: it is given where a file is read"] : [`functions: ${listed(names, 50)}`],
    });
  }
  if (at.name === "len" && context.relations !== undefined && only !== null && relation(context.scope, only) !== undefined)
    return error(report, at.nameSpan, "wrong-type", "`len` counts the characters of a text", { label: "write `count`", fix: { span: at.nameSpan, text: "count" } });
  if (signature.aggregate && context.relations !== undefined && refusePipeline(at, context.scope, report)) return null;
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
      return typedCall(at, columns as Scalar[], input, report);
    }
  }
  const args = at.args.map(({ value }, i) => bindWanted(value, typesOf(signature.parameters[Math.min(i, signature.parameters.length - 1)]), inner));
  if (args.some((arg) => arg === null)) return null;
  const pattern = signature.pattern === undefined ? undefined : args[signature.pattern];
  if (pattern !== undefined && pattern !== null && patternProblem(at.args[signature.pattern!]!.value, pattern, report)) return null;
  return orQuoted(at.args.map(({ value }) => value), inner, () => typedCall(at, args as Scalar[], input, report));
}

/** The column that a call reads, as it is written; \`n\` where it reads none. */
function columnRead({ args }: Call): string {
  const at = args[0] === undefined ? null : bare(args[0].value);
  return at?.kind === "name" ? printColumn(at.path.join(".")) : "n";
}

/** `perfect` or `perfect.matching_tokens` where that is a relation and not a column. */
function relationOf(expr: Expr, context: ExpressionContext): { name: string; plan: Plan; column: string | null } | null {
  const at = bare(expr);
  if (at.kind !== "name" || columnOf(context.schema, at.path.join(".")) !== undefined) return null;
  const name = at.path[0]!;
  const plan = relation(context.scope, name);
  return plan === undefined || at.path.length > 2 ? null : { name, plan, column: at.path[1] ?? null };
}
