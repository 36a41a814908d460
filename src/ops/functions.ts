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
  /** One value for the whole table. */
  readonly aggregate: boolean;
  readonly doc: string;
}

const row = (parameters: readonly Parameter[], result: FunctionSignature["result"], doc: string, more: Partial<FunctionSignature> = {}): FunctionSignature => ({ parameters, result, aggregate: false, doc, ...more });
const all = (parameters: readonly Parameter[], result: FunctionSignature["result"], doc: string, more: Partial<FunctionSignature> = {}): FunctionSignature => ({ parameters, result, aggregate: true, doc, ...more });

/** The closed list. Implementations: `runtime/data/functions.ts`; a test holds the two lists equal. */
export const FUNCTIONS: Readonly<Record<string, FunctionSignature>> = {
  abs: row(["number"], "same", "Distance from zero"),
  ceil: row(["number"], "int", "Smallest integer that is not less"),
  floor: row(["number"], "int", "Largest integer that is not greater"),
  round: row(["number", "int"], "same", "Nearest number with the given decimals (default 0)", { optional: 1 }),
  log: row(["number"], "float", "Natural logarithm; null at or below zero"),
  log2: row(["number"], "float", "Logarithm to base 2; null at or below zero"),
  log10: row(["number"], "float", "Logarithm to base 10; null at or below zero"),
  exp: row(["number"], "float", "e to the power"),
  sqrt: row(["number"], "float", "Square root; null below zero"),
  pow: row(["number", "number"], "float", "First to the power of second"),
  sign: row(["number"], "int", "-1, 0 or 1"),
  clamp: row(["number", "number", "number"], "same", "First, held between second and third"),
  len: row(["str"], "int", "Number of characters (code points)"),
  lower: row(["str"], "str", "In lower case"),
  upper: row(["str"], "str", "In upper case"),
  trim: row(["str"], "str", "Without blanks at both ends"),
  contains: row(["str", "str"], "bool", "Whether first contains second"),
  starts_with: row(["str", "str"], "bool", "Whether first starts with second"),
  ends_with: row(["str", "str"], "bool", "Whether first ends with second"),
  replace: row(["str", "str", "str"], "str", "First with every second replaced by third"),
  is_null: row(["any"], "bool", "Whether the value is missing"),
  coalesce: row(["any", "any"], "same", "The first value that is not null", { variadic: true }),
  if: row(["bool", "any", "any"], "second", "Second where first is true, else third"),
  count: all(["any"], "int", "Rows, or rows where the argument is not null", { optional: 1 }),
  sum: all(["number"], "same", "Sum over rows that are not null"),
  mean: all(["number"], "float", "Mean over rows that are not null"),
  min: all(["number"], "same", "Smallest value"),
  max: all(["number"], "same", "Largest value"),
  median: all(["number"], "float", "Median, the mean of the middle two"),
  std: all(["number"], "float", "Sample standard deviation (n - 1)"),
  var: all(["number"], "float", "Sample variance (n - 1)"),
  quantile: all(["number", "number"], "float", "Quantile by linear interpolation"),
  frac: all(["bool"], "float", "Share of rows where the argument is true"),
};
