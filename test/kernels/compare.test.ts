/** Without this file nothing would show that groups are compared as scipy and statsmodels compare them. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Acts, Table } from "../../runtime/data/frame.ts";
import { compareGroups } from "../../runtime/figures/comparison.ts";
import { documentScores } from "../../runtime/kernels/document_scores.ts";
import { normalTails } from "../../runtime/kernels/normal_tail.ts";
import { falseDiscoveryRates, rankTest } from "../../runtime/kernels/rank_test.ts";
import { signedRankTest } from "../../runtime/kernels/signed_rank_test.ts";
import { matrix } from "./oracle.ts";

const oracle = JSON.parse(readFileSync(new URL("./compare.json", import.meta.url), "utf8")) as {
  readonly cases: readonly { readonly a: number[]; readonly b: number[]; readonly delta: number; readonly p: number; readonly interval: [number, number] | null }[];
  readonly pairs: readonly { readonly a: number[]; readonly b: number[]; readonly delta: number; readonly p: number; readonly interval: [number, number] }[];
  readonly rates: { readonly p: number[]; readonly q: number[] };
  readonly tails: readonly [number, number][];
};

function near(found: number, expected: number, relative: number): void {
  assert.ok(Math.abs(found - expected) <= relative * Math.abs(expected) + 1e-300, `${found} for ${expected}`);
}
const above = (scores: readonly number[]): Float64Array => Float64Array.from(scores.filter((score) => score > 0));

for (const [i, { a, b, delta, p, interval }] of oracle.cases.entries()) {
  test(`case ${i}, ${a.length} and ${b.length} documents: effect, interval and p`, () => {
    const found = rankTest({ a: above(a), b: above(b), sizes: [a.length, b.length] });
    assert.ok(Math.abs(found.delta - delta) < 1e-12);
    near(found.p, p, 1e-10);
    assert.is(found.interval === null, interval === null);
    found.interval?.forEach((end, side) => assert.ok(Math.abs(end - interval![side]!) < 1e-6, `${end} for ${interval![side]}`));
    const turned = rankTest({ a: above(b), b: above(a), sizes: [b.length, a.length] });
    assert.ok(Math.abs(turned.delta + found.delta) < 1e-12);
    near(turned.p, found.p, 1e-12);
  });
}

for (const [i, { a, b, delta, p, interval }] of oracle.pairs.entries()) {
  test(`pairs ${i}, ${a.length}: effect, interval and p, whatever pairs of 0 are left out`, () => {
    const firing = a.flatMap((x, at) => (x === 0 && b[at] === 0 ? [] : [at]));
    for (const [x, y] of [[a, b], [firing.map((at) => a[at]!), firing.map((at) => b[at]!)]] as const) {
      const found = signedRankTest({ a: Float64Array.from(x), b: Float64Array.from(y), size: a.length });
      assert.ok(Math.abs(found.delta - delta) < 1e-12);
      near(found.p, p, 1e-10);
      found.interval!.forEach((end, side) => assert.ok(Math.abs(end - interval[side]!) < 1e-9, `${end} for ${interval[side]}`));
      const turned = signedRankTest({ a: Float64Array.from(y), b: Float64Array.from(x), size: a.length });
      assert.is(turned.delta, -found.delta || 0);
      near(turned.p, found.p, 1e-12);
    }
  });
}

test("differences that are equal in exact numbers share their rank, and what is 0 in them is none", () => {
  const tenths = (numbers: readonly number[], scale: number): Float64Array => Float64Array.from(numbers, (x) => (x / 10) * scale);
  // 0.3 - 0.1 and 0.4 - 0.2 are not the same in float64, and neither are 0.1 + 0.2 and 0.3.
  const [a, b] = [[3, 4, 7, 9, 2], [1, 2, 5, 6, 5]];
  assert.is.not(0.3 - 0.1, 0.4 - 0.2);
  const whole = signedRankTest({ a: Float64Array.from(a), b: Float64Array.from(b), size: 5 });
  for (const scale of [1, 1e-30, 1e30]) assert.equal(signedRankTest({ a: tenths(a, scale), b: tenths(b, scale), size: 5 }), whole);
  assert.is(signedRankTest({ a: Float64Array.of(0.1 + 0.2), b: Float64Array.of(0.3), size: 1 }).delta, 0);
  // But a difference of a thousandth of a millionth is one.
  assert.is(signedRankTest({ a: Float64Array.of(1 + 1e-9), b: Float64Array.of(1), size: 1 }).delta, 1);
  assert.equal(signedRankTest({ a: new Float64Array(0), b: new Float64Array(0), size: 0 }), { delta: 0, interval: null, p: 1 });
});

test("tails of the normal distribution keep their digits", () => {
  for (const [z, tails] of oracle.tails) near(normalTails(z), tails, 1e-12);
});

test("false discovery rates", () => {
  falseDiscoveryRates(oracle.rates.p).forEach((q, i) => near(q, oracle.rates.q[i]!, 1e-12));
  assert.equal(falseDiscoveryRates([]), []);
});

test("scores are one number a document: masked tokens, weak activations and documents without tokens do not count", () => {
  const csr = matrix(4, [[[0, 1], [1, 2]], [[0, 3]], [[2, 9]], [[1, 0.5], [3, Number.NaN]], [[0, 7]], []]);
  const rows = { count: 6, document: Uint32Array.of(0, 0, 0, 2, 2, 5), position: Uint32Array.of(0, 1, 2, 0, 1, 0), token: new Int32Array(6), masked: Uint8Array.of(0, 0, 1, 0, 0, 1) };
  const scores = (by: "rate" | "fires" | "max" | "mean"): number[][] => {
    const { documents, start, scores: all, of } = documentScores(csr, rows, by, 0.75);
    assert.equal([...documents], [0, 2]);
    assert.equal([...of], [0, 2, 0]);
    return Array.from({ length: 4 }, (_, f) => [...all.slice(start[f], start[f + 1])]);
  };
  assert.equal(scores("fires"), [[1, 1], [1], [], []]);
  assert.equal(scores("rate"), [[1, 0.5], [0.5], [], []]);
  assert.equal(scores("max"), [[3, 7], [2], [], []]);
  assert.equal(scores("mean"), [[2, 3.5], [1], [], []]);
});

/** Groups of texts of one token each: `fires[text]` are the features that fire in it; null: the token does not count. */
function compared(a: readonly (readonly number[] | null)[], b: readonly (readonly number[] | null)[], features: number, paired?: true, least = 1): ReturnType<typeof compareGroups> {
  const side = (name: string, texts: readonly (readonly number[] | null)[]) => {
    const fires = texts.map((each) => each ?? []);
    const csr = matrix(features, fires.map((each) => each.map((feature) => [feature, 1] as const)));
    const rows = { count: fires.length, document: Uint32Array.from(fires.keys()), position: new Uint32Array(fires.length), token: new Int32Array(fires.length), masked: Uint8Array.from(texts, (each) => Number(each === null)) };
    return { name, value: { kind: "acts", tokens: { ids: fires.map((_, text) => Int32Array.of(text, name === "a" ? 0 : 1)) }, rows, taps: [{ layer: 0, csr }] } as unknown as Acts };
  };
  return compareGroups({ op: "compare", by: "rate", least, threshold: 0, ...(paired === true ? { paired } : {}) }, [side("a", a), side("b", b)]);
}

const columnOf = (table: Table, name: string): readonly unknown[] => [...table.columns.find((each) => each.name === name)!.values];

test("the text of one group is a pair with that of the same number in the other, and features count by the pairs they fire in", () => {
  // Feature 0 fires in every text of a and none of b, 1 in all of both, 2 in the first of a and the second of b.
  const { table, notices } = compared([[0, 1, 2], [0, 1], [0, 1], [0, 1]], [[1], [1, 2], [1], [1]], 3, true, 2);
  assert.equal(columnOf(table, "feature"), [0, 1, 2]);
  assert.equal(columnOf(table, "delta"), [1, 0, 0]);
  // Four pairs that all differ to one side: two of sixteen ways.
  assert.equal(columnOf(table, "p"), [1 / 8, 1, 1]);
  assert.equal([columnOf(table, "a_mean"), columnOf(table, "b_texts")], [[1, 1, 0.25], [0, 4, 1]]);
  assert.equal(notices, ["3 of 3 features fire in at least 2 of 4 pairs and were tested; 0 have q below 0.05", "the first text of one group is set against the first of the other, and so on", "with 4 pairs no p is below 0.13, so a single one of 3 tests cannot reach q 0.05: take more"]);
  assert.is(compared([[0], []], [[0], []], 1, true, 2).table.rows, 0);
  assert.throws(() => compared([[0], [0]], [[0]], 1, true), (error: Error) => error.message === "`a` has 2 texts and `b` 1: the first of one is a pair with the first of the other, and so on, and here some are left over");
});

test("pairs of which a text has no token that counts are left out and counted, whichever group it is in, or both", () => {
  const { table, notices } = compared([[0], null, [0], null, [0]], [null, [0], [0], null, []], 1, true);
  assert.equal(["delta", "a_mean", "b_mean"].map((name) => columnOf(table, name)[0]), [0.5, 1, 0.5]);
  assert.is(notices[2], "3 pairs are left out: a text of each has no token that counts");
  assert.is(compared([[0], [0]], [null, [0]], 1, true).notices[2], "1 pair is left out: a text of it has no token that counts");
});

test("of equal p the larger effect comes first, whichever group has more, then the lower feature", () => {
  // Features 1 and 3 fire in b, 2 in a, and 0 in both: p is 1 for all of them.
  const { table } = compared([[0, 2], []], [[0, 1, 3], []], 4);
  const column = (name: string): readonly unknown[] => [...table.columns.find((each) => each.name === name)!.values];
  assert.equal(column("p"), [1, 1, 1, 1]);
  assert.equal(column("feature"), [1, 2, 3, 0]);
  assert.equal(column("delta"), [-0.5, 0.5, -0.5, 0]);
});

test("that texts are too few is said where the smallest p of one feature, times those tested, is above 0.05", () => {
  const all = (count: number): readonly number[] => Array.from({ length: count }, (_, feature) => feature);
  const notices = (features: number) => compared([all(features), all(features), all(features), all(features)], [[], [], [], []], features).notices.slice(1);
  // Four and four texts are dealt in 70 ways, so no p is below 2/70 = 0.029.
  assert.equal(notices(1), []);
  assert.equal(notices(2), ["with 4 and 4 texts no p is below 0.029, so a single feature cannot reach q 0.05: take more texts"]);
});

test.run();
