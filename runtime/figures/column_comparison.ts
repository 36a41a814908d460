/** Without this file nobody could tell whether the perplexity of two sets of texts, or any other figure of theirs, differs by more than chance. */
import type { Op } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import type { Cell, Column, Table } from "../data/frame.ts";
import { LargeMap } from "../data/large.ts";
import { cellAt, columnNamed, createColumn, createTable } from "../data/table.ts";
import { falseDiscoveryRates, rankTest, type RankTest } from "../kernels/rank_test.ts";
import type { Turns } from "../turns.ts";
import { smallestP } from "./comparison.ts";

type CompareColumns = Op & { readonly op: "compare_columns" };

/** One group of rows. */
export interface TableSide {
  readonly name: string;
  readonly table: Table;
}

interface Scores {
  /** One number for each unit, in the order in which they first come. */
  readonly values: Float64Array;
  /** Rows that say nothing: without a value, or without a unit. */
  readonly missing: number;
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
 * asked for; a group without values leaves nulls.
 */
export async function compareColumns({ columns, unit }: CompareColumns, [a, b]: readonly TableSide[], turns: Turns): Promise<{ readonly table: Table; readonly notices: readonly string[] }> {
  if (a === undefined || b === undefined) throw new Error("compare takes two groups");
  const tested: Tested[] = [];
  for (const column of columns) {
    const sides = [await scoresOf(a.table, column, unit, turns), await scoresOf(b.table, column, unit, turns)] as const;
    tested.push({ column, sides, means: sides.map(({ values }) => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length)), test: ranked(sides) });
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
  return { table, notices: [...units(a, b, unit, tested), ...leftOut(tested), ...tooFew(tested)] };
}

/** The scores of one column. Sums are added in the order of the rows. */
async function scoresOf(table: Table, name: string, unit: string | null, turns: Turns): Promise<Scores> {
  const column = columnNamed(table, name);
  const of = unit === null ? null : columnNamed(table, unit);
  const sums = new LargeMap<Cell, { sum: number; count: number }>();
  const single: number[] = [];
  let missing = 0;
  for (let row = 0; row < table.rows; row++) {
    if (turns.due()) await turns.pass(row / table.rows);
    const value = numberOf(cellAt(column, row));
    const key = of === null ? row : cellAt(of, row);
    if (value === null || key === null) missing++;
    else if (of === null) single.push(value);
    else {
      const here = sums.get(key);
      if (here === undefined) sums.set(key, { sum: value, count: 1 });
      else {
        here.sum += value;
        here.count++;
      }
    }
  }
  return { values: of === null ? Float64Array.from(single) : Float64Array.from(sums.values(), ({ sum, count }) => sum / count), missing };
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

/** What one score is of. */
function units(a: TableSide, b: TableSide, unit: string | null, tested: readonly Tested[]): readonly string[] {
  const [m, n] = sizesOf(tested);
  const sizes = `${m} of ${a.name} against ${n} of ${b.name}`;
  if (unit === null) return [`each row is one score: ${sizes}`];
  return [unit === "row" ? `the text is the unit, as \`row\` numbers them, and the mean of its rows its score: ${sizes}` : `the mean of all rows of one \`${unit}\` is one score: ${sizes}`];
}

const sizesOf = (tested: readonly Tested[]): readonly [number, number] => [Math.max(0, ...tested.map(({ sides }) => sides[0].values.length)), Math.max(0, ...tested.map(({ sides }) => sides[1].values.length))];

function leftOut(tested: readonly Tested[]): readonly string[] {
  return tested.flatMap(({ column, sides }) => {
    const missing = sides[0].missing + sides[1].missing;
    return missing === 0 ? [] : [`${counted(missing, "row")} without \`${column}\` ${missing === 1 ? "is" : "are"} left out`];
  });
}

function tooFew(tested: readonly Tested[]): readonly string[] {
  const least = smallestP(sizesOf(tested));
  const count = tested.filter(({ test }) => test !== null).length;
  return least === null || count === 0 || least * count <= 0.05 ? [] : [`of so few no p is below ${least.toPrecision(2)}${count === 1 ? "" : `, so that a single one of ${count} columns cannot reach q 0.05`}: take more`];
}
