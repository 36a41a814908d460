/** Without this file conditions and derived columns would be checked but never computed. */
import { remainder } from "../../src/ops/remainder.ts";
import type { ArithmeticOp, CompareOp, Scalar } from "../../src/ops/scalar.ts";
import type { ScalarType } from "../../src/ops/schema.ts";
import type { Cell, Column, Table } from "./frame.ts";
import { IMPLEMENTATIONS, matcher } from "./functions.ts";
import type { Aggregate } from "./scalar_parts.ts";
import { textsMade } from "./room.ts";
import { atOnce, ROWS_A_STEP, type Steps } from "./steps.ts";
import { cellAt, columnNamed, createColumn, renamed } from "./table.ts";

/** Called when present arguments gave no number: division by zero, log of a negative, an int beyond 2^53, `corr` of what does not vary. */
export type OnUndefined = (operation: string, rows: number) => void;

interface Context {
  readonly table: Table;
  readonly inputs: readonly Table[];
  readonly onUndefined: OnUndefined;
}

const LARGEST_INT = 2 ** 53;
const TOLERANCE = 1e-9;

/**
 * The column [table.rows] an expression gives, without a name. Aggregates read `inputs[input]`, by default the table itself.
 * Nulls: `null == null` is true; ordering with null is false, arithmetic is null; and, or, not see null as false.
 * What has no finite number (x / 0, log(-1)) and ints beyond 2^53 are null and told to `onUndefined`; 2^53 itself is an int, unless it was rounded from beyond.
 * `x =~ pattern` is false where either is null.
 */
export function evaluate(scalar: Scalar, table: Table, inputs: readonly Table[] = [table], onUndefined: OnUndefined = () => {}): Column {
  return renamed(compute(scalar, { table, inputs, onUndefined }), "");
}

function compute(scalar: Scalar, context: Context): Column {
  const { rows } = context.table;
  const side = (operand: Scalar): Column => compute(operand, context);
  switch (scalar.op) {
    case "column":
      return columnNamed(context.table, scalar.name);
    case "literal":
      return constant(scalar.type === "null" ? "str" : scalar.type, scalar.value, rows);
    case "compare":
      return compare(scalar.cmp, side(scalar.left), side(scalar.right), rows);
    case "arithmetic":
      return arithmetic(scalar.sign, scalar.type, side(scalar.left), side(scalar.right), context);
    case "logic": {
      const left = truths(side(scalar.left));
      const right = truths(side(scalar.right));
      const and = scalar.join === "and";
      return flags(rows, (i) => (and ? left[i]! & right[i]! : left[i]! | right[i]!));
    }
    case "not": {
      const operand = truths(side(scalar.operand));
      return flags(rows, (i) => 1 - operand[i]!);
    }
    case "negate": {
      const operand = side(scalar.operand);
      const values = Float64Array.from(operand.values as Float64Array, (value) => (value === 0 ? 0 : -value));
      return { name: "", type: scalar.type, values, valid: operand.valid };
    }
    case "within": {
      const low = compare(">=", side(scalar.operand), side(scalar.from), rows).values;
      const high = compare("<=", side(scalar.operand), side(scalar.to), rows).values;
      return flags(rows, (i) => Number(low[i]) & Number(high[i]));
    }
    case "member": {
      const operand = side(scalar.operand);
      const hits = scalar.options.map((option) => compare("==", operand, side(option), rows).values);
      return flags(rows, (i) => (hits.some((hit) => hit[i] === 1) ? 1 : 0));
    }
    case "call":
      return call(scalar.fn, scalar.type, scalar.args.map(side), context);
    case "aggregate":
      return constant(scalar.type, aggregate(scalar, context), rows);
    default:
      return scalar satisfies never;
  }
}

function constant(type: ScalarType, value: Cell, rows: number): Column {
  const valid = value === null ? new Uint8Array(rows) : null;
  switch (type) {
    case "str":
      return { name: "", type, values: new Array<string>(rows).fill(value === null ? "" : String(value)), valid };
    case "bool":
      return { name: "", type, values: new Uint8Array(rows).fill(value === true ? 1 : 0), valid };
    case "int":
    case "float":
      return { name: "", type, values: new Float64Array(rows).fill(value === null ? 0 : Number(value)), valid };
    default:
      return type satisfies never;
  }
}

function flags(rows: number, at: (row: number) => number): Column {
  const values = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) values[i] = at(i);
  return { name: "", type: "bool", values, valid: null };
}

/** A condition as 0 and 1, null as 0. Values under a null are not to be trusted, so both arrays count. */
export function truths(column: Column): Uint8Array {
  if (column.type !== "bool") throw new Error(`a condition is ${column.type}, not bool`);
  const { values, valid } = column;
  return valid === null ? values : values.map((value, i) => value & valid[i]!);
}

function compare(cmp: CompareOp, left: Column, right: Column, rows: number): Column {
  if (cmp === "=~") {
    return flags(rows, (i) => {
      const text = cellAt(left, i);
      const pattern = cellAt(right, i);
      return text === null || pattern === null ? 0 : Number(matcher(String(pattern))(String(text)));
    });
  }
  const test = tests[cmp];
  const whenBothNull = cmp === "==" || cmp === "~=" ? 1 : 0;
  const whenOneNull = cmp === "!=" ? 1 : 0;
  return flags(rows, (i) => {
    const a = left.valid === null || left.valid[i] === 1;
    const b = right.valid === null || right.valid[i] === 1;
    if (a && b) return test(left.values[i]!, right.values[i]!) ? 1 : 0;
    return a === b ? whenBothNull : whenOneNull;
  });
}

/** Texts are ordered by UTF-16 code units, the same on every machine and in every locale. */
const tests: Readonly<Record<Exclude<CompareOp, "=~">, (a: number | string, b: number | string) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "~=": (a, b) => a === b || (typeof a === "number" && typeof b === "number" && Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))),
};

const signs: Readonly<Record<ArithmeticOp, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": remainder,
  "^": (a, b) => a ** b,
};

function arithmetic(sign: ArithmeticOp, type: "int" | "float" | "str", left: Column, right: Column, context: Context): Column {
  const { rows } = context.table;
  if (type === "str") {
    const cells = Array.from({ length: rows }, (_, i) => {
      const a = cellAt(left, i);
      const b = cellAt(right, i);
      return a === null || b === null ? null : `${a}${b}`;
    });
    return createColumn("", "str", cells);
  }
  const apply = type === "int" ? ofInts(sign) : signs[sign];
  return numeric(type, sign, [left, right], context, (i) => apply(Number(left.values[i]), Number(right.values[i])));
}

/** Of two ints. A result of 2^53 may have been rounded from beyond it, which is where ints end: that one is worked out exactly. */
function ofInts(sign: ArithmeticOp): (a: number, b: number) => number {
  const apply = signs[sign];
  const exact = exactSigns[sign];
  if (exact === undefined) return apply;
  return (a, b) => {
    const value = apply(a, b);
    return Math.abs(value) === LARGEST_INT && exact(BigInt(a), BigInt(b)) !== BigInt(value) ? Number.POSITIVE_INFINITY : value;
  };
}

const exactSigns: Readonly<Partial<Record<ArithmeticOp, (a: bigint, b: bigint) => bigint>>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
};

/** Numbers row by row: null where an argument is null, and where the result is not finite or no exact int. */
function numeric(type: "int" | "float", operation: string, args: readonly Column[], context: Context, at: (row: number) => number): Column {
  const { rows } = context.table;
  const values = new Float64Array(rows);
  const present = new Uint8Array(rows);
  let nulls = 0;
  let undefinedRows = 0;
  for (let i = 0; i < rows; i++) {
    if (args.some(({ valid }) => valid !== null && valid[i] === 0)) {
      nulls++;
      continue;
    }
    const value = at(i);
    if (!Number.isFinite(value) || (type === "int" && (Math.abs(value) > LARGEST_INT || !Number.isInteger(value)))) {
      undefinedRows++;
      continue;
    }
    values[i] = value === 0 ? 0 : value;
    present[i] = 1;
  }
  if (undefinedRows > 0) context.onUndefined(operation, undefinedRows);
  return { name: "", type, values, valid: nulls + undefinedRows === 0 ? null : present };
}

function call(name: string, type: ScalarType, args: readonly Column[], context: Context): Column {
  const implementation = IMPLEMENTATIONS[name];
  if (implementation === undefined || implementation.kind === "aggregate" || implementation.kind === "whole") throw new Error(`no row function ${name}`);
  if (implementation.kind === "place") return createColumn("", type, implementation.apply(args, context.table.rows));
  if (implementation.kind === "number") {
    const { apply } = implementation;
    if (type !== "int" && type !== "float") throw new Error(`${name} gives ${type}`);
    if (args.length === 1) return numeric(type, name, args, context, (i) => apply(Number(args[0]!.values[i])));
    return numeric(type, name, args, context, (i) => apply(...args.map((column) => Number(column.values[i]))));
  }
  const cells: Cell[] = [];
  const made = textsMade();
  for (let i = 0; i < context.table.rows; i++) {
    const row = args.map((column) => cellAt(column, i));
    const cell = implementation.kind === "cells" ? implementation.apply(row) : row.includes(null) ? null : implementation.apply(...row.map(String));
    made(cell);
    cells.push(cell);
  }
  return createColumn("", type, cells);
}

function aggregate(scalar: Aggregate, context: Context): Cell {
  const table = context.inputs[scalar.input];
  if (table === undefined) throw new Error(`${scalar.fn} reads input ${scalar.input} of ${context.inputs.length}`);
  return atOnce(aggregateOf(scalar, scalar.args.map((operand) => compute(operand, { ...context, table })), table.rows, context.onUndefined));
}

/** What an aggregate gives of its arguments, columns of `rows` rows. */
export function* aggregateOf(scalar: Aggregate, columns: readonly Column[], rows: number, onUndefined: OnUndefined): Steps<Cell> {
  const implementation = IMPLEMENTATIONS[scalar.fn];
  if (implementation === undefined || (implementation.kind !== "aggregate" && implementation.kind !== "whole")) throw new Error(`no aggregate ${scalar.fn}`);
  if (implementation.kind === "whole") {
    const result = yield* implementation.apply(columns, rows);
    // Rows that give no correlation are said; no rows give none without a word, as with `mean`.
    if (result === null && rows > 0) onUndefined(scalar.fn, 1);
    return finiteTotal(scalar, result, onUndefined);
  }
  const [first, ...more] = columns;
  if (first === undefined) return rows;
  const levels = more.map((column) => {
    const level = rows === 0 ? 0 : cellAt(column, 0);
    return typeof level === "number" ? level : Number.NaN;
  });
  return finiteTotal(scalar, yield* implementation.apply(yield* presentValues(first, rows), rows, levels, scalar.type === "int"), onUndefined);
}

/** The values that are there, as numbers, 0 for each text: texts are only counted. */
function* presentValues(column: Column, rows: number): Steps<Float64Array> {
  const values = new Float64Array(rows);
  let present = 0;
  for (let i = 0; i < rows; i++) {
    if (i % ROWS_A_STEP === 0) yield;
    if (column.valid !== null && column.valid[i] === 0) continue;
    values[present++] = column.type === "str" ? 0 : column.values[i]!;
  }
  return values.subarray(0, present);
}

/** The value, or null where it is no number that can be held; that is told. */
export function finiteTotal(scalar: Aggregate, result: number | null, onUndefined: OnUndefined): Cell {
  if (result === null) return null;
  if (!Number.isFinite(result) || (scalar.type === "int" && Math.abs(result) > LARGEST_INT)) {
    onUndefined(scalar.fn, 1);
    return null;
  }
  return result;
}
