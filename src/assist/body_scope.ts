/** Without this file the inputs of a `def` would be unknown words inside of it. */
import type { Def, Formal } from "../../grammar/ast.ts";
import { namesNow } from "../check/names.ts";
import type { ParamValue, Scope } from "../check/scope.ts";
import type { Plan } from "../ops/op.ts";
import { unknownPlan } from "./mark.ts";

const SCALAR_TYPES: readonly string[] = ["int", "float", "bool", "str", "path"];

/** Whether an input is read as `$name`. */
export function isScalar({ type }: Formal): boolean {
  return type !== null && SCALAR_TYPES.includes(type.path.join("."));
}

/** What is known inside the body of a `def`: everything above it, and its inputs, of which only the names are known. */
export function bodyScopeOf(statement: Def, scope: Scope): Scope {
  const relations = new Map<string, Plan>();
  const params = new Map<string, ParamValue>();
  for (const formal of statement.formals) {
    const name = formal.name.path.join(".");
    if (isScalar(formal)) params.set(name, 1);
    else relations.set(name, unknownPlan(formal.span));
  }
  return { ...scope, relations: namesNow(scope.relations).behind(relations), params: namesNow(scope.params).behind(params) };
}
