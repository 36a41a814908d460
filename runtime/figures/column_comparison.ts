/** Without this file nobody could tell whether the perplexity of two sets of texts, or any other figure of theirs, differs by more than chance. */
import { printColumn } from "../../grammar/print_parts.ts";
import type { Op } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import type { Cell, Column, Table } from "../data/frame.ts";
import { LargeMap, LargeSet } from "../data/large.ts";
import { cellAt, columnNamed, createColumn, createTable } from "../data/table.ts";
import { falseDiscoveryRates, rankTest, type RankTest } from "../kernels/rank_test.ts";
import { signedRankTest } from "../kernels/signed_rank_test.ts";
import type { Turns } from "../turns.ts";
import { DataError } from "../data/error.ts";
import { pairLimits, requireLike, SAME_TEXTS, smallestP } from "./comparison.ts";
import { partnerColumn, type PartnerColumn } from "./partner_columns.ts";

type CompareColumns = Op & { readonly op: "compare_columns" };

/** One group of rows. */
export interface TableSide {
  readonly name: string;
  readonly table: Table;
}

interface Scores {
  /** One number for each unit, in the order in which they first come. */
  readonly values: Float64Array;
  /** The unit of each: what its column holds, else the number of the row. */
  readonly of: readonly Cell[];
  /** Rows of a unit without a value. */
  readonly missing: number;
  /** Rows without a unit. */
  readonly ofNone: number;
}

interface Tested {
  readonly column: string;
  readonly sides: readonly [Scores, Scores];
  readonly means: readonly (number | null)[];
  /** Null where a group has no value at all. */
  readonly test: RankTest | null;
}

/**
 * Columns of two groups of rows, each tested by rank between the groups: of rows of one unit the mean is one score. The smallest p first, then the larger effect, then as they were
 * asked for; a group without values leaves nulls. Of pairs, the score of a unit in one group is set against the one of the same unit in the other; of rows, the first against the first.
 * @throws DataError `unlike-pairs` where rows are paired and one group has more of them
 */
export async function compareColumns({ columns, unit, paired }: CompareColumns, [a, b]: readonly TableSide[], turns: Turns): Promise<{ readonly table: Table; readonly notices: readonly string[] }> {
  if (a === undefined || b === undefined) throw new Error("compare takes two groups");
  const tested: Tested[] = [];
  const line = `compare ${columns.map(printColumn).join(", ")}`;
  const partner = paired === true && (unit === null || unit === "row") ? await partnerColumn([a.table, b.table], columns, unit, turns) : null;
  const byPartner = partner === null ? null : `${line} paired per ${printColumn(partner.name)}`;
  if (paired === true && unit === null) requireLike("rows", { name: a.name, count: a.table.rows }, { name: b.name, count: b.table.rows }, byPartner === null ? { line } : { line: byPartner, note: `\`${partner!.name}\` is in both groups, and says which rows are pairs:` });
  let alone = 0;
  for (const column of columns) {
    const all = [await scoresOf(a.table, column, unit, turns), await scoresOf(b.table, column, unit, turns)] as const;
    const sides = paired === true ? inPairs(all) : all;
    alone = Math.max(alone, all[0].values.length + all[1].values.length - sides[0].values.length - sides[1].values.length);
    tested.push({ column, sides, means: sides.map(({ values }) => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length)), test: paired === true ? inOrder(sides) : ranked(sides) });
  }
  const rows = tested.map((each, at) => ({ ...each, at }));
  rows.sort((x, y) => (x.test?.p ?? 2) - (y.test?.p ?? 2) || Math.abs(y.test?.delta ?? 0) - Math.abs(x.test?.delta ?? 0) || x.at - y.at);
  const rates = falseDiscoveryRates(rows.flatMap(({ test }) => test?.p ?? []));
  const float = (name: string, values: readonly (number | null)[]): Column => createColumn(name, "float", values);
  const table = createTable("compare", [
    createColumn("column", "str", rows.map(({ column }) => column)),
    float(`${a.name}_mean`, rows.map(({ means }) => means[0]!)),
    float(`${b.name}_mean`, rows.map(({ means }) => means[1]!)),
    float("delta", rows.map(({ test }) => test?.delta ?? null)),
    float("low", rows.map(({ test }) => test?.interval?.[0] ?? null)),
    float("high", rows.map(({ test }) => test?.interval?.[1] ?? null)),
    float("p", rows.map(({ test }) => test?.p ?? null)),
    // Those without a test stand last.
    float("q", rows.map((_, at) => rates[at] ?? null)),
    createColumn(`${a.name}_n`, "int", rows.map(({ sides }) => sides[0].values.length)),
    createColumn(`${b.name}_n`, "int", rows.map(({ sides }) => sides[1].values.length)),
  ]);
  if (paired === true && sizesOf(tested)[0] === 0 && alone > 0) requireShared(unit, [a, b], line);
  const notices = paired === true ? [pairs(unit, tested), ...elsewhere(partner, byPartner), ...leftOut(unit, tested), ...withoutPartner(unit, alone), ...unmoved(tested), ...tooFewPairs(tested)] : [...units(a, b, unit, tested), ...leftOut(unit, tested), ...tooFew(tested), ...sameTexts(a.table, b.table)];
  return { table, notices };
}

/** The scores of one column. Sums are added in the order of the rows. */
async function scoresOf(table: Table, name: string, unit: string | null, turns: Turns): Promise<Scores> {
  const column = columnNamed(table, name);
  const of = unit === null ? null : columnNamed(table, unit);
  const sums = new LargeMap<Cell, { sum: number; count: number }>();
  const single: number[] = [];
  const rows: number[] = [];
  let [missing, ofNone] = [0, 0];
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const value = numberOf(cellAt(column, row));
    const key = of === null ? row : cellAt(of, row);
    if (key === null) ofNone++;
    else if (value === null) missing++;
    else if (of === null) {
      single.push(value);
      rows.push(row);
    }
    else {
      const here = sums.get(key);
      if (here === undefined) sums.set(key, { sum: value, count: 1 });
      else {
        here.sum += value;
        here.count++;
      }
    }
  }
  return { values: of === null ? Float64Array.from(single) : Float64Array.from(sums.values(), ({ sum, count }) => sum / count), of: of === null ? rows : [...sums.keys()], missing, ofNone };
}

function numberOf(cell: Cell): number | null {
  if (typeof cell === "boolean") return cell ? 1 : 0;
  return typeof cell === "number" && Number.isFinite(cell) ? cell : null;
}

/** The test is of ranks alone, and takes scores above 0: each number is the place of its value among all values. */
function ranked([a, b]: readonly [Scores, Scores]): RankTest | null {
  if (a.values.length === 0 || b.values.length === 0) return null;
  const all = new Float64Array(a.values.length + b.values.length);
  all.set(a.values);
  all.set(b.values, a.values.length);
  all.sort();
  const placeOf = (value: number): number => {
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
  return rankTest({ a: a.values.map(placeOf), b: b.values.map(placeOf), sizes: [a.values.length, b.values.length] });
}

/** The scores of units that both groups have, side by side. */
function inPairs([a, b]: readonly [Scores, Scores]): readonly [Scores, Scores] {
  const places = new LargeMap<Cell, number>();
  b.of.forEach((unit, at) => places.set(unit, at));
  const both = a.of.flatMap((unit, at) => {
    const partner = places.get(unit);
    return partner === undefined ? [] : [{ unit, a: a.values[at]!, b: b.values[partner]! }];
  });
  const of = both.map(({ unit }) => unit);
  return [
    { values: Float64Array.from(both, (pair) => pair.a), of, missing: a.missing, ofNone: a.ofNone },
    { values: Float64Array.from(both, (pair) => pair.b), of, missing: b.missing, ofNone: b.ofNone },
  ];
}

function inOrder([a, b]: readonly [Scores, Scores]): RankTest | null {
  return a.values.length === 0 ? null : signedRankTest({ a: a.values, b: b.values, size: a.values.length });
}

/** Told where two tables are of the same texts: the same tokens at the same places. A column of text that is the same in every row, each of them another, may name them; what others hold may differ, and so that alone is said. */
function sameTexts(a: Table, b: Table): readonly string[] {
  if (a.rows !== b.rows || a.rows < 2) return [];
  const same = (name: string): boolean => {
    const [left, right] = [a, b].map(({ columns }) => columns.find((each) => each.name === name));
    if (left === undefined || right === undefined || left.type !== right.type) return false;
    for (let row = 0; row < a.rows; row++) if (cellAt(left, row) !== cellAt(right, row)) return false;
    return true;
  };
  if (["row", "position", "token_id"].every(same)) return [SAME_TEXTS];
  const named = a.columns.find(({ name, type }) => type === "str" && same(name) && isDistinct(columnNamed(a, name), a.rows));
  return named === undefined ? [] : [`both groups have the same ${printColumn(named.name)} row by row: \`compare paired\` sets each row against its own, so that what differs among them hides nothing`];
}

function isDistinct(column: Column, rows: number): boolean {
  const seen = new Set<Cell>();
  for (let row = 0; row < rows && seen.size === row; row++) seen.add(cellAt(column, row));
  return seen.size === rows;
}

/** What is set against what. */
function pairs(unit: string | null, tested: readonly Tested[]): string {
  const [size] = sizesOf(tested);
  if (unit === null) return `the first row of one group is set against the first of the other, and so on: ${counted(size, "pair")}`;
  return unit === "row" ? `each text is set against the one of the same number, as \`row\` numbers them, by the mean of its rows: ${counted(size, "pair")}` : `what has the same \`${unit}\` in both groups is a pair, by the mean of its rows: ${counted(size, "pair")}`;
}

/** Told where the order of the rows is not that of the column that names them. */
function elsewhere(partner: PartnerColumn | null, line: string | null): readonly string[] {
  return partner?.moved === true ? [`the rows of both groups are not in the same order of \`${partner.name}\`: \`${line}\` sets each against its own`] : [];
}

/** @throws DataError `unlike-pairs` where both groups have units, and none that the other has too */
function requireShared(unit: string | null, [a, b]: readonly [TableSide, TableSide], without: string): void {
  if (unit === null || a.table.rows === 0 || b.table.rows === 0) return;
  const known = new LargeSet<Cell>();
  const [own, other] = [columnNamed(a.table, unit), columnNamed(b.table, unit)];
  for (let row = 0; row < a.table.rows; row++) known.add(cellAt(own, row));
  // Of units that both have, a value may be missing in each.
  for (let row = 0; row < b.table.rows; row++) if (cellAt(other, row) !== null && known.has(cellAt(other, row))) return;
  throw new DataError({
    code: "unlike-pairs",
    message: `no value of \`${unit}\` is in both groups, so that nothing is a pair`,
    notes: [`\`${a.name}\` has ${firstOf(a.table, unit)}, and \`${b.name}\` ${firstOf(b.table, unit)}`, "of rows that are no pairs:"],
    help: without,
  });
}

/** The first values of a column, as they would be written. */
function firstOf(table: Table, name: string): string {
  const column = columnNamed(table, name);
  const seen = new Set<Cell>();
  for (let row = 0; row < table.rows && seen.size < 4; row++) seen.add(cellAt(column, row));
  const [first, second, third, more] = [...seen].map((cell) => JSON.stringify(cell));
  return `${[first, second, third].filter((each) => each !== undefined).join(", ")}${more === undefined ? "" : " …"}`;
}

function withoutPartner(unit: string | null, alone: number): readonly string[] {
  if (alone === 0) return [];
  return [unit === null ? `${counted(alone, "row")} ${alone === 1 ? "is" : "are"} left out whose partner has no value` : `${alone} of \`${unit}\` ${alone === 1 ? "is" : "are"} left out, of which one group alone has a value`];
}

/** Columns in which each pair has one value twice: what was meant to differ may not have been read. */
function unmoved(tested: readonly Tested[]): readonly string[] {
  return tested.flatMap(({ column, sides: [one, other] }) => (one.values.length > 0 && one.values.every((value, at) => value === other.values[at]) ? [`no pair differs in \`${column}\``] : []));
}

function tooFewPairs(tested: readonly Tested[]): readonly string[] {
  const count = tested.filter(({ test }) => test !== null).length;
  return count === 0 ? [] : pairLimits(sizesOf(tested)[0], count);
}

/** What one score is of. */
function units(a: TableSide, b: TableSide, unit: string | null, tested: readonly Tested[]): readonly string[] {
  const [m, n] = sizesOf(tested);
  const sizes = `${m} of ${a.name} against ${n} of ${b.name}`;
  if (unit === null) return [`each row is one score: ${sizes}`];
  return [unit === "row" ? `the text is the unit, as \`row\` numbers them, and the mean of its rows its score: ${sizes}` : `the mean of all rows of one \`${unit}\` is one score: ${sizes}`];
}

const sizesOf = (tested: readonly Tested[]): readonly [number, number] => [Math.max(0, ...tested.map(({ sides }) => sides[0].values.length)), Math.max(0, ...tested.map(({ sides }) => sides[1].values.length))];

function leftOut(unit: string | null, tested: readonly Tested[]): readonly string[] {
  const told = (missing: number, column: string): readonly string[] => (missing === 0 ? [] : [`${counted(missing, "row")} without \`${column}\` ${missing === 1 ? "is" : "are"} left out`]);
  // Of every column the same rows are of no unit.
  const [first] = tested;
  const ofNone = unit === null || first === undefined ? [] : told(first.sides[0].ofNone + first.sides[1].ofNone, unit);
  return [...ofNone, ...tested.flatMap(({ column, sides }) => told(sides[0].missing + sides[1].missing, column))];
}

function tooFew(tested: readonly Tested[]): readonly string[] {
  const least = smallestP(sizesOf(tested));
  const count = tested.filter(({ test }) => test !== null).length;
  return least === null || count === 0 || least * count <= 0.05 ? [] : [`of so few no p is below ${least.toPrecision(2)}${count === 1 ? "" : `, so that a single one of ${count} columns cannot reach q 0.05`}: take more`];
}
