/** Without this file `1 + "a"` in a template would be "1a", where Python refuses it. */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./template_error.ts";
import { equal, Float, isDict, isList, numberOf, order, sizeOf, str, truth, Tuple, typeName, Undefined, type Value } from "./values.ts";
import { itemsOf } from "./text_methods.ts";

/** An operator of two values, `and` and `or` apart. @throws TemplateError where Python has none for them */
export function binary(sign: string, a: Value, b: Value, budget: Budget): Value {
  switch (sign) {
    case "==":
      return equal(a, b, budget);
    case "!=":
      return !equal(a, b, budget);
    case "<":
      return order(a, b, budget) < 0;
    case "<=":
      return order(a, b, budget) <= 0;
    case ">":
      return order(a, b, budget) > 0;
    case ">=":
      return order(a, b, budget) >= 0;
    case "in":
      return contains(b, a, budget);
    case "not in":
      return !contains(b, a, budget);
    case "~": {
      const made = str(a, budget) + str(b, budget);
      budget.spend(made.length);
      return made;
    }
    default:
      return arithmetic(sign, a, b, budget);
  }
}

/** `in`. @throws TemplateError for what nothing can be in */
export function contains(container: Value, value: Value, budget: Budget): boolean {
  budget.spend(typeof container === "string" ? container.length >> 4 : sizeOf(container));
  if (typeof container === "string") {
    if (typeof value !== "string") throw new TemplateError("failed", `${typeName(value)} is sought in a text`);
    return container.includes(value);
  }
  if (isDict(container)) return [...container.keys()].some((key) => equal(key, value, budget));
  return itemsOf(container).some((each) => equal(each, value, budget));
}

function arithmetic(sign: string, a: Value, b: Value, budget: Budget): Value {
  if (a instanceof Undefined) throw new TemplateError("failed", a.why);
  if (b instanceof Undefined) throw new TemplateError("failed", b.why);
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== null && right !== null) return ofNumbers(sign, left, right, a instanceof Float || b instanceof Float);
  const made = sign === "+" ? joined(a, b) : sign === "*" ? repeated(a, b, budget) : null;
  if (made === null) {
    if (sign === "%" && typeof a === "string") throw new TemplateError("unsupported", "`%` that puts values into a text");
    throw new TemplateError("failed", `\`${sign}\` between ${typeName(a)} and ${typeName(b)}`);
  }
  budget.spend(typeof made === "string" ? made.length : itemsOf(made).length);
  return made;
}

function joined(a: Value, b: Value): Value | null {
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (isList(a) && isList(b)) return [...a, ...b];
  return a instanceof Tuple && b instanceof Tuple ? new Tuple([...a.items, ...b.items]) : null;
}

function repeated(a: Value, b: Value, budget: Budget): Value | null {
  const [what, times] = typeof a === "number" ? [b, a] : [a, b];
  if (typeof times !== "number") return null;
  const size = typeof what === "string" ? what.length : isList(what) ? what.length : what instanceof Tuple ? what.items.length : null;
  if (size === null) return null;
  const count = Math.max(0, times);
  budget.spend(size * count);
  if (typeof what === "string") return what.repeat(size === 0 ? 0 : count);
  const items = Array.from({ length: size === 0 ? 0 : count }, () => itemsOf(what)).flat();
  return what instanceof Tuple ? new Tuple(items) : items;
}

function ofNumbers(sign: string, a: number, b: number, isFloat: boolean): Value {
  const whole = (value: number): Value => {
    if (isFloat) return new Float(value);
    if (!Number.isSafeInteger(value)) throw new TemplateError("unsupported", "whole numbers beyond 2^53");
    return value === 0 ? 0 : value;
  };
  if (["/", "//", "%"].includes(sign) && b === 0) throw new TemplateError("failed", "it divides by zero");
  switch (sign) {
    case "+":
      return whole(a + b);
    case "-":
      return whole(a - b);
    case "*":
      return whole(a * b);
    case "/":
      return new Float(a / b);
    case "//":
      return whole(Math.floor(a / b));
    case "%": {
      const rest = a % b;
      return whole(rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest);
    }
    case "**":
      return b < 0 && !isFloat ? new Float(a ** b) : whole(a ** b);
    default:
      throw new TemplateError("unsupported", `the operator \`${sign}\``);
  }
}

/** `-` and `+` before a value, and `not`. @throws TemplateError */
export function unary(sign: string, value: Value): Value {
  if (sign === "not") return !truth(value);
  const number = numberOf(value);
  if (number === null) throw new TemplateError("failed", `\`${sign}\` before ${typeName(value)}`);
  const made = sign === "-" && number !== 0 ? -number : number;
  return value instanceof Float ? new Float(sign === "-" ? -number : number) : made;
}

/** `[from:to:step]` of Python, by characters of a text. @throws TemplateError */
export function sliced(value: Value, [from, to, step]: readonly [Value, Value, Value]): Value {
  const bound = (each: Value): number | null => {
    if (each === null || typeof each === "number") return each;
    throw new TemplateError("failed", `a slice is cut at ${typeName(each)}`);
  };
  if (typeof value !== "string" && !isList(value) && !(value instanceof Tuple)) throw new TemplateError("failed", value instanceof Undefined ? value.why : `a slice is cut from ${typeName(value)}`);
  const items = itemsOf(value);
  const stride = bound(step) ?? 1;
  if (stride === 0) throw new TemplateError("failed", "the step of a slice is 0");
  const size = items.length;
  const [least, most] = stride > 0 ? [0, size] : [-1, size - 1];
  const place = (given: number | null, absent: number): number => (given === null ? absent : Math.max(least, Math.min(most, given < 0 ? given + size : given)));
  const made: Value[] = [];
  const [start, end] = [place(bound(from), stride > 0 ? 0 : size - 1), place(bound(to), stride > 0 ? size : -1)];
  for (let at = start; stride > 0 ? at < end : at > end; at += stride) made.push(items[at]!);
  return typeof value === "string" ? made.join("") : value instanceof Tuple ? new Tuple(made) : made;
}
