/** Without this file `save "top_$k.csv"` would write a file of that very name, run after run. */
import type { Expr, Str } from "../../grammar/ast.ts";
import { bare } from "./constant.ts";
import type { Hint } from "./misplaced.ts";
import type { Scope } from "./scope.ts";

/** Params that stand within the quotes of a name, and how to write what was meant; null where there are none. A `$` that is meant is written `\u{24}`. */
export function quotedParams(expr: Expr, scope: Scope): { readonly message: string; readonly hint: Hint } | null {
  const at = bare(expr);
  if (at.kind === "str") return paramsWithin(at, (name) => scope.params.has(name));
  return at.kind === "binary" ? (quotedParams(at.left, scope) ?? quotedParams(at.right, scope)) : null;
}

/** The same of one text. */
export function paramsWithin(expr: Str, isNamed: (name: string) => boolean): { readonly message: string; readonly hint: Hint } | null {
  const quote = expr.text[0]!;
  const parts = expr.text.slice(1, -1).split(/(\$[\p{L}_][\p{L}\p{N}_]*)/u);
  const isParam = (part: string, at: number): boolean => at % 2 === 1 && isNamed(part.slice(1));
  const first = parts.find(isParam);
  if (first === undefined) return null;
  const joined: string[] = [];
  let text = "";
  for (const [at, part] of parts.entries()) {
    if (!isParam(part, at)) {
      text += part;
      continue;
    }
    if (text !== "") joined.push(`${quote}${text}${quote}`);
    text = "";
    joined.push(part);
  }
  if (text !== "") joined.push(`${quote}${text}${quote}`);
  // Two numbers would be added.
  if (/^\$/.test(joined[0]!) && /^\$/.test(joined[1] ?? "")) joined.unshift(`${quote}${quote}`);
  const alone = joined.length === 1 ? "a param stands without quotes" : "a param stands outside the quotes";
  return { message: `\`${first}\` within quotes is text, and no param`, hint: { label: alone, fix: { span: expr.span, text: joined.join(" + ") } } };
}
