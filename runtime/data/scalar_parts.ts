/** Without this file each reader of expressions would walk through them in its own way. */
import type { Scalar, ScalarLiteral } from "../../src/ops/scalar.ts";

export type Aggregate = Extract<Scalar, { readonly op: "aggregate" }>;

function operandsOf(scalar: Scalar): readonly Scalar[] {
  switch (scalar.op) {
    case "column":
    case "literal":
      return [];
    case "compare":
    case "arithmetic":
    case "logic":
      return [scalar.left, scalar.right];
    case "not":
    case "negate":
      return [scalar.operand];
    case "within":
      return [scalar.operand, scalar.from, scalar.to];
    case "member":
      return [scalar.operand, ...scalar.options];
    case "call":
    case "aggregate":
      return scalar.args;
    default:
      return scalar satisfies never;
  }
}

/** Whether a value depends on its own row alone. */
export function rowLocal(scalar: Scalar): boolean {
  if (scalar.op === "aggregate" || (scalar.op === "call" && (scalar.fn === "row" || scalar.fn === "rank"))) return false;
  return operandsOf(scalar).every(rowLocal);
}

/** The columns an expression reads, inside aggregates too. */
export function columnsOf(scalar: Scalar): readonly string[] {
  return scalar.op === "column" ? [scalar.name] : operandsOf(scalar).flatMap(columnsOf);
}

/** The aggregates of an expression, in order. */
export function aggregatesOf(scalar: Scalar): readonly Aggregate[] {
  return scalar.op === "aggregate" ? [scalar] : operandsOf(scalar).flatMap(aggregatesOf);
}

/** The same expression with what its aggregates gave in their places, which are met in the order of `aggregatesOf`. */
export function replaced(scalar: Scalar, value: (aggregate: Aggregate) => ScalarLiteral): Scalar {
  const put = (each: Scalar): Scalar => replaced(each, value);
  switch (scalar.op) {
    case "column":
    case "literal":
      return scalar;
    case "compare":
    case "arithmetic":
    case "logic": {
      const left = put(scalar.left);
      return { ...scalar, left, right: put(scalar.right) };
    }
    case "not":
    case "negate":
      return { ...scalar, operand: put(scalar.operand) };
    case "within": {
      const operand = put(scalar.operand);
      const from = put(scalar.from);
      return { ...scalar, operand, from, to: put(scalar.to) };
    }
    case "member": {
      const operand = put(scalar.operand);
      return { ...scalar, operand, options: scalar.options.map(put) };
    }
    case "call":
      return { ...scalar, args: scalar.args.map(put) };
    case "aggregate":
      return { op: "literal", value: value(scalar), type: scalar.type };
    default:
      return scalar satisfies never;
  }
}
