/** Without this file `content.split("</think>")` of a template would find no method of texts. */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./template_error.ts";
import { Callable, isDict, isList, orElse, Tuple, typeName, Undefined, type Dict, type Key, type Value } from "./values.ts";

/** What `str.isspace` of Python takes for space; JavaScript has U+FEFF besides, and not all of these. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`^[${SPACE}]+$`);
const IS_SPACE = new RegExp(`[${SPACE}]`);
const WORDS = new RegExp(`[^${SPACE}]+`, "g");

export type Sides = "both" | "left" | "right";

/** `str.strip` and its sisters; `characters` null: space. */
export function strip(text: string, characters: string | null, sides: Sides): string {
  const set = characters === null ? null : new Set(characters);
  const goes = (character: string): boolean => (set === null ? IS_SPACE.test(character) : set.has(character));
  const all = [...text];
  let [from, to] = [0, all.length];
  if (sides !== "right") while (from < to && goes(all[from]!)) from++;
  if (sides !== "left") while (to > from && goes(all[to - 1]!)) to--;
  return all.slice(from, to).join("");
}

/** `str.splitlines()`: without the ends of lines. */
export function splitLines(text: string): readonly string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

/** `str.replace`; `count` negative: all. */
export function replaced(text: string, old: string, by: string, count: number): string {
  const parts = old === "" ? ["", ...text, ""] : text.split(old);
  const most = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  return parts.slice(0, most + 1).join(by) + (most + 1 < parts.length ? old + parts.slice(most + 1).join(old) : "");
}

/** A text with its first character large and the others small. */
export function capitalized(text: string): string {
  const [first = "", ...others] = text;
  // One letter may be two as a large one: ß is Ss.
  const [large = "", ...more] = first.toUpperCase();
  return large + more.join("").toLowerCase() + others.join("").toLowerCase();
}

function split(text: string, separator: string | null, most: number, fromRight: boolean): readonly string[] {
  if (separator === "") throw new TemplateError("failed", "`split` is given an empty separator");
  if (separator !== null) {
    const parts = text.split(separator);
    if (most < 0 || parts.length - 1 <= most) return parts;
    const cut = parts.length - 1 - most;
    return fromRight ? [parts.slice(0, cut + 1).join(separator), ...parts.slice(cut + 1)] : [...parts.slice(0, most), parts.slice(most).join(separator)];
  }
  const words = [...text.matchAll(WORDS)];
  if (most < 0 || words.length <= most) return words.map(([word]) => word);
  if (fromRight) {
    const from = words.length - most;
    const head = strip(text.slice(0, words[from]?.index ?? text.length), null, "right");
    return [...(head === "" ? [] : [head]), ...words.slice(from).map(([word]) => word)];
  }
  return [...words.slice(0, most).map(([word]) => word), strip(text.slice(words[most]!.index), null, "left")];
}

/** The arguments of one call, by place or by name. */
export interface Given {
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export function argument({ args, named }: Given, at: number, name: string): Value | undefined {
  return at < args.length ? args[at] : named.get(name);
}

/** A text that is asked for. @throws TemplateError */
export function textArg(what: string, { args, named }: Given, at: number, name: string, fallback?: string): string {
  const value = argument({ args, named }, at, name);
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value !== "string") throw new TemplateError("failed", `${what} needs text, and gets ${value === undefined ? "nothing" : typeName(value)}`);
  return value;
}

export function wholeArg(what: string, { args, named }: Given, at: number, name: string, fallback: number): number {
  const value = orElse(argument({ args, named }, at, name), fallback);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "number") throw new TemplateError("failed", `${what} needs a whole number, and gets ${typeName(value)}`);
  return value;
}

function charactersArg(what: string, given: Given): string | null {
  const value = given.args[0] ?? null;
  return value === null ? null : textArg(what, given, 0, "chars");
}

type Method = (text: string, given: Given, budget: Budget) => Value;

function fits(what: string, { args }: Given, has: (part: string) => boolean): boolean {
  const [part = null] = args;
  const parts = part instanceof Tuple ? part.items : [part];
  if (args.length !== 1 || !parts.every((each) => typeof each === "string")) throw new TemplateError("unsupported", `\`${what}\` with ${args.length === 1 ? typeName(part) : `${args.length} arguments`}`);
  return (parts as readonly string[]).some((each) => has(each));
}

const find = (text: string, part: string, last: boolean): number => {
  const at = last ? text.lastIndexOf(part) : text.indexOf(part);
  return at < 0 ? -1 : [...text.slice(0, at)].length;
};

const every = (text: string, pattern: RegExp): boolean => text !== "" && pattern.test(text);

const METHODS: Readonly<Record<string, Method>> = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  casefold: (text) => text.toLowerCase(),
  capitalize: (text) => capitalized(text),
  title: (text) => text.replace(/\p{Cased}+/gu, (word) => capitalized(word)),
  strip: (text, given) => strip(text, charactersArg("strip", given), "both"),
  lstrip: (text, given) => strip(text, charactersArg("lstrip", given), "left"),
  rstrip: (text, given) => strip(text, charactersArg("rstrip", given), "right"),
  startswith: (text, given) => fits("startswith", given, (part) => text.startsWith(part)),
  endswith: (text, given) => fits("endswith", given, (part) => text.endsWith(part)),
  removeprefix: (text, given) => (text.startsWith(textArg("removeprefix", given, 0, "prefix")) ? text.slice((given.args[0] as string).length) : text),
  removesuffix: (text, given) => (text.endsWith(textArg("removesuffix", given, 0, "suffix")) ? text.slice(0, text.length - (given.args[0] as string).length) : text),
  split: (text, given) => split(text, separatorOf(given), wholeArg("split", given, 1, "maxsplit", -1), false),
  rsplit: (text, given) => split(text, separatorOf(given), wholeArg("rsplit", given, 1, "maxsplit", -1), true),
  splitlines: (text, { args }) => {
    if (args.length > 0) throw new TemplateError("unsupported", "`splitlines` that keeps the ends of lines");
    return splitLines(text);
  },
  partition: (text, given) => {
    const by = textArg("partition", given, 0, "sep");
    const at = text.indexOf(by);
    return new Tuple(at < 0 ? [text, "", ""] : [text.slice(0, at), by, text.slice(at + by.length)]);
  },
  rpartition: (text, given) => {
    const by = textArg("rpartition", given, 0, "sep");
    const at = text.lastIndexOf(by);
    return new Tuple(at < 0 ? ["", "", text] : [text.slice(0, at), by, text.slice(at + by.length)]);
  },
  replace: (text, given, budget) => {
    const [old, by] = [textArg("replace", given, 0, "old"), textArg("replace", given, 1, "new")];
    budget.spend(by.length === 0 ? 0 : (old === "" ? text.length : text.length / old.length) * by.length);
    return replaced(text, old, by, wholeArg("replace", given, 2, "count", -1));
  },
  join: (text, { args: [items = null] }, budget) => {
    const parts = items instanceof Tuple ? items.items : isList(items) ? items : isDict(items) ? [...items.keys()] : typeof items === "string" ? [...items] : [null];
    if (!parts.every((each) => typeof each === "string")) throw new TemplateError("failed", "`join` of a text needs a list of texts");
    for (const part of parts) budget.spend(part.length + text.length);
    return parts.join(text);
  },
  find: (text, given) => find(text, textArg("find", given, 0, "sub"), false),
  rfind: (text, given) => find(text, textArg("rfind", given, 0, "sub"), true),
  index: (text, given) => {
    const at = find(text, textArg("index", given, 0, "sub"), false);
    if (at < 0) throw new TemplateError("failed", "`index`: the text is not in it");
    return at;
  },
  count: (text, given) => {
    const part = textArg("count", given, 0, "sub");
    return part === "" ? [...text].length + 1 : text.split(part).length - 1;
  },
  isdigit: (text) => every(text, /^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u),
  isnumeric: (text) => every(text, /^\p{N}+$/u),
  isalpha: (text) => every(text, /^\p{L}+$/u),
  isalnum: (text) => every(text, /^[\p{L}\p{N}]+$/u),
  isspace: (text) => SPACES.test(text),
  isupper: (text) => text !== text.toLowerCase() && text === text.toUpperCase(),
  islower: (text) => text !== text.toUpperCase() && text === text.toLowerCase(),
  zfill: (text, given, budget) => {
    const width = wholeArg("zfill", given, 0, "width", 0);
    budget.spend(Math.max(0, width));
    const sign = /^[+-]/.exec(text)?.[0] ?? "";
    return sign + text.slice(sign.length).padStart(width - sign.length, "0");
  },
};

function separatorOf(given: Given): string | null {
  const value = argument(given, 0, "sep") ?? null;
  return value === null ? null : textArg("split", { args: [value], named: new Map() }, 0, "sep");
}

/** What a list or a dict could be changed by: transformers' sandbox refuses it. */
const CHANGES = new Set(["append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault", "popitem"]);

/** A method of a value; undefined where it has none of that name. @throws TemplateError for one that nobody here knows */
export function methodOf(value: Value, name: string, budget: Budget): Callable | undefined {
  if (typeof value === "string") {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (method === undefined) {
      if (["center", "encode", "expandtabs", "format", "format_map", "ljust", "maketrans", "rindex", "rjust", "swapcase", "translate", "isascii", "isdecimal", "isidentifier", "isprintable", "istitle"].includes(name)) throw new TemplateError("unsupported", `the method \`${name}\` of texts`);
      return undefined;
    }
    return new Callable((args, named) => {
      budget.spend(value.length);
      const made = method(value, { args, named }, budget);
      budget.spend(typeof made === "string" ? made.length : isList(made) ? made.length : 1);
      return made;
    });
  }
  if ((isList(value) || isDict(value)) && CHANGES.has(name) && !(isList(value) && (name === "update" || name === "setdefault" || name === "popitem")) && !(isDict(value) && ["append", "extend", "insert", "remove", "sort", "reverse"].includes(name))) {
    return new Callable(() => {
      throw new TemplateError("failed", `\`${name}\` would change a ${typeName(value)}, which the sandbox of transformers does not allow`);
    });
  }
  if (isDict(value)) return dictMethod(value, name, budget);
  const items = isList(value) ? value : value instanceof Tuple ? value.items : null;
  if (items !== null && (name === "count" || name === "index" || name === "copy")) throw new TemplateError("unsupported", `the method \`${name}\` of lists`);
  return undefined;
}

function dictMethod(value: Dict, name: string, budget: Budget): Callable | undefined {
  const made = (make: (given: Given) => Value): Callable => new Callable((args, named) => {
    budget.spend(value.size);
    return make({ args, named });
  });
  switch (name) {
    case "get":
      return new Callable((args, named) => orElse(value.get(args[0] as Key), orElse(argument({ args, named }, 1, "default"), null)));
    case "items":
      return made(() => [...value].map(([key, each]) => new Tuple([key, each])));
    case "keys":
      return made(() => [...value.keys()]);
    case "values":
      return made(() => [...value.values()]);
    case "copy":
      return made(() => new Map(value));
    default:
      return undefined;
  }
}

/** What is iterated over. @throws TemplateError for what cannot be */
export function itemsOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (value instanceof Tuple) return value.items;
  if (typeof value === "string") return [...value];
  if (isDict(value)) return [...value.keys()];
  if (value instanceof Undefined) return [];
  throw new TemplateError("failed", `${typeName(value)} cannot be gone through item by item`);
}
