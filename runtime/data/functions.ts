/** Without this file expressions could name functions that nothing computes. */
import { createRequire } from "node:module";
import { checkPattern, patternTest } from "../../src/ops/regex.ts";
import { correlation, cosine, entropy, ranks } from "./columns.ts";
import { DataError } from "./error.ts";
import type { Cell, Column } from "./frame.ts";
import { deviation, variance } from "./moments.ts";
import { median, medianDistance, quantile } from "./quantiles.ts";
import { replaced } from "./replaced.ts";
import type { Steps } from "./steps.ts";
import { totalOf } from "./totals.ts";

/**
 * How one function of the closed list is computed.
 * `number` and `text` see no nulls: any null argument makes null. A result that is not finite becomes null.
 * `cells` sees nulls. `aggregate` gets the present values of its first argument (booleans as 0 and 1), which it may change, the number of
 * rows, its other arguments as single numbers, and whether an int is asked for. `whole` gets whole columns and gives one value; `place` gets them and
 * gives one number for each row, null for none.
 */
export type Implementation =
  | { readonly kind: "number"; readonly apply: (...numbers: number[]) => number }
  | { readonly kind: "text"; readonly apply: (...texts: string[]) => Cell }
  | { readonly kind: "cells"; readonly apply: (cells: readonly Cell[]) => Cell }
  | { readonly kind: "aggregate"; readonly apply: (values: Float64Array, rows: number, more: readonly number[], int: boolean) => Steps<number | null> }
  | { readonly kind: "whole"; readonly apply: (columns: readonly Column[], rows: number) => Steps<number | null> }
  | { readonly kind: "place"; readonly apply: (columns: readonly Column[], rows: number) => readonly (number | null)[] };

interface Numbers {
  readonly abs: (x: number) => number;
  readonly round: (x: number, decimals: number) => number;
  readonly log: (x: number) => number;
  readonly log2: (x: number) => number;
  readonly log10: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly sqrt: (x: number) => number;
  readonly pow: (x: number, y: number) => number;
  readonly sign: (x: number) => number;
}

const NAMES = ["abs", "round", "log", "log2", "log10", "exp", "sqrt", "pow", "sign"] as const;

let loaded: Numbers | null = null;

/** mathjs takes about half a second to load, so it is loaded by the first expression that calls it, not with saeq. */
function math(): Numbers {
  if (loaded === null) {
    const mathjs = createRequire(import.meta.url)("mathjs/number") as Readonly<Record<string, unknown>> & {
      readonly create: (parts: Readonly<Record<string, unknown>>, config: { relTol: number; absTol: number }) => Numbers;
    };
    const parts = Object.fromEntries(NAMES.map((name) => [`${name}Dependencies`, mathjs[`${name}Dependencies`]]));
    // mathjs refuses a tolerance of 0, and with its default rounds 2.4999999999999 up.
    loaded = mathjs.create(parts, { relTol: 1e-300, absTol: 1e-300 });
  }
  return loaded;
}

const number = (apply: (...numbers: number[]) => number): Implementation => ({ kind: "number", apply });
const text = (apply: (...texts: string[]) => Cell): Implementation => ({ kind: "text", apply });
const sample = (fewest: number, apply: (values: Float64Array, more: readonly number[]) => Steps<number>): Implementation => ({
  kind: "aggregate",
  *apply(values, _, more) {
    return values.length < fewest ? null : yield* apply(values, more);
  },
});

const total = (name: string): Implementation => ({ kind: "aggregate", apply: (values, rows, _, int) => totalOf(name, values, rows, int) });

/** The whole closed list of `src/ops/functions.ts`. */
export const IMPLEMENTATIONS: Readonly<Record<string, Implementation>> = {
  abs: number((x) => math().abs(x!)),
  // mathjs' floor and ceil go through decimal text (1.4 µs a value) and differ nowhere else.
  ceil: number((x) => Math.ceil(x!)),
  floor: number((x) => Math.floor(x!)),
  /** Halves away from zero, on the decimal digits as printed: round(2.5) = 3, round(1.005, 2) = 1.01. */
  round: number((x, decimals = 0) => {
    if (!Number.isInteger(decimals) || decimals < 0 || decimals > 15) {
      throw new DataError({ code: "bad-argument", message: `round takes 0 to 15 decimals, not ${decimals}` });
    }
    return math().round(x!, decimals);
  }),
  log: number((x) => (x! > 0 ? math().log(x!) : Number.NaN)),
  log2: number((x) => (x! > 0 ? math().log2(x!) : Number.NaN)),
  log10: number((x) => (x! > 0 ? math().log10(x!) : Number.NaN)),
  exp: number((x) => math().exp(x!)),
  sqrt: number((x) => (x! >= 0 ? math().sqrt(x!) : Number.NaN)),
  pow: number((x, y) => math().pow(x!, y!)),
  sign: number((x) => math().sign(x!)),
  clamp: number((x, low, high) => (low! > high! ? Number.NaN : Math.min(Math.max(x!, low!), high!))),
  len: text((x) => codePoints(x!)),
  lower: text((x) => x!.toLowerCase()),
  upper: text((x) => x!.toUpperCase()),
  trim: text((x) => x!.trim()),
  contains: text((x, part) => x!.includes(part!)),
  starts_with: text((x, part) => x!.startsWith(part!)),
  ends_with: text((x, part) => x!.endsWith(part!)),
  /** Every occurrence, as written: no patterns; an empty second argument changes nothing. */
  replace: text((x, part, by) => (part === "" ? x! : replaced(x!, part!, by!))),
  /** Parts count from 0, from the end where negative. */
  split: {
    kind: "cells",
    apply: ([x, separator, at]) => {
      if (x === null || separator === null || at === null) return null;
      if (separator === "") throw new DataError({ code: "bad-argument", message: "`split` needs something to cut at, and its second argument is empty", notes: ["one blank is written `\" \"`"] });
      return String(x).split(String(separator)).at(Number(at)) ?? null;
    },
  },
  matches: text((x, pattern) => matcher(pattern!)(x!)),
  row: { kind: "place", apply: (_, rows) => Array.from({ length: rows }, (_, i) => i) },
  rank: { kind: "place", apply: ([column]) => ranks(column!) },
  is_null: { kind: "cells", apply: ([x]) => x === null },
  coalesce: { kind: "cells", apply: (cells) => cells.find((cell) => cell !== null) ?? null },
  if: { kind: "cells", apply: ([condition, then, other]) => (condition === true ? then! : other!) },
  count: total("count"),
  sum: total("sum"),
  mean: total("mean"),
  min: total("min"),
  max: total("max"),
  median: sample(1, median),
  mad: sample(1, medianDistance),
  std: sample(2, deviation),
  var: sample(2, variance),
  quantile: sample(1, (values, [level]) => {
    if (level === undefined || !(level >= 0 && level <= 1)) throw new DataError({ code: "bad-argument", message: `quantile takes a level from 0 to 1, not ${level}` });
    return quantile(values, level);
  }),
  corr: { kind: "whole", apply: ([x, y]) => correlation(x!, y!) },
  cosine: { kind: "whole", apply: ([x, y]) => cosine(x!, y!) },
  entropy: { kind: "whole", apply: ([column]) => entropy(column!) },
  frac: total("frac"),
};

/** The pattern of a query is the same for every row, so the last one is kept. */
let last: { readonly pattern: string; readonly test: (text: string) => boolean } | null = null;

/** A pattern as a test; compiled once for a run of rows with the same pattern. Throws `bad-pattern`. */
export function matcher(pattern: string): (text: string) => boolean {
  if (last?.pattern !== pattern) {
    const problem = checkPattern(pattern);
    if (problem !== null) throw new DataError({ code: "bad-pattern", message: `this pattern cannot be read: ${problem}`, help: 'matches(input_text, "^In the")' });
    last = { pattern, test: patternTest(pattern) };
  }
  return last.test;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
