/** Without this file `take k` and `layer 3..16` would be refused without saying how such a number is written. */
import type { Expr, Item } from "../../grammar/ast.ts";
import type { Shape } from "../stages/args.ts";
import { bare, constant, constantList } from "./constant.ts";
import { unknownParam } from "./expression.ts";
import { asWhole } from "./meant_values.ts";
import type { Hint } from "./misplaced.ts";
import { error, type Report, type Scope } from "./scope.ts";
import { asCount } from "./token_places.ts";

interface Context {
  readonly scope: Scope;
  readonly report: Report;
}

type Whole = Shape & { readonly kind: "int" };

/** More numbers than this are not written out in a fix. */
const MOST_LISTED = 16;

/** A literal or `$param`; null after an unknown `$param` was reported. `declared`: type and default of a param that could stand here. */
export function literal(expr: Expr, { scope, report }: Context, declared = "int = 10"): unknown {
  const at = bare(expr);
  if (at.kind === "paramRef" && !scope.params.has(at.name)) return unknownParam(report, scope, at.name, at.span, declared);
  return constant(at, scope);
}

/** `layer $layers` where `let layers = [5, 7]`: the items of the list. */
export function expandList(item: Item, { scope }: Context): readonly Item[] {
  const values = item.name === null ? constantList(item.value, scope) : undefined;
  return values === undefined ? [item] : values.map((value) => ({ ...item, value: typeof value === "number" ? { kind: "num", value, unit: "", text: String(value), span: item.span } : { kind: "hole", span: item.span } }));
}

/** A whole number between two bounds; undefined after a reported mistake. */
export function intOf(item: Item, { min, max, list, of }: Whole, context: Context): number | undefined {
  if (item.value.kind === "hole") return undefined;
  const value = item.name === null ? literal(item.value, context) : undefined;
  if (value === null) return undefined;
  const meant = asParam(item.value, context) ?? (of === "tokens" && item.name === null ? asCount(item.value, context.report.text) : null) ?? (list ? (asAll(item, of) ?? asList(item.value, min, context)) : null) ?? (item.name === null ? asWhole(item.value, min, of === "layer" || of === "feature") : unnamed(item)) ?? {};
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    error(context.report, item.span, "wrong-argument", typeof value === "number" ? `a whole number is needed here, not ${value}` : "a whole number is needed here", meant);
    return undefined;
  }
  if (value >= min && value <= max) return value;
  error(context.report, item.span, "out-of-range", `${value} is ${value < min ? `less than ${min}` : `more than ${max}`}`, meant);
  return undefined;
}

/** `layer all`: what is listed instead. */
function asAll({ name, value }: Item, of: Whole["of"]): Hint | null {
  const word = value.kind === "name" && !value.quoted ? value.path.join(".") : value.kind === "str" ? value.value : "";
  if (name !== null || !/^(?:all|every|each|any|\*)$/i.test(word)) return null;
  const numbers = { label: "write their numbers", notes: [`there is no word for all ${of === "layer" ? "layers: those that are meant are listed, as in `layer 5, 6, 7`" : "of them: those that are meant are listed, with commas"}`] };
  return of === "layer" ? { ...numbers, notes: [...numbers.notes, "an SAE reads the layer that it was trained at: for several layers several are set, `set sae \"…\", \"…\"`"] } : numbers;
}

/** `top k=10` */
function unnamed({ name, value }: Item): Hint | null {
  return name === null || value.kind !== "num" ? null : { label: "leave its name out", fix: { span: { start: name.span.start, end: value.span.start }, text: "" } };
}

/** `take k` where `$k` is meant. */
export function asParam(expr: Expr, { scope }: Context): Hint | null {
  if (expr.kind !== "name" || expr.quoted || !scope.params.has(expr.path.join("."))) return null;
  const text = `$${expr.path.join(".")}`;
  return { label: `write \`${text}\``, fix: { span: expr.span, text } };
}

/** `layer 3..7` and `layer 3-7`, where numbers are listed. */
function asList(expr: Expr, min: number, { scope }: Context): Hint | null {
  const [first, last] = expr.kind === "range" ? [expr.from, expr.to] : expr.kind === "binary" && expr.op === "-" ? [expr.left, expr.right] : [];
  const [from, to] = [first, last].map((each) => (each === undefined ? undefined : constant(each, scope)));
  if (typeof from !== "number" || typeof to !== "number" || !Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < min || from >= to) return null;
  const notes = ["numbers are listed with commas; there is no sign for a range of them"];
  // A dash stands between two numbers, or for all between them: only who wrote it knows.
  if (to - from >= MOST_LISTED || expr.kind !== "range") return { notes, label: `two numbers are written \`${from}, ${to}\`` };
  const text = Array.from({ length: to - from + 1 }, (_, i) => from + i).join(", ");
  return { notes, label: `write \`${text}\``, fix: { span: expr.span, text } };
}
