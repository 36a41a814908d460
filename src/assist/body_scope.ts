/** Without this file the inputs of a `def` would be unknown words inside of it. */
import type { Def, Formal } from "../../grammar/ast.ts";
import type { Scope } from "../check/scope.ts";
import { unknownPlan } from "./mark.ts";

const SCALAR_TYPES: readonly string[] = ["int", "float", "bool", "str", "path"];

/** Whether an input is read as `$name`. */
export function isScalar({ type }: Formal): boolean {
  return type !== null && SCALAR_TYPES.includes(type.path.join("."));
}

/** What is known inside the body of a `def`: everything above it, and its inputs, of which only the names are known. */
export function bodyScopeOf(statement: Def, scope: Scope): Scope {
  const relations = new Map(scope.relations);
  const params = new Map(scope.params);
  for (const formal of statement.formals) {
    const name = formal.name.path.join(".");
    if (isScalar(formal)) params.set(name, 1);
    else relations.set(name, unknownPlan(formal.span));
  }
  return { ...scope, relations, params };
}
