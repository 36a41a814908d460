/** Without this file an outline would have to check a whole script to tell `let n = 3` from `let n = perfect`. */
import type { Let } from "../../grammar/ast.ts";
import { isWritten, single } from "../check/constant.ts";

/** Whether a `let` names a value that is known before anything runs, by its shape alone. */
export function isPlainValue({ value }: Let): boolean {
  const [stage, ...more] = value.stages;
  const [first, ...rest] = stage?.args ?? [];
  const lone = first === undefined || more.length + rest.length > 0 ? null : single(first);
  return lone !== null && isWritten(lone, true);
}
