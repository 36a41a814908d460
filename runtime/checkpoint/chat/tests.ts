/** Without this file `message.content is string` in a template could not be answered. */
import { TemplateError } from "./template_error.ts";
import { Callable, equal, Float, isDict, isList, numberOf, order, str, Tuple, Undefined, type Value } from "./values.ts";
import { itemsOf } from "./text_methods.ts";

type Test = (value: Value, args: readonly Value[]) => boolean;

const isWhole = (value: Value): boolean => (typeof value === "number" || typeof value === "bigint");

function whole(value: Value): number {
  const number = numberOf(value);
  if (number === null) throw new TemplateError("failed", "a number is asked about, and this is none");
  return number;
}

const equalTo: Test = (value, [other = null]) => equal(value, other);
const unequalTo: Test = (value, [other = null]) => !equal(value, other);
const below: Test = (value, [other = null]) => order(value, other) < 0;
const above: Test = (value, [other = null]) => order(value, other) > 0;
const atMost: Test = (value, [other = null]) => order(value, other) <= 0;
const atLeast: Test = (value, [other = null]) => order(value, other) >= 0;

const TESTS: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === "boolean",
  callable: (value) => value instanceof Callable,
  defined: (value) => !(value instanceof Undefined),
  divisibleby: (value, [by = null]) => whole(value) % whole(by) === 0,
  "==": equalTo,
  eq: equalTo,
  equalto: equalTo,
  "!=": unequalTo,
  ne: unequalTo,
  "<": below,
  lt: below,
  lessthan: below,
  ">": above,
  gt: above,
  greaterthan: above,
  "<=": atMost,
  le: atMost,
  ">=": atLeast,
  ge: atLeast,
  escaped: () => false,
  even: (value) => whole(value) % 2 === 0,
  odd: (value) => Math.abs(whole(value) % 2) === 1,
  false: (value) => value === false,
  true: (value) => value === true,
  float: (value) => value instanceof Float,
  integer: isWhole,
  in: (value, [container = null]) => (typeof container === "string" ? typeof value === "string" && container.includes(value) : itemsOf(container).some((each) => equal(each, value))),
  iterable: (value) => typeof value === "string" || isList(value) || isDict(value) || value instanceof Tuple || value instanceof Undefined,
  lower: (value) => str(value) !== str(value).toUpperCase() && str(value) === str(value).toLowerCase(),
  upper: (value) => str(value) !== str(value).toLowerCase() && str(value) === str(value).toUpperCase(),
  mapping: isDict,
  none: (value) => value === null,
  number: (value) => numberOf(value) !== null || typeof value === "bigint",
  sequence: (value) => typeof value === "string" || isList(value) || isDict(value) || value instanceof Tuple || value instanceof Undefined,
  string: (value) => typeof value === "string",
  undefined: (value) => value instanceof Undefined,
};

/** A test. @throws TemplateError `unsupported` for one that nobody here knows */
export function testNamed(name: string): Test {
  if (!Object.hasOwn(TESTS, name)) throw new TemplateError("unsupported", `the test \`${name}\``);
  return TESTS[name]!;
}
