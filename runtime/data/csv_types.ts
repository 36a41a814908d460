/** Without this file `True` would be text, `00123` a number, and a column's type would hang on its first rows. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Leniency } from "../../src/ops/op.ts";
import type { ScalarType } from "../../src/ops/schema.ts";
import { EMPTY_LINE, EMPTY_QUOTED } from "./csv_guard.ts";
import { DataError } from "./error.ts";
import type { Column } from "./frame.ts";

const BOOL = /^(?:true|True|TRUE|false|False|FALSE)$/;
const INTEGER = /^(?:0|-?[1-9]\d{0,15})$/;
const LARGEST = "9007199254740992";
const DECIMAL = /^-?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** What pandas writes for a number that is missing; a column of floats that is asked for takes it. */
const NAN = /^(?:NaN|nan)$/;
/** What pandas, polars, R and JavaScript write for a number without end, likewise. */
const INFINITE = /^([-+]?)(?:inf|Inf|Infinity)$/;
/** 1,000 is a thousand to some, and 1 to others. */
const THOUSANDS = /^-?[1-9]\d{0,2},\d{3}$/;
const WHOLE = /^-?\d+$/;

/** What stands before the fraction of a number; `thousands`: a point, and commas set thousands apart. Where the mark is a comma, points do so. */
export type DecimalMark = "point" | "comma" | "thousands";

/** The mark of what a reader is asked for. */
export function markOf({ decimal, thousands }: Pick<Leniency, "decimal" | "thousands">): DecimalMark {
  return decimal ?? (thousands === "apart" ? "thousands" : "point");
}

/** Thousands set apart, each group whole, and a fraction behind them. */
const POINTS_APART = /^-?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?$/;
const COMMAS_APART = /^-?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/;

/** A number as it is written with a point and nothing between its thousands; "" for what is none with this mark. */
function pointed(text: string, mark: DecimalMark): string {
  if (mark === "point") return text;
  if (mark === "thousands") return !text.includes(",") ? text : COMMAS_APART.test(text) ? text.replaceAll(",", "") : "";
  if (!text.includes(".")) return text.replace(",", ".");
  return POINTS_APART.test(text) ? text.replaceAll(".", "").replace(",", ".") : "";
}

/** Whether a number in it has points or commas between its thousands. */
const isApart = (text: string, mark: DecimalMark): boolean => (mark === "comma" ? POINTS_APART : COMMAS_APART).test(text);

/** Whole numbers with |n| ≤ 2^53, no leading zeros, no plus sign; `-0` is a float. */
function isInt(written: string, mark: DecimalMark = "point"): boolean {
  const text = pointed(written, mark);
  if (!INTEGER.test(text)) return false;
  const digits = text[0] === "-" ? text.slice(1) : text;
  return digits.length < LARGEST.length || digits <= LARGEST;
}

/** A decimal or exponent that is finite as a double. Whole numbers beyond 2^53 are not: rounding them would lose digits. */
function isFloat(written: string, mark: DecimalMark): boolean {
  const text = pointed(written, mark);
  if (!DECIMAL.test(text) || !Number.isFinite(Number(text))) return false;
  return !WHOLE.test(text) || text === "-0" || isInt(text);
}

const fits: Readonly<Record<ScalarType, (text: string, mark: DecimalMark) => boolean>> = { bool: (text) => BOOL.test(text), int: isInt, float: isFloat, str: () => true };

export interface Typed {
  readonly column: Column;
  /** A hint where one odd cell made a column of numbers text. */
  readonly note: string | null;
}

/** What the cells of a column seen so far say of its type. */
export interface Inference {
  type: ScalarType | null;
  rows: number;
  numbers: number;
  present: number;
  /** The row of the one cell that made numbers text; −1: none, −2: there are several. */
  odd: number;
  oddCell: string;
  /** Cells that are NaN, those that are infinite, and whether there is another word. */
  nans: number;
  infinite: number;
  words: boolean;
  /** Cells up to the first that would be no number with a decimal comma, and of those with one, how many cannot have it for thousands. */
  commas: number;
  fractions: number;
  /** Cells up to the first that would be no number with commas between thousands. */
  apart: number;
  /** The first number that was read with its thousands set apart; "": none. */
  grouped: string;
  readonly mark: DecimalMark;
}

export function createInference(mark: DecimalMark = "point"): Inference {
  return { type: null, rows: 0, numbers: 0, present: 0, odd: -1, oddCell: "", nans: 0, infinite: 0, words: false, commas: 0, fractions: 0, apart: 0, grouped: "", mark };
}

/** Look at the next cell. */
export function infer(state: Inference, cell: string): void {
  const row = state.rows++;
  if (isMissing(cell)) return;
  state.present++;
  const alike = state.mark === "point" && state.commas === state.present - 1;
  const apart = state.mark === "point" && state.apart === state.present - 1;
  if (state.type === "str") {
    if (!alike && !apart && state.odd === -2 && state.words) return;
    if (alike && isFloat(cell, "comma")) seeComma(state, cell);
    if (apart && isFloat(cell, "thousands")) state.apart++;
    if (isFloat(cell, state.mark)) state.numbers++;
    else {
      state.odd = -2;
      seeWord(state, cell);
    }
    return;
  }
  const own: ScalarType = isInt(cell, state.mark) ? "int" : isFloat(cell, state.mark) ? "float" : BOOL.test(cell) ? "bool" : "str";
  if (alike && (own === "int" || isFloat(cell, "comma"))) seeComma(state, cell);
  if (apart && (own === "int" || own === "float" || isFloat(cell, "thousands"))) state.apart++;
  if (state.grouped === "" && state.mark !== "point" && own !== "str" && isApart(cell, state.mark)) state.grouped = cell;
  if (own === "int" || own === "float") state.numbers++;
  if (state.type === null || state.type === own) state.type = own;
  else if ((state.type === "int" && own === "float") || (state.type === "float" && own === "int")) state.type = "float";
  else state.type = "str";
  if (state.type !== "str") return;
  state.odd = state.numbers === state.present - 1 && own === "str" ? row : -2;
  state.oddCell = cell;
  if (own === "str") seeWord(state, cell);
  else state.words = true;
}

function seeComma(state: Inference, cell: string): void {
  state.commas++;
  if (cell.includes(",") && !THOUSANDS.test(cell)) state.fractions++;
}

function seeWord(state: Inference, cell: string): void {
  if (NAN.test(cell)) state.nans++;
  else if (INFINITE.test(cell)) state.infinite++;
  else state.words = true;
}

/** A hint where one odd cell, NaN, decimal commas or set-apart thousands made a column of numbers text, and where points were read as thousands without being asked for. */
export function noteOf(name: string, { type, odd, oddCell, numbers, nans, infinite, words, present, commas, fractions, apart, grouped, mark }: Inference): string | null {
  if (mark === "comma" && grouped !== "" && (type === "int" || type === "float")) return `${name} is numbers, with points between thousands: ${grouped} is ${Number(pointed(grouped, mark))}; with types {${printColumn(name)}: str} it stays text`;
  // A name with a comma, too: another separator was meant.
  if (type === "str" && present > 0 && commas === present && !name.includes(",")) {
    return `${name} is text because of its ${fractions > 0 ? "decimal " : ""}commas; with decimal comma it is numbers${fractions > 0 ? "" : ", and 1,000 is 1 there; with thousands apart it is 1000"}`;
  }
  if (type === "str" && present > 0 && apart === present && !name.includes(",")) return `${name} is text because of the commas between its thousands; with thousands apart it is numbers`;
  if (nans + infinite > 0 && !words && numbers > 0 && numbers + nans + infinite === present) {
    const because = [...(nans > 0 ? ["NaN"] : []), ...(infinite > 0 ? ["inf"] : [])].join(" and ");
    return `${name} is text because of ${because}; with types {${printColumn(name)}: float} it is numbers${nans === 0 ? "" : infinite === 0 ? ", and null there" : ", and null where NaN stands"}`;
  }
  return odd >= 0 && numbers >= 4 ? `${name} is text because of row ${odd + 1}, ${JSON.stringify(clip(oddCell))}; its other ${numbers} cells are numbers` : null;
}

/**
 * One column from all its cells as papaparse gave them (empty = null; the guard's marks for `""` and empty lines).
 * bool: true True TRUE false False FALSE only; else int; else float; else str. The words NaN, NA and inf are text.
 * A column of nulls only is str.
 */
export function inferColumn(name: string, cells: readonly string[], mark: DecimalMark = "point"): Typed {
  const state = createInference(mark);
  for (const cell of cells) infer(state, cell);
  return { column: buildColumn(name, state.type ?? "str", cells, false, mark), note: noteOf(name, state) };
}

/**
 * One column of the type its user asked for. An empty cell is null, in quotes too except for str; in float NaN and nan are null, and inf is infinite.
 * Throws `type-mismatch` for the first cell that does not fit.
 */
export function forceColumn(name: string, type: ScalarType, cells: readonly string[], mark: DecimalMark = "point"): Column {
  if (type === "str") return buildColumn(name, type, cells);
  const number = type === "int" || type === "float";
  const kept = cells.map((cell) => (cell === EMPTY_QUOTED || (type === "float" && NAN.test(cell)) ? "" : type === "float" ? cell.replace(INFINITE, "$1Infinity") : cell));
  const wrong = kept.findIndex((cell) => !isMissing(cell) && !fits[type](cell, mark) && !(type === "float" && INFINITE.test(cell)));
  if (wrong >= 0) {
    throw new DataError({
      code: "type-mismatch",
      message: `column ${name} was asked to be ${type}, but row ${wrong + 1} holds ${JSON.stringify(clip(kept[wrong]!))}`,
      notes: [...(number && mark === "point" ? (asMarked(kept[wrong]!).notes ?? []) : []), "types go behind the file name; without one it is what its cells are"],
      help: `types {${printColumn(name)}: str}`,
      row: wrong + 1,
      column: name,
    });
  }
  return buildColumn(name, type, kept, false, mark);
}

/** The keyword with which a cell is a number. */
function asMarked(cell: string): { readonly notes?: readonly string[] } {
  const keyword = isFloat(cell, "comma") && !THOUSANDS.test(cell) ? "decimal comma" : isFloat(cell, "thousands") ? "thousands apart" : null;
  return keyword === null ? {} : { notes: [`\`${keyword}\` behind the file name reads it as a number`] };
}

const isMissing = (cell: string): boolean => cell === "" || cell === EMPTY_LINE;
const clip = (text: string): string => (text === EMPTY_QUOTED ? "" : text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** Cells that fit a type as a column of it. `nullable`: mark what is present even where nothing is missing, as in the pieces of a column. */
export function buildColumn(name: string, type: ScalarType, cells: readonly string[], nullable = false, mark: DecimalMark = "point"): Column {
  const rows = cells.length;
  const present = new Uint8Array(rows);
  let nulls = 0;
  for (let i = 0; i < rows; i++) {
    if (isMissing(cells[i]!)) nulls++;
    else present[i] = 1;
  }
  const valid = nulls === 0 && !nullable ? null : present;
  if (type === "str") return { name, type, values: cells.map((cell) => (cell === EMPTY_QUOTED || cell === EMPTY_LINE ? "" : cell)), valid };
  if (type === "bool") {
    const values = new Uint8Array(rows);
    for (let i = 0; i < rows; i++) values[i] = present[i] === 1 && cells[i]!.toLowerCase() === "true" ? 1 : 0;
    return { name, type, values, valid };
  }
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) if (present[i] === 1) values[i] = Number(pointed(cells[i]!, mark));
  return { name, type, values, valid };
}
