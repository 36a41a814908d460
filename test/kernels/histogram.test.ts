/** Without this file nothing would show that bins hold what numpy puts in them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { floatHistogram, integerHistogram, numberHistogram } from "../../runtime/kernels/histogram.ts";
import { oracle } from "./oracle.ts";

const series = oracle.histogram.series.map((values) => Float32Array.from(values));

for (const [name, bins] of [["fd", null], ["seven", 7], ["one", 1]] as const) {
  test(`edges and counts of numpy: ${name}`, () => {
    const { edges, counts } = oracle.histogram.made[name];
    const found = floatHistogram(series, bins);
    assert.is(found.edges.length, edges.length);
    found.edges.forEach((edge, i) => assert.ok(Math.abs(edge - edges[i]!) <= 1e-14 * Math.abs(edges[i]!)));
    assert.equal(found.counts.map((one) => [...one]), counts);
  });
}

test("edges do not depend on the order of values or groups", () => {
  const turned = floatHistogram([series[1]!.slice().reverse(), series[0]!], null);
  const straight = floatHistogram(series, null);
  assert.equal(turned.edges, straight.edges);
  assert.equal(turned.counts, [straight.counts[1], straight.counts[0]]);
});

test("values on edges belong to the bin they open; the greatest to the last", () => {
  const found = floatHistogram([Float32Array.of(0, 1, 2, 3, 4)], 4);
  assert.equal([...found.edges], [0, 1, 2, 3, 4]);
  assert.equal([...found.counts[0]!], [1, 1, 1, 2]);
});

test("a value just below an edge is counted below it, though a division would put it behind", () => {
  // Of numpy; the edges are 3 · 0.1 = 0.30000000000000004 and the like.
  assert.equal([...numberHistogram([Float64Array.of(0, 0.3, 0.6, 0.7, 1)], 10).counts[0]!], [1, 0, 1, 0, 0, 1, 1, 0, 0, 1]);
});

test("the width of bins goes by the cube root of how many values there are", () => {
  // Of numpy: past 8 and past 27 even values there is one bin more.
  for (const [size, bins] of [[8, 2], [9, 3], [28, 4]] as const) assert.is(numberHistogram([Float64Array.from({ length: size }, (_, i) => i)], null).counts[0]!.length, bins, String(size));
});

test("one value, no values, equal quartiles, outliers", () => {
  assert.equal([...floatHistogram([Float32Array.of(3, 3)], null).edges], [2.5, 3.5]);
  assert.equal(floatHistogram([new Float32Array(0), new Float32Array(0)], 5).edges.length, 0);
  assert.is(floatHistogram([Float32Array.of(1, 1, 1, 1, 1, 1, 1, 9)], null).counts[0]!.length, 4);
  const outlier = floatHistogram([Float32Array.from({ length: 1001 }, (_, i) => (i === 0 ? 1e30 : i % 7))], null);
  assert.is(outlier.counts[0]!.length, 512);
  assert.is(outlier.counts[0]!.reduce((sum, n) => sum + n, 0), 1001);
});

for (const [name, { values, bins, edges, counts }] of Object.entries(oracle.columns)) {
  test(`edges and counts of numpy for float64: ${name}`, () => {
    const found = numberHistogram([Float64Array.from(values)], bins);
    assert.is(found.edges.length, edges.length);
    found.edges.forEach((edge, i) => assert.ok(Math.abs(edge - edges[i]!) <= 1e-15 * Math.max(...edges.map(Math.abs)), `${edge} is not ${edges[i]}`));
    assert.equal([...found.counts[0]!], counts);
  });
}

test("float64 to its ends: nothing becomes infinite, and every value is counted", () => {
  for (const values of [[-1.7e308, 0, 1.7e308], [1e300, 1e300], [5e-324, 1e-323], [0.1], [Number.MAX_VALUE], [-Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE]]) {
    for (const bins of [null, 3]) {
      const { edges, counts } = numberHistogram([Float64Array.from(values)], bins);
      assert.ok(edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge >= edges[i - 1]!)), String(edges));
      assert.is(counts[0]!.reduce((sum, each) => sum + each, 0), values.length);
    }
  }
  assert.equal([...numberHistogram([Float64Array.of(0.1)], 1).edges], [-0.4, 0.6]);
});

test("integers below zero and past 32 bits get bins of their own", () => {
  const found = integerHistogram([[-3, -3, -1]], null);
  assert.equal([...found.edges], [-3, -2, -1, 0]);
  assert.equal([...found.counts[0]!], [2, 0, 1]);
  assert.equal([...integerHistogram([[5e9 + 1, 5e9 + 4, 5e9 + 4]], null).counts[0]!], [1, 0, 0, 2]);
});

test("integers get a bin each, or bins of one whole width", () => {
  const found = integerHistogram([Uint32Array.of(2, 2, 5), Uint32Array.of(3)], null);
  assert.equal([...found.edges], [2, 3, 4, 5, 6]);
  assert.equal(found.counts.map((one) => [...one]), [[2, 0, 0, 1], [0, 1, 0, 0]]);
  const wide = integerHistogram([Uint32Array.of(0, 9, 10)], 4);
  assert.equal([...wide.edges], [0, 3, 6, 9, 12]);
  assert.equal([...wide.counts[0]!], [1, 0, 0, 2]);
  assert.is(integerHistogram([new Uint32Array(0)], null).edges.length, 0);
});

test.run();
