/** Without this file features could be ranked in each group, but not tested for a difference between them. */
import type { Op } from "../../src/ops/op.ts";
import { counted } from "../counted.ts";
import type { Acts, Column, Table } from "../data/frame.ts";
import { createColumn, createTable } from "../data/table.ts";
import { DataError } from "../data/error.ts";
import { documentScores, type DocumentScores } from "../kernels/document_scores.ts";
import { EXACT_DOCUMENTS, falseDiscoveryRates, rankTest, type RankTest } from "../kernels/rank_test.ts";
import { signedRankTest, smallestPairedP } from "../kernels/signed_rank_test.ts";

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

/**
 * Each feature that fires often enough, tested between two groups; the smallest p first, then the larger effect, then the lower feature.
 * @throws DataError `unlike-pairs` where texts are paired and one group has more of them
 */
export function compareGroups(op: Op & { readonly op: "compare" }, [a, b]: readonly Side[]): { readonly table: Table; readonly notices: readonly string[] } {
  if (a === undefined || b === undefined) throw new Error("compare takes two groups");
  if (op.paired === true) requireLike("texts", { name: a.name, count: a.value.tokens.ids.length }, { name: b.name, count: b.value.tokens.ids.length }, { line: `compare by ${op.by} least ${op.least}` });
  const taps = a.value.taps.map((tap, t) => ({ layer: tap.layer, features: tap.csr.cols, sides: [a, b].map(({ value }) => documentScores(value.taps[t]!.csr, value.rows, op.by, op.threshold)) as [DocumentScores, DocumentScores] }));
  const rows = taps.flatMap(({ layer, sides }) => (op.paired === true ? testPairs(layer, sides, op.least) : testTap(layer, sides, op.least)));
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
  const sizes = taps[0]!.sides.map(({ documents }) => documents.length) as [number, number];
  const texts = a.value.tokens.ids.length;
  const pairs = op.paired === true ? pairedDocuments(taps[0]!.sides).length : null;
  const features = taps.reduce((sum, tap) => sum + tap.features, 0);
  return {
    table,
    notices: [
      summary(rows.length, features, q, pairs === null ? `${sizes[0]} + ${sizes[1]} texts` : counted(pairs, "pair"), op.least),
      ...(pairs === null ? [...limits(sizes, rows.length), ...(isSameTexts(a.value, b.value) ? [SAME_TEXTS] : [])] : [...(isSameTexts(a.value, b.value) ? [] : [IN_ORDER]), ...unpaired(texts, pairs), ...pairLimits(pairs, rows.length)]),
    ],
  };
}

function testTap(layer: number, sides: readonly [DocumentScores, DocumentScores], least: number): Row[] {
  const sizes = [sides[0].documents.length, sides[1].documents.length] as const;
  if (sizes[0] === 0 || sizes[1] === 0) return [];
  const rows: Row[] = [];
  for (let feature = 0; feature < sides[0].start.length - 1; feature++) {
    const [a, b] = sides.map(({ start, scores }) => scores.subarray(start[feature], start[feature + 1])) as [Float64Array, Float64Array];
    if (a.length + b.length < least) continue;
    rows.push(rowOf(layer, feature, [a, b], sizes, rankTest({ a, b, sizes })));
  }
  return rows;
}

/** `scores`: those above 0 of a feature in either group, of so many texts. */
function rowOf(layer: number, feature: number, scores: readonly [Float64Array, Float64Array], sizes: readonly [number, number], test: RankTest): Row {
  const mean = (side: 0 | 1): number => scores[side].reduce((sum, score) => sum + score, 0) / sizes[side];
  return { layer, feature, means: [mean(0), mean(1)], documents: [scores[0].length, scores[1].length], ...test };
}

/** The same of pairs of texts. */
function testPairs(layer: number, sides: readonly [DocumentScores, DocumentScores], least: number): Row[] {
  const documents = pairedDocuments(sides);
  if (documents.length === 0) return [];
  /** Where a document stands among those that count in both groups; 0: it does not. */
  const place = new Uint32Array(documents.at(-1)! + 1);
  documents.forEach((document, at) => (place[document] = at + 1));
  const [a, b] = [new Float64Array(documents.length), new Float64Array(documents.length)];
  const rows: Row[] = [];
  for (let feature = 0; feature < sides[0].start.length - 1; feature++) {
    const fires = new Set<number>();
    const scores = sides.map((side, at) => {
      const into = at === 0 ? a : b;
      const found: number[] = [];
      for (let entry = side.start[feature]!; entry < side.start[feature + 1]!; entry++) {
        const pair = (place[side.of[entry]!] ?? 0) - 1;
        if (pair < 0) continue;
        into[pair] = side.scores[entry]!;
        fires.add(pair);
        found.push(into[pair]!);
      }
      return Float64Array.from(found);
    }) as [Float64Array, Float64Array];
    const here = [...fires].sort((x, y) => x - y);
    if (here.length >= least) {
      const test = signedRankTest({ a: Float64Array.from(here, (pair) => a[pair]!), b: Float64Array.from(here, (pair) => b[pair]!), size: documents.length });
      rows.push(rowOf(layer, feature, scores, [documents.length, documents.length], test));
    }
    for (const pair of here) a[pair] = b[pair] = 0;
  }
  return rows;
}

/** Texts of which something counts in both groups, by their number in their group. */
function pairedDocuments([a, b]: readonly [DocumentScores, DocumentScores]): readonly number[] {
  const there = new Set(b.documents);
  return [...a.documents].filter((document) => there.has(document));
}

interface Counted {
  readonly name: string;
  readonly count: number;
}

/** `otherwise`: a line that needs no such order, and why; where nothing is said, one that takes them for different ones. @throws DataError where pairs would be left over */
export function requireLike(what: "texts" | "rows", a: Counted, b: Counted, otherwise: { readonly line: string; readonly note?: string }): void {
  if (a.count === b.count) return;
  throw new DataError({
    code: "unlike-pairs",
    message: `\`${a.name}\` has ${a.count.toLocaleString("en")} ${what} and \`${b.name}\` ${b.count.toLocaleString("en")}: the first of one is a pair with the first of the other, and so on, and here some are left over`,
    notes: [otherwise.note ?? `groups of as many ${what} in the same order are pairs; of different ${what}:`],
    help: otherwise.line,
  });
}

/** Told where only the order says which texts are pairs. */
const IN_ORDER = "the first text of one group is set against the first of the other, and so on";

/** Told where a test takes texts for different ones that are the same. */
export const SAME_TEXTS = "both groups are of the same texts: `compare paired` sets each against itself, so that what differs among texts hides nothing";

function isSameTexts({ tokens: a }: Acts, { tokens: b }: Acts): boolean {
  return a.ids.length > 1 && a.ids.length === b.ids.length && a.ids.every((ids, at) => isSameIds(ids, b.ids[at]!));
}

function isSameIds(a: Int32Array, b: Int32Array): boolean {
  return a === b || (a.length === b.length && a.every((id, at) => id === b[at]));
}

function unpaired(texts: number, pairs: number): readonly string[] {
  const left = texts - pairs;
  return left === 0 ? [] : [`${counted(left, "pair")} ${left === 1 ? "is" : "are"} left out: a text of ${left === 1 ? "it" : "each"} has no token that counts`];
}

/** What so few pairs cannot show. */
export function pairLimits(pairs: number, tested: number): readonly string[] {
  const smallest = smallestPairedP(pairs);
  return smallest !== null && smallest * tested > 0.05 ? [`with ${counted(pairs, "pair")} no p is below ${smallest.toPrecision(2)}, so a single one of ${counted(tested, "test")} cannot reach q 0.05: take more`] : [];
}

function summary(tested: number, features: number, q: readonly number[], texts: string, least: number): string {
  const found = q.filter((each) => each < 0.05).length;
  return `${tested} of ${features} features fire in at least ${least} of ${texts} and were tested; ${found} ${found === 1 ? "has" : "have"} q below 0.05`;
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
