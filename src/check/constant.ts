/** Without this file `$n * 2` could not stand where a number is asked for, nor `"top_" + $n + ".csv"` where a name is. */
import type { Arg, Expr } from "../../grammar/ast.ts";
import { remainder } from "../ops/remainder.ts";
import type { ScalarLiteral } from "../ops/scalar.ts";
import type { Scope } from "./scope.ts";

const UNITS: Readonly<Record<string, number>> = {
  "": 1, "%": 0.01, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40,
  ms: 0.001, s: 1, min: 60, h: 3600, d: 86400,
};

/** The number that a literal with a unit stands for: bytes, seconds, or a share for `%`. */
export function unitFactor(unit: string): number {
  return UNITS[unit] ?? 1;
}

/** The expression alone in a bracket or argument, with brackets taken off. */
export function bare(expr: Expr): Expr {
  if (expr.kind !== "group" || expr.pipeline.continues) return expr;
  const [stage, ...more] = expr.pipeline.stages;
  const [arg, ...args] = stage?.args ?? [];
  const [item, ...items] = arg?.items ?? [];
  if (item === undefined || more.length + args.length + items.length > 0 || item.name !== null || item.order !== null) return expr;
  return bare(item.value);
}

/** Whether nothing but what is written decides a value; `params`: what a param gives counts as written, too. */
export function isWritten(expr: Expr, params: boolean): boolean {
  const at = bare(expr);
  switch (at.kind) {
    case "num":
    case "str":
    case "bool":
    case "null":
      return true;
    case "paramRef":
      return params;
    case "list":
      return at.items.every((each) => isWritten(each, params));
    case "unary":
      return isWritten(at.operand, params);
    case "binary":
      return isWritten(at.left, params) && isWritten(at.right, params);
    case "range":
      return isWritten(at.from, params) && isWritten(at.to, params);
    default:
      return false;
  }
}

/** The one expression of an argument without names, commas or order words. */
export function single(arg: Arg): Expr | null {
  const item = arg.items[0];
  return arg.items.length === 1 && item !== undefined && item.name === null && item.order === null ? item.value : null;
}

/** The values of a list of constants, or of a `$param` that holds one. */
export function constantList(expr: Expr, scope: Scope): readonly ScalarLiteral[] | undefined {
  const at = bare(expr);
  if (at.kind === "paramRef") {
    const value = scope.params.get(at.name);
    return Array.isArray(value) ? (value as readonly ScalarLiteral[]) : undefined;
  }
  if (at.kind !== "list") return undefined;
  const values = at.items.map((item) => constant(item, scope));
  return values.some((value) => value === undefined) ? undefined : (values as ScalarLiteral[]);
}

/** The value of an expression without columns, or undefined where it has none before anything runs. */
export function constant(expr: Expr, scope: Scope): ScalarLiteral | undefined {
  const at = bare(expr);
  switch (at.kind) {
    case "num":
      return at.value * unitFactor(at.unit);
    case "str":
    case "bool":
      return at.value;
    case "null":
      return null;
    case "paramRef": {
      const value = scope.params.get(at.name);
      return Array.isArray(value) ? undefined : (value as ScalarLiteral | undefined);
    }
    case "unary": {
      const value = constant(at.operand, scope);
      if (at.op === "-") return typeof value === "number" ? -value : undefined;
      return typeof value === "boolean" ? !value : undefined;
    }
    case "binary": {
      const left = constant(at.left, scope);
      const right = constant(at.right, scope);
      if (at.op === "+" && (typeof left === "string" || typeof right === "string")) return joined(left, right);
      if (typeof left !== "number" || typeof right !== "number") return undefined;
      switch (at.op) {
        case "+": return left + right;
        case "-": return left - right;
        case "*": return left * right;
        case "/": return left / right;
        case "%": return remainder(left, right);
        case "^": return left ** right;
        default: return undefined;
      }
    }
    default:
      return undefined;
  }
}

/** Text and numbers one behind another. */
function joined(left: ScalarLiteral | undefined, right: ScalarLiteral | undefined): string | undefined {
  const parts = [left, right];
  return parts.every((part) => typeof part === "string" || typeof part === "number") ? parts.join("") : undefined;
}
