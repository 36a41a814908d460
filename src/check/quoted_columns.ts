/** Without this file a column in quotes, as SQL and pandas write it, would be a text that is the same in every row. */
import type { Expr } from "../../grammar/ast.ts";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import type { Scalar } from "../ops/scalar.ts";
import { columnOf, type Schema } from "../ops/schema.ts";
import { bare } from "./constant.ts";
import { error, type Report } from "./scope.ts";

interface Around {
  readonly schema: Schema;
  readonly report: Report;
}

/** Whether anything in an expression is of a row: a column, or the row's own number, of which nothing is asked. */
export function isOfRow(scalar: Scalar): boolean {
  const reads = (value: unknown): boolean => typeof value === "object" && value !== null && (("op" in value && (value.op === "column" || (value.op === "call" && "args" in value && Array.isArray(value.args) && value.args.length === 0))) || Object.values(value).some(reads));
  return reads(scalar);
}

/** Where a condition reads neither a column nor a param and has the name of a column in quotes, that is reported. True: it was. */
export function refusesQuoted(expr: Expr, bound: Scalar, { schema, report }: Around): boolean {
  const quoted = schema.known && !isOfRow(bound) && !/\$[\p{L}_]/u.test(report.text.slice(expr.span.start, expr.span.end)) ? quotedIn(expr, schema) : null;
  if (quoted !== null) error(report, quoted.span, "wrong-argument", `this is the text ${JSON.stringify(quoted.value)} and not the column, so all rows are alike`, written(quoted));
  return quoted !== null;
}

/** What checks the parts of an expression; where one of them is a column in quotes, its mistake is told as that. */
export function orQuoted<T>(parts: readonly Expr[], { schema, report }: Around, check: () => T | null): T | null {
  const before = report.diagnostics.length;
  const made = check();
  const told = report.diagnostics[before];
  if (made !== null || told === undefined) return made;
  for (const part of parts) {
    const at = bare(part);
    if (at.kind !== "str" || columnOf(schema, at.value) === undefined) continue;
    const { fix: _, label: __, ...rest } = told;
    report.diagnostics[before] = { ...rest, ...written(at) };
    break;
  }
  return null;
}

type Quoted = Expr & { readonly kind: "str" };

/** The text in an expression that is the name of a column; null where none is. */
function quotedIn(expr: Expr, schema: Schema): Quoted | null {
  const at = bare(expr);
  if (at.kind === "str") return columnOf(schema, at.value) === undefined ? null : at;
  const parts = at.kind === "binary" ? [at.left, at.right] : at.kind === "unary" ? [at.operand] : at.kind === "call" ? at.args.map(({ value }) => value) : [];
  for (const part of parts) {
    const found = quotedIn(part, schema);
    if (found !== null) return found;
  }
  return null;
}

function written({ value, span }: Quoted): Pick<Diagnostic, "label" | "fix"> {
  return { label: `write \`${printColumn(value)}\``, fix: { span, text: printColumn(value) } };
}
