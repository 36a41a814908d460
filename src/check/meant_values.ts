/** Without this file a value of another type than its column would be refused without saying how it is written. */
import type { Binary, Expr } from "../../grammar/ast.ts";
import type { Scalar } from "../ops/scalar.ts";
import { bare } from "./constant.ts";
import type { Hint } from "./misplaced.ts";

const isNumber = ({ type }: Scalar): boolean => type === "int" || type === "float";

/** `matching_tokens == "3"`, `perfect_match == "True"`, `reference == 3`: the value as one of the type of the other side; null where it is none. */
export function retyped(at: Binary, left: Scalar, right: Scalar, text: string): Hint | null {
  for (const [side, expr] of [[left, bare(at.right)], [right, bare(at.left)]] as const) {
    const meant = as(side, expr, text);
    if (meant !== null) return written(expr, meant);
  }
  return null;
}

function as(side: Scalar, expr: Expr, text: string): string | null {
  if (expr.kind === "str") {
    const word = expr.value.trim();
    if (isNumber(side) && /^-?\d+(?:\.\d+)?$/.test(word)) return word;
    return side.type === "bool" && /^(?:true|false)$/i.test(word) ? word.toLowerCase() : null;
  }
  if (expr.kind === "num" && side.type === "bool" && (expr.value === 0 || expr.value === 1)) return String(expr.value === 1);
  if (side.type !== "str" || (expr.kind !== "num" && expr.kind !== "bool")) return null;
  return JSON.stringify(text.slice(expr.span.start, expr.span.end));
}

const WORDS: readonly string[] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/** `take "3"`, `take three`, `take 0..10`: the whole number that was meant; null where none was. `least`: what it is at least; `signed`: below zero something else may be meant than a slip. */
export function asWhole(expr: Expr, least: number, signed: boolean): Hint | null {
  const at = bare(expr);
  if (at.kind === "str" && /^\d+$/.test(at.value)) return written(at, at.value);
  if (at.kind === "name" && WORDS.includes(at.path.join(".").toLowerCase())) return written(at, String(WORDS.indexOf(at.path.join(".").toLowerCase())));
  if (!signed && at.kind === "unary" && at.op === "-" && at.operand.kind === "num" && Number.isSafeInteger(at.operand.value) && at.operand.value >= least) return { ...written(at, String(at.operand.value)), label: `did you mean \`${at.operand.value}\`?` };
  if (at.kind === "range" && at.from.kind === "num" && at.from.value === 0 && at.to.kind === "num" && Number.isSafeInteger(at.to.value) && at.to.value > 0) return written(at, String(at.to.value));
  return null;
}

/** `1,000` where one number is asked for: its thousands are not set apart; null for other items. */
export function together(items: readonly { readonly name: unknown; readonly value: Expr }[], text: string): Hint | null {
  const [first, ...rest] = items.map(({ value }) => value);
  if (first === undefined || rest.length === 0 || items.some(({ name }) => name !== null) || rest.some((each) => each.kind !== "num" || !/^\d{3}$/.test(each.text))) return null;
  const last = first.kind === "binary" ? first.right : first;
  const span = { start: last.span.start, end: rest.at(-1)!.span.end };
  const written = text.slice(span.start, span.end);
  if (last.kind !== "num" || !/^\d{1,3}(?:,\d{3})+$/.test(written)) return null;
  return { label: "thousands are not set apart by a comma", fix: { span, text: written.replaceAll(",", "_") } };
}

const written = ({ span }: Expr, text: string): Hint => ({ label: `write \`${text}\``, fix: { span, text } });
