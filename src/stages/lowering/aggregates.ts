/** Without this file a column could stand where one value for a whole table is needed. */
import type { Scalar } from "../../ops/scalar.ts";

/** Functions that have a value for each row although they take no column. */
const PER_ROW: ReadonlySet<string> = new Set(["row", "rank"]);

/** What stands outside every aggregate and has a value for each row: a column's name or a call like `row()`; null where there is none. */
export function bareColumn(scalar: Scalar): string | null {
  switch (scalar.op) {
    case "column":
      return scalar.name;
    case "literal":
    case "aggregate":
      return null;
    case "compare":
    case "arithmetic":
    case "logic":
      return bareColumn(scalar.left) ?? bareColumn(scalar.right);
    case "not":
    case "negate":
      return bareColumn(scalar.operand);
    case "within":
      return bareColumn(scalar.operand) ?? bareColumn(scalar.from) ?? bareColumn(scalar.to);
    case "member":
      return first([scalar.operand, ...scalar.options]);
    case "call":
      return PER_ROW.has(scalar.fn) ? `${scalar.fn}(${scalar.args.length === 0 ? "" : "…"})` : first(scalar.args);
    default:
      return scalar satisfies never;
  }
}

function first(scalars: readonly Scalar[]): string | null {
  for (const each of scalars) {
    const found = bareColumn(each);
    if (found !== null) return found;
  }
  return null;
}
