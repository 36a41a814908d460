/** Without this file the checker would not know which functions an expression may call. */
import type { ScalarType } from "./schema.ts";

type Parameter = ScalarType | "number" | "any";

export interface FunctionSignature {
  /** Types of the arguments; the last one repeats where `variadic`. */
  readonly parameters: readonly Parameter[];
  /** How many may be left out, from the right. */
  readonly optional?: number;
  readonly variadic?: boolean;
  /** "same": the type of the first argument; "second": of the second. */
  readonly result: ScalarType | "same" | "second";
  /** Which argument is a pattern: written out, and checked before anything runs. */
  readonly pattern?: number;
  /** One value for the whole table. */
  readonly aggregate: boolean;
  readonly doc: string;
  /** Names that other tools have for just this. */
  readonly alsoCalled?: readonly string[];
}

const row = (parameters: readonly Parameter[], result: FunctionSignature["result"], doc: string, more: Partial<FunctionSignature> = {}): FunctionSignature => ({ parameters, result, aggregate: false, doc, ...more });
const all = (parameters: readonly Parameter[], result: FunctionSignature["result"], doc: string, more: Partial<FunctionSignature> = {}): FunctionSignature => ({ parameters, result, aggregate: true, doc, ...more });

/** The closed list. Implementations: `runtime/data/functions.ts`; a test holds the two lists equal. */
export const FUNCTIONS: Readonly<Record<string, FunctionSignature>> = {
  abs: row(["number"], "same", "Distance from zero"),
  ceil: row(["number"], "int", "Smallest integer that is not less"),
  floor: row(["number"], "int", "Largest integer that is not greater"),
  round: row(["number", "int"], "same", "Nearest number with the given decimals (default 0)", { optional: 1 }),
  log: row(["number"], "float", "Natural logarithm; null at or below zero", { alsoCalled: ["ln"] }),
  log2: row(["number"], "float", "Logarithm to base 2; null at or below zero"),
  log10: row(["number"], "float", "Logarithm to base 10; null at or below zero"),
  exp: row(["number"], "float", "e to the power"),
  sqrt: row(["number"], "float", "Square root; null below zero"),
  pow: row(["number", "number"], "float", "First to the power of second"),
  sign: row(["number"], "int", "-1, 0 or 1"),
  clamp: row(["number", "number", "number"], "same", "First, held between second and third"),
  len: row(["str"], "int", "Number of characters (code points)", { alsoCalled: ["length", "nchar"] }),
  lower: row(["str"], "str", "In lower case", { alsoCalled: ["tolower", "lowercase"] }),
  upper: row(["str"], "str", "In upper case", { alsoCalled: ["toupper", "uppercase"] }),
  trim: row(["str"], "str", "Without blanks at both ends", { alsoCalled: ["strip"] }),
  contains: row(["str", "str"], "bool", "Whether first contains second", { alsoCalled: ["includes", "str_detect", "str_contains"] }),
  starts_with: row(["str", "str"], "bool", "Whether first starts with second", { alsoCalled: ["startswith"] }),
  ends_with: row(["str", "str"], "bool", "Whether first ends with second", { alsoCalled: ["endswith"] }),
  split: row(["str", "str", "int"], "str", "The part with number third (from 0; -1 is the last) of first, cut at every second; null where there is none"),
  matches: row(["str", "str"], "bool", "Whether the pattern second (RE2 syntax) occurs in first; the same as first =~ second", { pattern: 1 }),
  replace: row(["str", "str", "str"], "str", "First with every second replaced by third"),
  is_null: row(["any"], "bool", "Whether the value is missing", { alsoCalled: ["isnull", "isna", "is_na", "is.na", "is.null"] }),
  coalesce: row(["any", "any"], "same", "The first value that is not null", { variadic: true, alsoCalled: ["ifnull", "nvl", "fillna", "replace_na"] }),
  if: row(["bool", "any", "any"], "second", "Second where first is true, else third", { alsoCalled: ["ifelse", "if_else", "iff"] }),
  row: row([], "int", "Number of the row, from 0"),
  rank: row(["any"], "float", "Place among all rows, 1 for the smallest; equal values share the mean of their places, null has none"),
  count: all(["any"], "int", "Rows, or rows where the argument is not null", { optional: 1, alsoCalled: ["n"] }),
  sum: all(["number"], "same", "Sum over rows that are not null, exact and rounded once; of ints null beyond 2^53"),
  mean: all(["number"], "float", "Mean over rows that are not null, rounded once", { alsoCalled: ["avg", "average"] }),
  min: all(["number"], "same", "Smallest value"),
  max: all(["number"], "same", "Largest value"),
  median: all(["number"], "float", "Median, the mean of the middle two"),
  std: all(["number"], "float", "Sample standard deviation (n - 1)", { alsoCalled: ["sd", "stdev", "stddev"] }),
  mad: all(["number"], "float", "Median distance from the median"),
  var: all(["number"], "float", "Sample variance (n - 1)", { alsoCalled: ["variance"] }),
  quantile: all(["number", "number"], "float", "Quantile by linear interpolation between the two nearest ranks"),
  corr: all(["number", "number"], "float", "Pearson correlation over rows where both are present; null where one does not vary", { alsoCalled: ["cor"] }),
  cosine: all(["number", "number"], "float", "Cosine of two columns as vectors, over rows where both are present; null where one is all zero"),
  entropy: all(["any"], "float", "Shannon entropy in bits of how often each value occurs; null is left out"),
  frac: all(["bool"], "float", "Share of rows where the argument is true"),
};
