/** Without this file an outline would have to check a whole script to tell `let n = 3` from `let n = perfect`. */
import type { Expr, Let } from "../../grammar/ast.ts";
import { bare, single } from "../check/constant.ts";

/** Whether a `let` names a value that is known before anything runs, by its shape alone. */
export function isPlainValue({ value }: Let): boolean {
  const [stage, ...more] = value.stages;
  const [first, ...rest] = stage?.args ?? [];
  const lone = first === undefined || more.length + rest.length > 0 ? null : single(first);
  return lone !== null && isPlain(lone);
}

function isPlain(expr: Expr): boolean {
  const at = bare(expr);
  switch (at.kind) {
    case "num":
    case "str":
    case "bool":
    case "null":
    case "paramRef":
      return true;
    case "unary":
      return isPlain(at.operand);
    case "binary":
      return isPlain(at.left) && isPlain(at.right);
    case "list":
      return at.items.every(isPlain);
    default:
      return false;
  }
}
