/** Without this file `message.content is string` in a template could not be answered. */
import type { Budget } from "./budget.ts";
import { TemplateError } from "./template_error.ts";
import { Callable, equal, Float, isDict, isList, numberOf, order, str, Tuple, Undefined, type Value } from "./values.ts";
import { contains } from "./operators.ts";

type Test = (value: Value, args: readonly Value[], budget: Budget) => boolean;

const isWhole = (value: Value): boolean => (typeof value === "number" || typeof value === "bigint");

function whole(value: Value): number {
  const number = numberOf(value);
  if (number === null) throw new TemplateError("failed", "a number is asked about, and this is none");
  return number;
}

function counted(value: Value, budget: Budget): string {
  const text = str(value, budget);
  budget.spend(text.length);
  return text;
}

const equalTo: Test = (value, [other = null], budget) => equal(value, other, budget);
const unequalTo: Test = (value, [other = null], budget) => !equal(value, other, budget);
const below: Test = (value, [other = null], budget) => order(value, other, budget) < 0;
const above: Test = (value, [other = null], budget) => order(value, other, budget) > 0;
const atMost: Test = (value, [other = null], budget) => order(value, other, budget) <= 0;
const atLeast: Test = (value, [other = null], budget) => order(value, other, budget) >= 0;

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
  in: (value, [container = null], budget) => (typeof container === "string" && typeof value !== "string" ? false : contains(container, value, budget)),
  iterable: (value) => typeof value === "string" || isList(value) || isDict(value) || value instanceof Tuple || value instanceof Undefined,
  lower: (value, _, budget) => {
    const text = counted(value, budget);
    return text !== text.toUpperCase() && text === text.toLowerCase();
  },
  upper: (value, _, budget) => {
    const text = counted(value, budget);
    return text !== text.toLowerCase() && text === text.toUpperCase();
  },
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
