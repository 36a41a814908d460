/** Without this file an `assert` that fails would not say what the values were. */
import type { BinaryOp, Expr } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parse.ts";
import { printScalar } from "../../src/plan/print.ts";
import type { Op } from "../../src/ops/op.ts";
import type { Scalar } from "../../src/ops/scalar.ts";
import { evaluate } from "../data/evaluate.ts";
import type { Column, Table } from "../data/frame.ts";

const COMPARISONS: ReadonlySet<BinaryOp> = new Set<BinaryOp>(["==", "!=", "<", "<=", ">", ">=", "~=", "=~", "in"]);

/** An `assert` that does not hold. */
export class AssertionFailure extends Error {
  /** What was compared, with its values. */
  readonly notes: readonly string[];
  constructor(message: string, notes: readonly string[]) {
    super(message);
    this.notes = notes;
  }
}

/** Hold a condition against each row of a table, or of a group. @throws AssertionFailure for the first row where it is false or null */
export function requireTrue({ condition, message, text }: Op & { readonly op: "assert" }, group: string | null, table: Table, relations: readonly Table[]): void {
  const inputs = [table, ...relations];
  const column = evaluate(condition, table, inputs);
  const failing = column.type === "bool" ? Array.from(column.values).findIndex((each, i) => each !== 1 || (column.valid !== null && column.valid[i] === 0)) : 0;
  if (failing < 0) return;
  const notes = [...(message === "" ? [] : [text]), ...comparedValues(text, condition, table, inputs, failing)];
  throw new AssertionFailure(`${message === "" ? text : message}${group === null ? "" : ` (group ${group})`}`, notes);
}

/** `count(perfect) is 7`: what is compared in a condition, as typed, with its value; where rows differ, in row `row`. */
function comparedValues(text: string, condition: Scalar, table: Table, inputs: readonly Table[], row: number): readonly string[] {
  const scalars = comparedScalars(condition);
  const words = comparedWords(text);
  return [...new Set(scalars.flatMap((scalar, i) => {
    if (scalar.op === "literal") return [];
    const column = evaluate(scalar, table, inputs);
    const same = isAggregate(scalar);
    const typed = words.length === scalars.length ? words[i]! : printScalar(scalar);
    return column.values.length === 0 ? [] : [`${same ? "" : `row ${row + 1}: `}${typed} is ${shown(column, same ? 0 : row)}`];
  }))];
}

/** What comparisons compare, from left to right. */
function comparedScalars(scalar: Scalar): Scalar[] {
  switch (scalar.op) {
    case "compare": return [scalar.left, scalar.right];
    case "within": return [scalar.operand];
    case "member": return [scalar.operand];
    case "logic": return [...comparedScalars(scalar.left), ...comparedScalars(scalar.right)];
    case "not": return comparedScalars(scalar.operand);
    default: return [scalar];
  }
}

/** The same in the words of the author; in the same order. */
function comparedWords(text: string): string[] {
  const lead = "where ";
  const visit = (expr: Expr): Expr[] => {
    if (expr.kind === "unary" && expr.op === "not") return visit(expr.operand);
    if (expr.kind === "group") {
      const inner = expr.pipeline.stages[0]?.args[0]?.items[0]?.value;
      return expr.pipeline.stages.length === 1 && inner !== undefined ? visit(inner) : [expr];
    }
    if (expr.kind !== "binary") return [expr];
    if (expr.op === "and" || expr.op === "or") return [...visit(expr.left), ...visit(expr.right)];
    if (expr.op === "in" || expr.op === "=~") return expr.op === "in" ? [expr.left] : [expr];
    return COMPARISONS.has(expr.op) ? [expr.left, expr.right] : [expr];
  };
  const statement = parse(lead + text).script.statements[0];
  const condition = statement?.kind === "pipelineStatement" ? statement.pipeline.stages[0]?.args[1]?.items[0]?.value : undefined;
  return condition === undefined ? [] : visit(condition).map(({ span }) => text.slice(span.start - lead.length, span.end - lead.length));
}

/** Whether a value is one for the whole table. */
function isAggregate(scalar: Scalar): boolean {
  switch (scalar.op) {
    case "column": return false;
    case "literal": case "aggregate": return true;
    case "compare": case "arithmetic": case "logic": return isAggregate(scalar.left) && isAggregate(scalar.right);
    case "call": return scalar.args.length > 0 && scalar.args.every(isAggregate);
    case "not": case "negate": case "within": case "member": return isAggregate(scalar.operand);
    default: return false;
  }
}

function shown(column: Column, row: number): string {
  if (column.valid !== null && column.valid[row] === 0) return "null";
  const value = column.values[row];
  return column.type === "bool" ? String(value === 1) : typeof value === "string" ? JSON.stringify(value) : String(value);
}
