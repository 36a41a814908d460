/** Without this file each message about a param without a default would make one up in its own way. */
import type { Param } from "../../grammar/ast.ts";
import { printName } from "../../grammar/print_parts.ts";

/** A value of each type of param, to go on checking with, and to show. */
export const EXAMPLES = { int: 1, float: 1, bool: true, str: "x", path: "x.csv" } as const;

/** A param that has no default, with one: `param n: int = 1`. */
export function withDefault({ name, type }: Pick<Param, "name" | "type">): string {
  const of = type.path.join(".");
  return `param ${printName(name)}: ${printName(type)} = ${JSON.stringify(Object.hasOwn(EXAMPLES, of) ? EXAMPLES[of as keyof typeof EXAMPLES] : 1)}`;
}
