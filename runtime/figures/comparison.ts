/** Without this file features could be ranked in each group, but not tested for a difference between them. */
import type { Op } from "../../src/ops/op.ts";
import type { Acts, Column, Table } from "../data/frame.ts";
import { createColumn, createTable } from "../data/table.ts";
import { documentScores, type DocumentScores } from "../kernels/document_scores.ts";
import { EXACT_DOCUMENTS, falseDiscoveryRates, rankTest } from "../kernels/rank_test.ts";

/** One group of documents. */
export interface Side {
  readonly name: string;
  readonly value: Acts;
}

interface Row {
  readonly layer: number;
  readonly feature: number;
  readonly means: readonly [number, number];
  readonly documents: readonly [number, number];
  readonly delta: number;
  readonly interval: readonly [number, number] | null;
  readonly p: number;
}

/** Each feature that fires often enough, tested between two groups; the smallest p first, then the larger effect, then the lower feature. */
export function compareGroups(op: Op & { readonly op: "compare" }, [a, b]: readonly Side[]): { readonly table: Table; readonly notices: readonly string[] } {
  if (a === undefined || b === undefined) throw new Error("compare takes two groups");
  const taps = a.value.taps.map((tap, t) => ({ layer: tap.layer, features: tap.csr.cols, sides: [a, b].map(({ value }) => documentScores(value.taps[t]!.csr, value.rows, op.by, op.threshold)) as [DocumentScores, DocumentScores] }));
  const rows = taps.flatMap(({ layer, sides }) => testTap(layer, sides, op.least));
  rows.sort((x, y) => x.p - y.p || Math.abs(y.delta) - Math.abs(x.delta) || x.layer - y.layer || x.feature - y.feature);
  const q = falseDiscoveryRates(rows.map((row) => row.p));
  const float = (name: string, values: readonly (number | null)[]): Column => createColumn(name, "float", values);
  const int = (name: string, values: readonly number[]): Column => createColumn(name, "int", values);
  const table = createTable("compare", [
    ...(taps.length > 1 ? [int("layer", rows.map((row) => row.layer))] : []),
    int("feature", rows.map((row) => row.feature)),
    float(`${a.name}_mean`, rows.map((row) => row.means[0])),
    float(`${b.name}_mean`, rows.map((row) => row.means[1])),
    float("delta", rows.map((row) => row.delta)),
    float("low", rows.map((row) => row.interval?.[0] ?? null)),
    float("high", rows.map((row) => row.interval?.[1] ?? null)),
    float("p", rows.map((row) => row.p)),
    float("q", q),
    int(`${a.name}_texts`, rows.map((row) => row.documents[0])),
    int(`${b.name}_texts`, rows.map((row) => row.documents[1])),
  ]);
  const sizes = taps[0]!.sides.map(({ documents }) => documents) as [number, number];
  return { table, notices: [summary(rows.length, taps.reduce((sum, tap) => sum + tap.features, 0), q, sizes, op.least), ...limits(sizes, rows.length)] };
}

function testTap(layer: number, sides: readonly [DocumentScores, DocumentScores], least: number): Row[] {
  const sizes = [sides[0].documents, sides[1].documents] as const;
  if (sizes[0] === 0 || sizes[1] === 0) return [];
  const rows: Row[] = [];
  for (let feature = 0; feature < sides[0].start.length - 1; feature++) {
    const [a, b] = sides.map(({ start, scores }) => scores.subarray(start[feature], start[feature + 1])) as [Float64Array, Float64Array];
    if (a.length + b.length < least) continue;
    const mean = (scores: Float64Array, count: number): number => scores.reduce((sum, score) => sum + score, 0) / count;
    rows.push({ layer, feature, means: [mean(a, sizes[0]), mean(b, sizes[1])], documents: [a.length, b.length], ...rankTest({ a, b, sizes }) });
  }
  return rows;
}

function summary(tested: number, features: number, q: readonly number[], [m, n]: readonly [number, number], least: number): string {
  const found = q.filter((each) => each < 0.05).length;
  return `${tested} of ${features} features fire in at least ${least} of ${m} + ${n} texts and were tested; ${found} ${found === 1 ? "has" : "have"} q below 0.05`;
}

/** What so few texts cannot show, whatever the features do. */
function limits(sizes: readonly [number, number], tested: number): readonly string[] {
  const smallest = smallestP(sizes);
  return smallest !== null && smallest * tested > 0.05 ? [`with ${sizes[0]} and ${sizes[1]} texts no p is below ${smallest.toPrecision(2)}, so a single feature cannot reach q 0.05: take more texts`] : [];
}

/** The smallest p that groups of so many can have, where p is exact; null where it is not, or a group has none. */
export function smallestP([m, n]: readonly [number, number]): number | null {
  if (m + n > EXACT_DOCUMENTS || m === 0 || n === 0) return null;
  let ways = 1;
  for (let i = 1; i <= m; i++) ways = (ways * (n + i)) / i;
  return Math.min(1, 2 / ways);
}
