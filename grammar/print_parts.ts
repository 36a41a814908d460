/** Without this file the printer would not know how stages, arguments and values are written. */
import type { Arg, Expr, Item, Name, Pipeline } from "./ast.ts";
import { RESERVED } from "./tokens.ts";

const plainWord = /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u;

/** A name as it must be written to be read as the same name. */
export function printName(name: Name): string {
  const plain = name.path.map((part) => plainWord.test(part));
  if (!name.quoted) return name.path.join(".");
  // What was in backquotes stays there: a quoted name is never a keyword.
  const all = plain.every(Boolean);
  return name.path.map((part, i) => (all || plain[i] === false || (name.path.length === 1 && RESERVED.has(part)) ? `\`${part}\`` : part)).join(".");
}

/** A column as it must be written: in backquotes where it is no plain word. */
export function printColumn(name: string): string {
  return name.split(".").every((part) => plainWord.test(part)) && !RESERVED.has(name) ? name : `\`${name}\``;
}

/** A pipeline on one line. */
export function printPipeline(pipeline: Pipeline): string {
  const stages = pipeline.stages.map((stage) => printArgs(stage.args)).join(" | ");
  return pipeline.continues ? `| ${stages}`.trimEnd() : stages;
}

export function printArgs(args: readonly Arg[]): string {
  return args.map(printArg).filter((text) => text !== "").join(" ");
}

export function printArg(arg: Arg): string {
  return arg.items.map(printItem).join(", ");
}

function printItem(item: Item): string {
  const value = (item.name === null ? "" : `${printName(item.name)} = `) + printExpr(item.value);
  return item.order === null ? value : `${value} ${item.order}`;
}

/** A value on one line. Holes print as nothing. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "num":
    case "str": return expr.text;
    case "bool": return String(expr.value);
    case "null": return "null";
    case "name": return printName(expr);
    case "paramRef": return `$${expr.name}`;
    case "call": return `${expr.name}(${expr.args.map(printItem).join(", ")})`;
    case "group": return `(${printPipeline(expr.pipeline)})`;
    case "list": return `[${expr.items.map(printExpr).join(", ")}]`;
    case "record": return `{${expr.fields.map((field) => `${printName(field.name)}: ${printExpr(field.value)}`).join(", ")}}`;
    case "unary": {
      const operand = printExpr(expr.operand);
      // `--x` would read as an option of a shell, and `a - -1` as a subtraction.
      return expr.op === "not" ? `not ${operand}` : `-${/^-[- ]*[\p{L}_`]/u.test(operand) ? " " : ""}${operand}`;
    }
    case "binary": {
      const blank = expr.op === "^" ? "" : " ";
      return `${printExpr(expr.left)}${blank}${expr.op}${blank}${printExpr(expr.right)}`;
    }
    case "range": return `${printExpr(expr.from)}..${printExpr(expr.to)}`;
    case "hole": return "";
    default: throw new Error(`No text for ${String(expr satisfies never)}`);
  }
}
