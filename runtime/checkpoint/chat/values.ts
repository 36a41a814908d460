/** Without this file a template would print values as JavaScript does: `true` for `True`, and nothing for `None`. */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./template_error.ts";

/** A float of Python, which prints as one where it is whole. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}
/** A tuple: a list that prints in round brackets. */
export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}
/** What a name without a value stands for: empty where it is printed, a mistake where it is used. */
export class Undefined {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}
/** `namespace(…)`: the one thing that a template can change. */
export class Namespace {
  readonly attributes: Map<string, Value>;
  constructor(attributes: Map<string, Value>) {
    this.attributes = attributes;
  }
}
/** `loop` in a loop. */
export class Loop {
  readonly attributes: ReadonlyMap<string, Value>;
  constructor(attributes: ReadonlyMap<string, Value>) {
    this.attributes = attributes;
  }
}
/** A function, macro or method. */
export class Callable {
  readonly call: (args: readonly Value[], named: ReadonlyMap<string, Value>) => Value;
  constructor(call: (args: readonly Value[], named: ReadonlyMap<string, Value>) => Value) {
    this.call = call;
  }
}

export type Key = string | number | boolean | null;
export type Dict = ReadonlyMap<Key, Value>;
/** Values of Python: a number is an int, a bigint one beyond 2^53, an array a list, a map a dict. */
export type Value = string | number | bigint | boolean | null | Float | Tuple | Undefined | Namespace | Loop | Callable | readonly Value[] | Dict;

/** Null is a value: only what is not there at all is replaced. */
export function orElse(value: Value | undefined, fallback: Value): Value {
  return value === undefined ? fallback : value;
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
export const isDict = (value: Value): value is Dict => value instanceof Map;

/** What Python calls a value's type. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "string") return "str";
  if (typeof value === "number" || typeof value === "bigint") return "int";
  if (typeof value === "boolean") return "bool";
  if (value instanceof Float) return "float";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Namespace) return "Namespace";
  if (value instanceof Loop) return "LoopContext";
  if (value instanceof Callable) return "function";
  return isList(value) ? "list" : "dict";
}

export function truth(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "string") return value !== "";
  if (typeof value === "number" || typeof value === "bigint") return value != 0;
  if (typeof value === "boolean") return value;
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (isList(value)) return value.length > 0;
  return isDict(value) ? value.size > 0 : true;
}

/** A number of Python as JavaScript has it, True being 1; null for what is none. */
export function numberOf(value: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return value instanceof Float ? value.value : null;
}

/** Characters or elements, without what is inside them. */
export function sizeOf(value: Value): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Tuple) return value.items.length;
  return isList(value) ? value.length : isDict(value) ? value.size : 1;
}

/** `==` of Python. Here and below a list may hold another many times over, so that each look at it counts. @throws TemplateError `endless` */
export function equal(a: Value, b: Value, budget: Budget): boolean {
  if (typeof a === "string" && typeof b === "string" && a.length === b.length) budget.spend(a.length >> 4);
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== null || right !== null) return left === right;
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Tuple) return b instanceof Tuple && alike(a.items, b.items, budget);
  if (isList(a)) return isList(b) && alike(a, b, budget);
  if (isDict(a)) return isDict(b) && a.size === b.size && [...a].every(([key, value]) => inside(budget) && b.has(key) && equal(value, b.get(key)!, budget));
  return a === b;
}

function alike(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  return a.length === b.length && a.every((value, at) => inside(budget) && equal(value, b[at]!, budget));
}

/** One element more is looked at. */
function inside(budget: Budget): true {
  budget.spend(1);
  return true;
}

/** Negative, 0 or positive as `<` and `>` of Python have it. @throws TemplateError for values that have no order */
export function order(a: Value, b: Value, budget: Budget): number {
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== null && right !== null) return left - right;
  if (typeof a === "string" && typeof b === "string") {
    budget.spend(Math.min(a.length, b.length) >> 4);
    return orderOfTexts(a, b);
  }
  const [one, other] = [a instanceof Tuple ? a.items : a, b instanceof Tuple ? b.items : b];
  if (a instanceof Tuple === b instanceof Tuple && isList(one) && isList(other)) {
    const at = one.findIndex((value, i) => i >= other.length || (inside(budget) && !equal(value, other[i]!, budget)));
    return at < 0 || at >= other.length ? one.length - other.length : order(one[at]!, other[at]!, budget);
  }
  if (a instanceof Undefined || b instanceof Undefined) throw new TemplateError("failed", (a instanceof Undefined ? a : (b as Undefined)).why);
  throw new TemplateError("failed", `${typeName(a)} and ${typeName(b)} are not to be compared by size`);
}

/** By characters, not by halves of them. */
export function orderOfTexts(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}

/** What a value prints as. */
export function str(value: Value, budget: Budget): string {
  if (typeof value === "string") return value;
  return value instanceof Undefined ? "" : repr(value, budget);
}

/** What it prints as inside a list. @throws TemplateError for what has no fixed form */
export function repr(value: Value, budget: Budget): string {
  budget.spend(typeof value === "string" ? 1 + value.length : 1);
  const each = (item: Value): string => repr(item, budget);
  if (typeof value === "string") return quoted(value);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Tuple) return `(${value.items.map(each).join(", ")}${value.items.length === 1 ? "," : ""})`;
  if (isList(value)) return `[${value.map(each).join(", ")}]`;
  if (isDict(value)) return `{${[...value].map(([key, item]) => `${each(key)}: ${each(item)}`).join(", ")}}`;
  throw new TemplateError("failed", `a ${typeName(value)} is printed, and that has no fixed text`);
}

/** `repr` of a float: the shortest digits, with an exponent from 1e16 on and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits, power] = value.toExponential().split("e") as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const plain = exponent < -6 ? value.toFixed(Math.min(100, digits.replace(/[-.]/g, "").length - 1 - exponent)) : String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\'"]|[^\P{C}]|[^\P{Z}]/gu, (character) => {
    if (character === " ") return character;
    if (character === "'" || character === '"') return character === quote ? `\\${character}` : character;
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `${quote}${body}${quote}`;
}
