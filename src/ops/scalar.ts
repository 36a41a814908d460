/** Without this file expressions would reach the kernels as syntax, with names still to be looked up. */
import type { ScalarType } from "./schema.ts";

export type ScalarLiteral = number | string | boolean | null;

export type CompareOp = "==" | "!=" | "<" | "<=" | ">" | ">=" | "~=" | "=~";
export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^";

/**
 * A checked expression over the columns of one table. Every name is resolved and every type known.
 * Null rules: `null == null` is true; any ordering or arithmetic with null is false or null; `and`/`or`/`not` see null as false.
 */
export type Scalar =
  | { readonly op: "column"; readonly name: string; readonly type: ScalarType }
  | { readonly op: "literal"; readonly value: ScalarLiteral; readonly type: ScalarType | "null" }
  | { readonly op: "compare"; readonly cmp: CompareOp; readonly left: Scalar; readonly right: Scalar; readonly type: "bool" }
  | { readonly op: "arithmetic"; readonly sign: ArithmeticOp; readonly left: Scalar; readonly right: Scalar; readonly type: "int" | "float" | "str" }
  | { readonly op: "logic"; readonly join: "and" | "or"; readonly left: Scalar; readonly right: Scalar; readonly type: "bool" }
  | { readonly op: "not"; readonly operand: Scalar; readonly type: "bool" }
  | { readonly op: "negate"; readonly operand: Scalar; readonly type: "int" | "float" }
  | { readonly op: "within"; readonly operand: Scalar; readonly from: Scalar; readonly to: Scalar; readonly type: "bool" }
  | { readonly op: "member"; readonly operand: Scalar; readonly options: readonly Scalar[]; readonly type: "bool" }
  | { readonly op: "call"; readonly fn: string; readonly args: readonly Scalar[]; readonly type: ScalarType }
  /** An aggregate over the whole table: one value for all rows. `input` is which input it reads: 0 is the pipe. */
  | { readonly op: "aggregate"; readonly fn: string; readonly args: readonly Scalar[]; readonly input: number; readonly type: ScalarType };
