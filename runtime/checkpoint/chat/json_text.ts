/** Without this file conversations would lose the digits and the order of their JSON on the way through a template, and `tojson` would write it in another way than Python. */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./template_error.ts";
import { Float, floatText, isDict, isList, orderOfTexts, Tuple, typeName, type Key, type Value } from "./values.ts";

/** Objects and lists inside one another. */
const DEEPEST = 100;
const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("(?:[^"\\]|\\[^])*")|(-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)|(true|false|null)\b)/y;

/** JSON as Python reads it: 1.0 is a float, keys keep their order. @throws SyntaxError with what is wrong */
export function parseJson(text: string): Value {
  let at = 0;
  const next = (): RegExpExecArray => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) throw new SyntaxError(text.slice(at).trim() === "" ? "it ends too early" : `${JSON.stringify(text.slice(at).trimStart().slice(0, 12))} stands where a value should`);
    at = TOKEN.lastIndex;
    return found;
  };
  const value = (found: RegExpExecArray, depth: number): Value => {
    const [, sign, string, number, fraction, exponent, word] = found;
    if (depth > DEEPEST) throw new SyntaxError(`it is nested more than ${DEEPEST} deep`);
    if (string !== undefined) return textOf(string);
    if (number !== undefined) return fraction !== undefined || exponent !== undefined ? new Float(Number(number)) : wholeOf(number);
    if (word !== undefined) return word === "null" ? null : word === "true";
    if (sign === "[") return list(depth);
    if (sign === "{") return dict(depth);
    throw new SyntaxError(`\`${sign}\` stands where a value should`);
  };
  const list = (depth: number): readonly Value[] => {
    const items: Value[] = [];
    for (let found = next(); found[1] !== "]"; ) {
      items.push(value(found, depth + 1));
      found = next();
      if (found[1] === "]") break;
      if (found[1] !== ",") throw new SyntaxError("a `,` is missing in a list");
      found = next();
    }
    return items;
  };
  const dict = (depth: number): ReadonlyMap<Key, Value> => {
    const made = new Map<Key, Value>();
    for (let found = next(); found[1] !== "}"; ) {
      if (found[2] === undefined) throw new SyntaxError("a key in quotes is missing in an object");
      const key = textOf(found[2]);
      if (made.has(key)) throw new SyntaxError(`it has the key ${JSON.stringify(key)} twice`);
      if (next()[1] !== ":") throw new SyntaxError("a `:` is missing in an object");
      made.set(key, value(next(), depth + 1));
      found = next();
      if (found[1] === "}") break;
      if (found[1] !== ",") throw new SyntaxError("a `,` is missing in an object");
      found = next();
    }
    return made;
  };
  const made = value(next(), 0);
  if (text.slice(at).trim() !== "") throw new SyntaxError("something follows behind its end");
  return made;
}

function textOf(quoted: string): string {
  const text = JSON.parse(quoted) as string;
  if (!text.isWellFormed()) throw new SyntaxError("it holds half of a character (a lone surrogate)");
  if (text.includes("\0")) throw new SyntaxError("it holds a NUL character");
  return text;
}

function wholeOf(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : BigInt(digits);
}

/** How `json.dumps` is asked to write. */
export interface JsonStyle {
  readonly ascii: boolean;
  readonly indent: string | null;
  readonly separators: readonly [string, string];
  readonly sorted: boolean;
}

/** `json.dumps` of Python. @throws TemplateError for what JSON cannot hold */
export function jsonText(value: Value, style: JsonStyle, budget: Budget, depth = 0): string {
  budget.spend(typeof value === "string" ? 1 + value.length : 1 + (style.indent?.length ?? 0) * depth);
  const { indent, separators } = style;
  const written = (text: string): string => (style.ascii ? JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`) : JSON.stringify(text));
  const around = (open: string, close: string, parts: readonly string[]): string => {
    if (parts.length === 0) return `${open}${close}`;
    if (indent === null) return `${open}${parts.join(separators[0])}${close}`;
    const line = `\n${indent.repeat(depth + 1)}`;
    return `${open}${line}${parts.join(`${separators[0]}${line}`)}\n${indent.repeat(depth)}${close}`;
  };
  if (typeof value === "string") return written(value);
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof Float) return Number.isFinite(value.value) ? floatText(value.value) : Number.isNaN(value.value) ? "NaN" : value.value > 0 ? "Infinity" : "-Infinity";
  if (value instanceof Tuple) return around("[", "]", value.items.map((each) => jsonText(each, style, budget, depth + 1)));
  if (isList(value)) return around("[", "]", value.map((each) => jsonText(each, style, budget, depth + 1)));
  if (isDict(value)) {
    const name = (key: Key): string => (typeof key === "string" ? key : key === null ? "null" : String(key));
    const entries = style.sorted ? [...value].sort(([a], [b]) => orderOfTexts(name(a), name(b))) : [...value];
    return around("{", "}", entries.map(([key, each]) => `${written(name(key))}${separators[1]}${jsonText(each, style, budget, depth + 1)}`));
  }
  throw new TemplateError("failed", `a ${typeName(value)} cannot be written as JSON`);
}
