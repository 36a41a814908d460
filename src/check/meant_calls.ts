/** Without this file functions, ranges and memberships of other languages would be refused without saying how they are written. */
import type { Binary, Call, Expr } from "../../grammar/ast.ts";
import { printColumn } from "../../grammar/print_parts.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import type { Scalar } from "../ops/scalar.ts";
import { columnOf } from "../ops/schema.ts";
import { bare } from "./constant.ts";
import type { ExpressionContext } from "./expression.ts";
import { relation } from "./scope.ts";

/** Under which names libraries of functions are imported. */
const LIBRARIES: ReadonlySet<string> = new Set(["pd", "pandas", "np", "numpy", "math", "pl", "torch", "re", "stringr", "base"]);

/** `text.str.contains("God")`, `np.log(x)`, `grepl("God", text)`: the call of the function that does it; null where none does. */
export function asFunction({ name, args }: Call, { schema, scope, report, relations }: ExpressionContext): string | null {
  const written = args.map(({ span }) => report.text.slice(span.start, span.end));
  if (args.some((each) => each.name !== null)) return null;
  if (/^(?:concat|paste0?|str_c)$/.test(name) && args.length > 1) return written.join(" + ");
  if (/\.where$/.test(name) && args.length === 3) return `if(${written.join(", ")})`;
  if (name === "grepl" && args.length === 2) return `contains(${written[1]}, ${written[0]})`;
  const at = name.lastIndexOf(".");
  if (at < 0) return null;
  const word = name.slice(at + 1).toLowerCase();
  const found = Object.hasOwn(FUNCTIONS, word) ? word : Object.keys(FUNCTIONS).find((each) => FUNCTIONS[each]!.alsoCalled?.includes(word));
  const owner = name.slice(0, at).replace(/\.(?:str|dt)$/, "");
  if (relations !== undefined && args.length === 0 && (found === "count" || found === "len" || word === "size") && relation(scope, owner) !== undefined) return `count(${owner})`;
  const column = columnOf(schema, owner);
  if (found === undefined || (column === undefined && !LIBRARIES.has(owner))) return null;
  const all = [...(column === undefined ? [] : [printColumn(column.name)]), ...written];
  const { parameters, optional = 0, variadic } = FUNCTIONS[found]!;
  return all.length < parameters.length - optional || (variadic !== true && all.length > parameters.length) ? null : `${found}(${all.join(", ")})`;
}

/** `"God" in input_text`: whether the text of a column contains another; null for anything else. */
export function partOf({ left, right }: Binary, operand: Scalar | null, { schema, report }: ExpressionContext): string | null {
  const at = bare(right);
  const column = at.kind === "name" ? columnOf(schema, at.path.join(".")) : undefined;
  return operand?.type !== "str" || column?.type !== "str" ? null : `contains(${printColumn(column.name)}, ${report.text.slice(left.span.start, left.span.end)})`;
}

/** `in range(1, 10)`, whose end does not count in Python; null for other calls. */
export function asRange(right: Expr): string | null {
  const at = bare(right);
  if (at.kind !== "call" || at.name !== "range" || at.args.length === 0 || at.args.length > 2 || at.args.some(({ name, value }) => name !== null || value.kind !== "num" || !Number.isSafeInteger(value.value))) return null;
  const [from, to] = at.args.length === 2 ? at.args.map(({ value }) => (value as { readonly value: number }).value) : [0, (at.args[0]!.value as { readonly value: number }).value];
  return from! < to! ? `${from}..${to! - 1}` : null;
}

/** `in ("a", "b")`, `in "a"`: the list that was meant; null for anything but plain values. */
export function asList(right: Expr, text: string): string | null {
  const plain = (expr: Expr): boolean => ["num", "str", "bool", "null", "paramRef"].includes(expr.kind) || (expr.kind === "unary" && plain(expr.operand));
  const only = bare(right);
  if (only.kind === "paramRef") return null;
  const items = only.kind !== "group" ? [only] : only.pipeline.stages.length > 1 || only.pipeline.stages[0]?.args.length !== 1 ? [] : only.pipeline.stages[0].args[0]!.items.map(({ value }) => value);
  return items.length === 0 || !items.every(plain) ? null : `[${items.map(({ span }) => text.slice(span.start, span.end)).join(", ")}]`;
}
