/** Without this file templates would have no `namespace`, `range` or `raise_exception`. */
import type { Budget } from "./budget.ts";
import { strftime } from "./dates.ts";
import { TemplateError } from "./template_error.ts";
import { itemsOf } from "./text_methods.ts";
import { Callable, isDict, Namespace, sizeOf, str, type Key, type Value } from "./values.ts";

/** Jinja2's sandbox makes no longer range. */
const LONGEST_RANGE = 100_000;

/** What transformers gives every template. `today` is the day that `strftime_now` prints, and `onToday` is told of it. */
export function globals(budget: Budget, today: string, onToday: () => void): Map<string, Value> {
  const constants: readonly (readonly [string, Value])[] = [["true", true], ["True", true], ["false", false], ["False", false], ["none", null], ["None", null]];
  return new Map<string, Value>([
    ...constants,
    ["range", new Callable((args) => range(args, budget))],
    ["dict", new Callable((args, named) => new Map<Key, Value>([...pairs(args[0], budget), ...named]))],
    ["namespace", new Callable((args, named) => {
      const attributes = new Map<string, Value>([...[...pairs(args[0], budget)].map(([key, value]) => [String(key), value] as const), ...named]);
      const hidden = [...attributes.keys()].find((name) => name.startsWith("_"));
      if (hidden !== undefined) throw new TemplateError("failed", `\`${hidden}\` is set in a namespace, where no name may begin with _`);
      return new Namespace(attributes);
    })],
    ["raise_exception", new Callable(([message = null]) => {
      throw new TemplateError("raised", str(message, budget));
    })],
    ["strftime_now", new Callable(([format = null]) => {
      if (typeof format !== "string") throw new TemplateError("failed", "`strftime_now` needs a format");
      onToday();
      return strftime(today, format);
    })],
  ]);
}

function pairs(value: Value | undefined, budget: Budget): Iterable<readonly [Key, Value]> {
  if (value === undefined) return [];
  budget.spend(sizeOf(value));
  if (isDict(value)) return value;
  return itemsOf(value).map((each) => {
    const [key, second, ...more] = itemsOf(each);
    if (second === undefined || more.length > 0 || typeof key !== "string") throw new TemplateError("failed", "a dict is made of pairs of a name and a value");
    return [key, second] as const;
  });
}

function range(args: readonly Value[], budget: Budget): Value {
  if (args.length < 1 || args.length > 3 || !args.every((each) => typeof each === "number")) throw new TemplateError("failed", "`range` needs whole numbers");
  const [a, b, step = 1] = args as readonly number[];
  const [from, to] = b === undefined ? [0, a!] : [a!, b];
  if (step === 0) throw new TemplateError("failed", "the step of `range` is 0");
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (length > LONGEST_RANGE) throw new TemplateError("endless", `a range of ${length} numbers is asked for`);
  budget.spend(length);
  return Array.from({ length }, (_, at) => from + at * step);
}
