/** Without this file `| trim` and `| tojson` of a template would be unknown words. */
import type { Budget } from "./budget.ts";
import { attribute, itemOrAttribute } from "./attributes.ts";
import { jsonText } from "./json_text.ts";
import { binary } from "./operators.ts";
import { TemplateError } from "./template_error.ts";
import { testNamed } from "./tests.ts";
import { argument, capitalized, itemsOf, replaced, splitLines, strip, textArg, wholeArg, type Given } from "./text_methods.ts";
import { equal, Float, isDict, numberOf, order, orElse, sizeOf, str, truth, Tuple, typeName, Undefined, type Value } from "./values.ts";

type Filter = (value: Value, given: Given, budget: Budget) => Value;

const flag = (given: Given, at: number, name: string): boolean => truth(orElse(argument(given, at, name), false));

/** What `attribute="a.b"` reads of each item. */
function reader(given: Given, at: number, budget: Budget): ((item: Value) => Value) | null {
  const asked = argument(given, at, "attribute") ?? null;
  if (asked === null) return null;
  const parts = typeof asked === "number" ? [asked] : typeof asked === "string" ? asked.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part)) : null;
  if (parts === null) throw new TemplateError("failed", `\`attribute\` is ${typeName(asked)}`);
  return (item) => parts.reduce<Value>((value, part) => itemOrAttribute(value, part, budget), item);
}

const lowered = (value: Value): Value => (typeof value === "string" ? value.toLowerCase() : value);

function sorted(items: readonly Value[], by: (item: Value) => Value, reverse: boolean, budget: Budget): readonly Value[] {
  return items.map((item) => ({ item, by: by(item) })).sort((a, b) => (reverse ? order(b.by, a.by, budget) : order(a.by, b.by, budget))).map(({ item }) => item);
}

/** `select`, `reject` and those that look at an attribute. */
function chosen(value: Value, given: Given, budget: Budget, { keep, ofAttribute }: { readonly keep: boolean; readonly ofAttribute: boolean }): readonly Value[] {
  const read = ofAttribute ? reader({ args: given.args.slice(0, 1), named: new Map() }, 0, budget)! : (item: Value): Value => item;
  const [name, ...rest] = given.args.slice(ofAttribute ? 1 : 0);
  if (name !== undefined && typeof name !== "string") throw new TemplateError("failed", "the name of a test is no text");
  const passes = name === undefined ? truth : (item: Value): boolean => testNamed(name)(item, rest, budget);
  return itemsOf(value).filter((item) => passes(read(item)) === keep);
}

function extreme(value: Value, given: Given, budget: Budget, sign: 1 | -1): Value {
  const read = reader(given, 1, budget) ?? ((item: Value): Value => item);
  const key = flag(given, 0, "case_sensitive") ? read : (item: Value): Value => lowered(read(item));
  const [first, ...others] = itemsOf(value);
  if (first === undefined) return new Undefined("there is no item in an empty list");
  return others.reduce((best, item) => (sign * order(key(item), key(best), budget) > 0 ? item : best), first);
}

function wholeOf(value: Value, given: Given): Value {
  const fallback = orElse(argument(given, 0, "default"), 0);
  const number = numberOf(value);
  if (number !== null) return Number.isFinite(number) ? Math.trunc(number) || 0 : fallback;
  if (typeof value === "bigint") return value;
  if (typeof value !== "string") return fallback;
  const text = strip(value, null, "both");
  if (/^[+-]?\d+(?:_\d+)*$/.test(text)) return Number(text.replaceAll("_", "")) || 0;
  const float = floatIn(text);
  return float === null || !Number.isFinite(float) ? fallback : Math.trunc(float) || 0;
}

function floatIn(text: string): number | null {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}

function rounded(value: Value, given: Given): Value {
  const number = numberOf(value);
  const method = textArg("round", given, 1, "method", "common");
  if (number === null || wholeArg("round", given, 0, "precision", 0) !== 0) throw new TemplateError("unsupported", "`round` to places behind the point");
  const even = (each: number): number => (Math.abs(each % 1) === 0.5 ? 2 * Math.round(each / 2) : Math.round(each));
  return new Float(method === "ceil" ? Math.ceil(number) : method === "floor" ? Math.floor(number) : even(number));
}

function indented(text: string, given: Given): string {
  const width = argument(given, 0, "width") ?? 4;
  const indent = typeof width === "string" ? width : " ".repeat(Math.max(0, wholeArg("indent", { args: [width], named: new Map() }, 0, "width", 4)));
  const lines = splitLines(`${text}\n`);
  const [first = "", ...others] = lines;
  const made = flag(given, 2, "blank") ? lines.join(`\n${indent}`) : [first, ...others.map((line) => (line === "" ? "" : indent + line))].join("\n");
  return flag(given, 1, "first") ? indent + made : made;
}

function json(value: Value, given: Given, budget: Budget): string {
  const indent = argument(given, 1, "indent") ?? null;
  const separators = argument(given, 2, "separators") ?? null;
  const pair = separators === null ? (indent === null ? [", ", ": "] : [",", ": "]) : itemsOf(separators);
  if (pair.length !== 2 || !pair.every((each) => typeof each === "string")) throw new TemplateError("failed", "`separators` of `tojson` are two texts");
  return jsonText(value, { ascii: flag(given, 0, "ensure_ascii"), indent: indent === null ? null : typeof indent === "string" ? indent : " ".repeat(Math.max(0, wholeArg("tojson", given, 1, "indent", 0))), separators: pair as unknown as readonly [string, string], sorted: flag(given, 3, "sort_keys") }, budget);
}

function joined(value: Value, given: Given, budget: Budget): string {
  const read = reader(given, 1, budget) ?? ((item: Value): Value => item);
  const by = str(orElse(argument(given, 0, "d"), ""), budget);
  const texts = itemsOf(value).map((item) => str(read(item), budget));
  for (const text of texts) budget.spend(text.length + by.length);
  return texts.join(by);
}

function mapped(value: Value, given: Given, budget: Budget): readonly Value[] {
  const [name, ...rest] = given.args;
  if (typeof name === "string") {
    const named = filterNamed(name);
    return itemsOf(value).map((item) => named(item, { args: rest, named: given.named }, budget));
  }
  const read = reader({ args: [], named: given.named }, 0, budget);
  if (read === null) throw new TemplateError("failed", "`map` needs a filter or an `attribute`");
  const fallback = given.named.get("default");
  return itemsOf(value).map((item) => {
    const found = read(item);
    return found instanceof Undefined && fallback !== undefined ? fallback : found;
  });
}

function lengthOf(value: Value): number {
  if (isDict(value)) return value.size;
  if (value === null || numberOf(value) !== null) throw new TemplateError("failed", `a ${typeName(value)} has no length`);
  return itemsOf(value).length;
}

const first: Filter = (value) => orElse(itemsOf(value)[0], new Undefined("there is no first item in an empty list"));
const last: Filter = (value) => orElse(itemsOf(value).at(-1), new Undefined("there is no last item in an empty list"));
const trim: Filter = (value, given, budget) => strip(str(value, budget), given.args.length + given.named.size === 0 ? null : textArg("trim", given, 0, "chars"), "both");
const byDefault: Filter = (value, given) => (value instanceof Undefined || (flag(given, 1, "boolean") && !truth(value)) ? orElse(argument(given, 0, "default_value"), "") : value);
const escaped: Filter = (value, _, budget) => str(value, budget).replaceAll("&", "&amp;").replaceAll(">", "&gt;").replaceAll("<", "&lt;").replaceAll("'", "&#39;").replaceAll('"', "&#34;");

const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => {
    const number = numberOf(value);
    if (number === null) throw new TemplateError("failed", `\`abs\` of ${typeName(value)}`);
    return value instanceof Float ? new Float(Math.abs(number)) : Math.abs(number);
  },
  attr: (value, given, budget) => attribute(value, textArg("attr", given, 0, "name"), budget),
  capitalize: (value, _, budget) => capitalized(str(value, budget)),
  count: lengthOf,
  d: byDefault,
  default: byDefault,
  dictsort: (value, given, budget) => {
    if (!isDict(value)) throw new TemplateError("failed", `\`dictsort\` of ${typeName(value)}`);
    const at = textArg("dictsort", given, 1, "by", "key") === "value" ? 1 : 0;
    const same = flag(given, 0, "case_sensitive");
    return sorted([...value].map(([key, each]) => new Tuple([key, each])), (pair) => (same ? (pair as Tuple).items[at]! : lowered((pair as Tuple).items[at]!)), flag(given, 2, "reverse"), budget);
  },
  e: escaped,
  escape: escaped,
  first,
  float: (value, given) => {
    const number = numberOf(value) ?? (typeof value === "string" ? floatIn(strip(value, null, "both")) : null);
    return number === null ? orElse(argument(given, 0, "default"), new Float(0)) : new Float(number);
  },
  indent: (value, given, budget) => indented(str(value, budget), given),
  int: wholeOf,
  items: (value) => {
    if (value instanceof Undefined) return [];
    if (!isDict(value)) throw new TemplateError("failed", "`items` needs a dict");
    return [...value].map(([key, each]) => new Tuple([key, each]));
  },
  join: joined,
  last,
  length: lengthOf,
  list: (value) => itemsOf(value),
  lower: (value, _, budget) => str(value, budget).toLowerCase(),
  map: mapped,
  max: (value, given, budget) => extreme(value, given, budget, 1),
  min: (value, given, budget) => extreme(value, given, budget, -1),
  reject: (value, given, budget) => chosen(value, given, budget, { keep: false, ofAttribute: false }),
  rejectattr: (value, given, budget) => chosen(value, given, budget, { keep: false, ofAttribute: true }),
  replace: (value, given, budget) => {
    const [old, by] = [str(orElse(argument(given, 0, "old"), ""), budget), str(orElse(argument(given, 1, "new"), ""), budget)];
    const text = str(value, budget);
    budget.spend((old === "" ? text.length : text.length / old.length) * by.length);
    const count = argument(given, 2, "count") ?? null;
    return replaced(text, old, by, count === null ? -1 : wholeArg("replace", given, 2, "count", -1));
  },
  reverse: (value) => (typeof value === "string" ? [...value].reverse().join("") : [...itemsOf(value)].reverse()),
  round: rounded,
  safe: (value, _, budget) => (typeof value === "string" ? value : str(value, budget)),
  select: (value, given, budget) => chosen(value, given, budget, { keep: true, ofAttribute: false }),
  selectattr: (value, given, budget) => chosen(value, given, budget, { keep: true, ofAttribute: true }),
  sort: (value, given, budget) => {
    const read = reader(given, 2, budget) ?? ((item: Value): Value => item);
    return sorted(itemsOf(value), flag(given, 1, "case_sensitive") ? read : (item) => lowered(read(item)), flag(given, 0, "reverse"), budget);
  },
  string: (value, _, budget) => str(value, budget),
  sum: (value, given, budget) => {
    const read = reader(given, 0, budget) ?? ((item: Value): Value => item);
    return itemsOf(value).reduce<Value>((total, item) => binary("+", total, read(item), budget), argument(given, 1, "start") ?? 0);
  },
  title: (value, _, budget) => str(value, budget).split(/([-\s({[<]+)/).filter((part) => part !== "").map(capitalized).join(""),
  tojson: json,
  trim,
  unique: (value, given, budget) => {
    const read = reader(given, 1, budget) ?? ((item: Value): Value => item);
    const key = (item: Value): Value => (flag(given, 0, "case_sensitive") ? read(item) : lowered(read(item)));
    const found: Value[] = [];
    for (const item of itemsOf(value)) {
      budget.spend(found.length);
      if (!found.some((each) => equal(key(each), key(item), budget))) found.push(item);
    }
    return found;
  },
  upper: (value, _, budget) => str(value, budget).toUpperCase(),
};

/** A filter. @throws TemplateError `unsupported` for one that nobody here knows */
export function filterNamed(name: string): Filter {
  if (!Object.hasOwn(FILTERS, name)) throw new TemplateError("unsupported", `the filter \`${name}\``);
  const filter = FILTERS[name]!;
  return (value, given, budget) => {
    budget.spend(sizeOf(value));
    const made = filter(value, given, budget);
    budget.spend(sizeOf(made));
    return made;
  };
}
