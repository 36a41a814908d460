/** Without this file nothing would show that groups are compared as scipy and statsmodels compare them. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Acts } from "../../runtime/data/frame.ts";
import { compareGroups } from "../../runtime/figures/comparison.ts";
import { documentScores } from "../../runtime/kernels/document_scores.ts";
import { normalTails } from "../../runtime/kernels/normal_tail.ts";
import { falseDiscoveryRates, rankTest } from "../../runtime/kernels/rank_test.ts";
import { matrix } from "./oracle.ts";

const oracle = JSON.parse(readFileSync(new URL("./compare.json", import.meta.url), "utf8")) as {
  readonly cases: readonly { readonly a: number[]; readonly b: number[]; readonly delta: number; readonly p: number; readonly interval: [number, number] | null }[];
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
    const { documents, start, scores: all } = documentScores(csr, rows, by, 0.75);
    assert.is(documents, 2);
    return Array.from({ length: 4 }, (_, f) => [...all.slice(start[f], start[f + 1])]);
  };
  assert.equal(scores("fires"), [[1, 1], [1], [], []]);
  assert.equal(scores("rate"), [[1, 0.5], [0.5], [], []]);
  assert.equal(scores("max"), [[3, 7], [2], [], []]);
  assert.equal(scores("mean"), [[2, 3.5], [1], [], []]);
});

/** Groups of texts of one token each: `fires[text]` are the features that fire in it. */
function compared(a: readonly (readonly number[])[], b: readonly (readonly number[])[], features: number): ReturnType<typeof compareGroups> {
  const side = (name: string, fires: readonly (readonly number[])[]) => {
    const csr = matrix(features, fires.map((each) => each.map((feature) => [feature, 1] as const)));
    const rows = { count: fires.length, document: Uint32Array.from(fires.keys()), position: new Uint32Array(fires.length), token: new Int32Array(fires.length), masked: new Uint8Array(fires.length) };
    return { name, value: { kind: "acts", rows, taps: [{ layer: 0, csr }] } as unknown as Acts };
  };
  return compareGroups({ op: "compare", by: "rate", least: 1, threshold: 0 }, [side("a", a), side("b", b)]);
}

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
