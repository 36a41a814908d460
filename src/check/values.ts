/** Without this file the words of an argument would stay words. */
import type { Arg as Words, Expr, Item, Pipeline } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Span } from "../../grammar/span.ts";
import type { Plan } from "../ops/op.ts";
import type { Scalar } from "../ops/scalar.ts";
import type { ScalarType, Schema } from "../ops/schema.ts";
import type { Assignment, Check, Shape } from "../stages/args.ts";
import { bare, constant, single } from "./constant.ts";
import { bindExpression, bindWanted, type ExpressionContext } from "./expression.ts";
import { notBoolean, typeName } from "./expression_types.ts";
import { refusesQuoted } from "./quoted_columns.ts";
import { quotedParams } from "./quoted_params.ts";
import { error, type Report, type Scope } from "./scope.ts";
import { asKeywordOfColumn, columnNamed, type Hint } from "./misplaced.ts";
import { together } from "./meant_values.ts";
import { allOf, asColumn, asConditions, assignedOtherwise, nameOr, outOfList, typeNamed, unlistedTexts, unquotedPath, withBlanks } from "./meant_words.ts";
import { asParam, expandList, intOf, literal } from "./numbers.ts";
import { relations } from "./relations.ts";
import { sortKeys } from "./sort_keys.ts";
import { listed, nearest, toldApart } from "./suggest.ts";
import { asPart } from "./token_places.ts";

export interface ValueContext {
  readonly stage: string;
  readonly schema: Schema;
  readonly scope: Scope;
  readonly report: Report;
  readonly text: string;
  /** Compile a pipeline in this scope, from the given input or from its own source. */
  readonly pipeline: (pipeline: Pipeline, input: "own" | "source") => Plan | null;
}

/** The typed value of an argument, or undefined after a reported mistake (or where columns are not known). */
export function argumentValue(shape: Shape, words: Words, context: ValueContext): unknown {
  const { report, scope } = context;
  const expressions: ExpressionContext = { schema: context.schema, scope, report };
  const wrong = (span: Span, message: string, more: Parameters<typeof error>[4] = {}): undefined => {
    error(report, span, "wrong-argument", message, more);
    return undefined;
  };
  const one = (): Expr | undefined => {
    const value = single(words);
    if (value !== null) return value.kind === "hole" ? undefined : value;
    const named = words.items[0];
    if (named !== undefined && named.name !== null && (shape.kind === "predicate" || shape.kind === "scalar")) return assigned(named, report);
    const ordered = words.items.length === 1 ? words.items[0] : undefined;
    if (ordered !== undefined && ordered.order !== null) return wrong(words.span, `\`${ordered.order}\` belongs to \`sort\``, { fix: { span: { start: ordered.value.span.end, end: ordered.span.end }, text: "" } });
    return wrong(words.span, "one value is needed here", withBlanks(words.items, context.text) ?? together(words.items, context.text) ?? (shape.kind === "predicate" ? allOf(words, context.text) : shape.kind === "oneOf" ? withoutName(words, shape.options) : {}));
  };
  switch (shape.kind) {
    case "flag":
      return true;
    case "int": {
      const values: number[] = [];
      for (const item of shape.list ? words.items.flatMap((each) => expandList(each, context)) : words.items) {
        const value = intOf(item, shape, context);
        if (value === undefined) return undefined;
        values.push(value);
      }
      if (shape.list) return values;
      return values.length === 1 ? values[0] : wrong(words.span, "one whole number is needed here", together(words.items, context.text) ?? {});
    }
    case "bool": {
      const value = one();
      if (value === undefined) return undefined;
      const truth = literal(value, context, "bool = true");
      return typeof truth === "boolean" ? truth : wrong(value.span, "true or false is needed here", asParam(value, context) ?? {});
    }
    case "float":
    case "duration": {
      const value = one();
      if (value === undefined) return undefined;
      const number = literal(value, context, shape.kind === "float" ? "float = 0.5" : "float = 60");
      return typeof number === "number" ? number : wrong(value.span, shape.kind === "float" ? "a number is needed here" : "a time is needed here, as 90s or 2h", asParam(value, context) ?? {});
    }
    case "oneOf": {
      const value = one();
      if (value === undefined) return undefined;
      const word = value.kind === "name" ? value.path.join(".") : literal(value, context, `str = "${shape.options[0] ?? ""}"`);
      if (typeof word === "string" && shape.options.includes(word)) return word;
      const near = typeof word === "string" ? (signed(word, shape) ?? (nearest(word, shape.options) ?? (shape.options.find((each) => each.length > 2 && word.toLowerCase().split("_").includes(each)) ?? null))) : signed(context.text.slice(value.span.start, value.span.end), shape);
      const other = near !== null ? null : (asPart(String(word ?? ""), value, shape, context.text) ?? (typeof word === "string" ? asKeywordOfColumn(word, value.span, context) : null));
      return wrong(value.span, `one of ${shape.options.map((each) => `\`${each}\``).join(", ")} is needed here`, near === null ? (other ?? {}) : { label: `did you mean \`${near}\`?`, fix: { span: value.span, text: near } });
    }
    case "string": {
      const values: string[] = [];
      for (const item of words.items) {
        if (item.value.kind === "hole") return undefined;
        const value = item.name === null ? literal(item.value, context, 'str = "…"') : undefined;
        if (value === null || value === undefined || typeof value !== "string") return value === null ? undefined : wrong(item.span, "text in quotes is needed here", item.value.kind === "name" ? asParam(item.value, context) ?? spoken(item.value, shape) ?? { fix: { span: item.value.span, text: JSON.stringify(item.value.path.join(".")) } } : unlistedTexts(item.value, shape.list, context.text));
        values.push(value);
      }
      if (shape.list) return values;
      return values.length === 1 ? values[0] : wrong(words.span, "one text is needed here");
    }
    case "path": {
      const value = one();
      if (value === undefined) return undefined;
      const quoted = quotedParams(value, scope);
      if (quoted !== null) return wrong(value.span, quoted.message, quoted.hint);
      const path = literal(value, context, `str = "${shape.access === "read" ? "in" : "out"}${shape.extensions[0] ?? ".csv"}"`);
      if (typeof path !== "string") return path === null ? undefined : wrong(value.span, "a file name in quotes is needed here", value.kind === "name" ? asParam(value, context) ?? { fix: { span: value.span, text: JSON.stringify(value.path.join(".")) } } : unquotedPath(value, context.text));
      if (path === "" || path.includes("\0")) return wrong(value.span, "this is not a file name");
      if (shape.access === "read") return fileRead(path, value.span, context);
      report.accesses.push({ access: "write", path, at: value.span });
      return path;
    }
    case "column": {
      const value = one();
      if (value === undefined) return undefined;
      if (value.kind !== "name") return wrong(value.span, "a column name is needed here", asColumn({ name: null, value }, context) ?? {});
      const name = value.path.join(".");
      const known = [...(context.schema.kind === "acts" ? [] : context.schema.columns.map((column) => column.name)), ...shape.extra];
      if (!context.schema.known || known.includes(name) || context.schema.kind === "acts") return name;
      const near = nearest(name, known);
      error(report, value.span, "unknown-column", `no column \`${name}\``, { ...(near === null ? {} : { label: `did you mean \`${near}\`?`, fix: { span: value.span, text: shape.extra.includes(near) ? near : printColumn(near) } }), notes: [...toldApart(name, near), `columns here: ${listed(context.schema.columns.map((column) => printColumn(column.name)))}`] });
      return undefined;
    }
    case "columns": {
      const unlisted = outOfList(words, context.text);
      if (unlisted !== null) return wrong(words.span, "column names are needed here", unlisted);
      const names: string[] = [];
      for (const item of words.items) {
        const bound = bindWanted(item.value, shape.of === "figures" ? ["int", "float", "bool"] : undefined, expressions);
        if (bound === null) continue;
        if (bound.op !== "column" || item.name !== null) return wrong(item.span, "column names are needed here", asColumn(item, context) ?? {});
        names.push(bound.name);
      }
      return names.length === words.items.length ? names : undefined;
    }
    case "names": {
      const names: string[] = [];
      for (const item of words.items) {
        if (item.value.kind === "hole") return undefined;
        if (item.value.kind !== "name" || item.name !== null) return wrong(item.span, "column names are needed here");
        names.push(item.value.path.join("."));
      }
      return names;
    }
    case "predicate": {
      const value = one();
      const bound = value === undefined ? null : bindWanted(value, ["bool"], expressions);
      if (bound === null || value === undefined) return undefined;
      if (refusesQuoted(value, bound, context)) return undefined;
      return bound.type === "bool" ? bound : (notBoolean(report, bound, value.span, `\`${context.stage}\``) ?? undefined);
    }
    case "scalar": {
      const value = one();
      return (value === undefined ? null : bindExpression(value, expressions)) ?? undefined;
    }
    case "keys":
      return sortKeys(words, expressions);
    case "assignments":
      return named(words, expressions, false, context);
    case "parts":
      return named(words, expressions, true, context);
    case "pipelines":
      return relations(words, shape.named, context);
    case "stages": {
      const value = one();
      if (value === undefined) return undefined;
      if (value.kind !== "group") return wrong(value.span, `\`${context.stage}\` needs stages in brackets`, { fix: { span: value.span, text: `(${context.text.slice(value.span.start, value.span.end)})` } });
      return context.pipeline(value.pipeline, "own") ?? undefined;
    }
    case "types":
      return columnTypes(words, context);
    case "check":
      return condition(words, expressions, context);
    default:
      return shape satisfies never;
  }
}

/** The option that other tools write like this, in any case and with dashes (`encoding iso-8859-1`, which reads as a subtraction). */
/** `plot kind=bar`: the choice, which has no name before it. */
function withoutName({ items: [item, ...more], span }: Words, options: readonly string[]): Hint {
  const word = item?.name != null && more.length === 0 && item.value.kind === "name" ? item.value.path.join(".") : "";
  const meant = options.includes(word) ? word : options.find((each) => each.startsWith(word));
  return word === "" || meant === undefined ? {} : { label: `write \`${meant}\``, fix: { span, text: meant } };
}

function signed(written: string, { options, signs }: Shape & { readonly kind: "oneOf" }): string | null {
  const word = written.toLowerCase().replace(/[-_](?=\w)/g, "");
  return signs !== undefined && Object.hasOwn(signs, word) ? signs[word]! : (options.find((each) => each === word) ?? null);
}

/** `sep tab`: a sign by its name. */
function spoken({ path, span }: Expr & { readonly kind: "name" }, { signs }: Shape & { readonly kind: "string" }): Hint | null {
  const sign = signs !== undefined && Object.hasOwn(signs, path.join(".")) ? signs[path.join(".")]! : null;
  return sign === null ? null : { label: `write ${sign}`, fix: { span, text: sign } };
}

/** A file that is read: where it lies for the script, and that its right is asked for. */
export function fileRead(path: string, at: Span, { scope, report }: Pick<ValueContext, "scope" | "report">): string {
  const place = beside(scope.base, path);
  report.accesses.push({ access: "read", path: place, at });
  return place;
}

/** A relative path in a module is relative to the module. */
export function beside(base: string, path: string): string {
  return base === "" || /^(\/|[A-Za-z]:|[a-z]+:)/.test(path) ? path : `${base}/${path}`;
}

/** `a = 0` where a condition is wanted: name the mistake and give the fix. */
function assigned(item: Item, report: Report): undefined {
  const name = item.name!;
  // `where a-b = 3`: the parser took the left side for a name.
  const dashed = report.diagnostics.findIndex(({ code, span }) => code === "dashed-name" && span.start === name.span.start);
  if (dashed >= 0) report.diagnostics.splice(dashed, 1);
  error(report, { start: name.span.end, end: item.value.span.start }, "single-equals", "`=` names a column; it does not compare", {
    label: "write `==`",
    fix: { span: { start: name.span.end, end: item.value.span.start }, text: " == " },
  });
  return undefined;
}

function named(words: Words, context: ExpressionContext, conditions: boolean, values: ValueContext): readonly Assignment[] | undefined {
  const made: Assignment[] = [];
  let whole = true;
  const unlisted = outOfList(words, values.text);
  if (unlisted !== null) return void error(context.report, words.span, "missing-name", "columns are listed without brackets", unlisted);
  for (const item of words.items) {
    const otherwise = assignedOtherwise(item, words, values);
    if (otherwise !== null) return void error(context.report, item.span, "missing-name", "this needs a name", otherwise);
    const before = words.items[words.items.indexOf(item) - 1];
    const apart = before === undefined || values.stage !== "derive" ? {} : { apart: { span: { start: before.span.end, end: item.span.start }, text: " | derive " } };
    const value = bindWanted(item.value, conditions ? ["bool"] : undefined, { ...context, made: made.map((each) => each.name), ...apart });
    if (value === null) {
      whole = false;
      continue;
    }
    const name = item.name?.path.join(".") ?? (value.op === "column" && !conditions ? value.name : null);
    if (name === null && conditions && (value.type !== "bool" || value.op === "column")) {
      const column = value.op === "column" ? value.name : null;
      const told = value.type === "bool" ? "this needs a name" : `\`${values.stage}\` cuts by conditions, and ${column === null ? "this" : `\`${column}\``} is ${typeName(value.type)}`;
      error(context.report, item.span, value.type === "bool" ? "missing-name" : "not-boolean", told, asConditions(item, { column, type: value.type }, words, values));
      return undefined;
    }
    if (name === null) {
      const at = bare(item.value);
      const called = at.kind === "call" ? `${columnNamed(at.name, at.args[0]?.value)} = ` : null;
      error(context.report, item.span, "missing-name", "this needs a name", called === null ? { help: `${values.stage} name = ${nameOr(at, values)}` } : { fix: { span: { start: item.span.start, end: item.span.start }, text: called } });
      return undefined;
    }
    if (conditions && refusesQuoted(item.value, value, values)) return undefined;
    if (conditions && value.type !== "bool") {
      notBoolean(context.report, value, item.value.span, `\`${name}\``);
      return undefined;
    }
    if (made.some((other) => other.name === name)) {
      error(context.report, item.span, "name-taken", `\`${name}\` is named twice`);
      return undefined;
    }
    made.push({ name, value });
  }
  return whole ? made : undefined;
}

const COLUMN_TYPES: readonly ScalarType[] = ["int", "float", "bool", "str"];

function columnTypes(words: Words, { report, scope }: ValueContext): Readonly<Record<string, ScalarType>> | undefined {
  const record = single(words);
  if (record === null || record.kind !== "record") {
    error(report, words.span, "wrong-argument", "types stand in braces", { help: "types {id: str}" });
    return undefined;
  }
  const types: [string, ScalarType][] = [];
  for (const { name, value } of record.fields) {
    const word = value.kind === "name" ? value.path.join(".") : constant(value, scope);
    const type = COLUMN_TYPES.find((each) => each === word);
    if (type === undefined) return void error(report, value.span, "wrong-argument", `a type is one of ${COLUMN_TYPES.join(", ")}`, typeNamed(word, value.span));
    types.push([name.path.join("."), type]);
  }
  return Object.fromEntries(types);
}

function condition(words: Words, expressions: ExpressionContext, context: ValueContext): Check | undefined {
  const [first, second, third] = words.items;
  if (first === undefined || third !== undefined) return undefined;
  if (first.name !== null) return assigned(first, context.report);
  const relations: Plan[] = [];
  const bound: Scalar | null = bindExpression(first.value, { ...expressions, relations });
  if (bound === null) return undefined;
  if (bound.type !== "bool") {
    error(context.report, first.span, "not-boolean", `\`assert\` needs true/false, but this is ${typeName(bound.type)}`);
    return undefined;
  }
  const message = second === undefined ? "" : literal(second.value, context, 'str = "…"');
  if (typeof message !== "string") {
    if (message !== null) error(context.report, second?.span ?? words.span, "wrong-argument", "the message is text in quotes");
    return undefined;
  }
  return { condition: bound, message, text: context.text.slice(first.span.start, first.span.end), relations };
}

