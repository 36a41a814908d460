/** Without this file drawings could change, warn or lose a group unseen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as vega from "vega";
import { compile } from "vega-lite";
import { interactiveVega } from "../../runtime/plot/interactive.ts";
import { renderSvg } from "../../runtime/plot/vega.ts";
import { vegaLite } from "../../runtime/plot/spec.ts";
import type { Chart, Plot } from "../../runtime/data/frame.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { plot } from "../render/samples.ts";

const apart: Plot = { ...plot, overlay: false };
const log: Plot = { ...plot, log: true };
const one: Plot = { ...plot, series: [plot.series[0]!] };
const nothing: Plot = { ...plot, edges: new Float64Array(0), series: [{ name: "perfect", counts: new Float64Array(0), total: 0 }] };

for (const [name, each] of Object.entries({ plot, apart, log, one, nothing, shares: { ...plot, share: true } as Plot })) {
  test(`${name}: the same bytes each time, with title, axes and n`, async () => {
    const svg = await renderSvg(each);
    assert.is(await renderSvg(each), svg);
    assert.ok(svg.startsWith("<svg") && svg.endsWith("</svg>\n"));
    for (const text of [each.title, each.quantity, each.unit, ...each.series.map(({ name, total }) => `${name} (n = ${total})`)]) assert.ok(svg.includes(text), text);
  });

  test(`${name}: vega-lite drops nothing`, () => {
    const warnings: unknown[] = [];
    const logger = { level: () => logger, error: () => logger, warn: (...words: unknown[]) => (warnings.push(...words), logger), info: () => logger, debug: () => logger };
    compile(vegaLite(each), { logger: logger as never });
    assert.equal(warnings, []);
  });
}

test("shares are drawn from nothing to what the largest is, and named", async () => {
  const data = vegaLite({ ...plot, share: true }).data as { readonly values: readonly { readonly y: number }[] };
  assert.is(Math.max(...data.values.map(({ y }) => y)), Math.max(...plot.series.flatMap(({ counts, total }) => Array.from(counts, (count) => count / total))));
  assert.ok((await renderSvg({ ...plot, share: true })).includes(`share of ${plot.unit}`));
});

test("two groups differ without colour: fill and dashes", async () => {
  const svg = await renderSvg(plot);
  assert.ok(svg.includes('fill-opacity="0.42"') && svg.includes('fill-opacity="0.08"') && svg.includes('stroke-dasharray="6,3"'));
});

test("names that would be expressions are names: quotes, backslashes and brackets in columns, titles and groups", async () => {
  for (const name of ['x"+(1e6+234567)+"y', 'x\\"+(1e6+234567)+\\"y', 'x\\', "x\\'", "a.b", "a[0]", "datum['x']", "${1}", "\\u0041", "__proto__"]) {
    const table = createTable("t", [createColumn(name, "str", ["a", name]), createColumn("n", "int", [3, 1])]);
    for (const mark of ["bars", "line", "scatter"] as const) {
      const chart: Chart = { kind: "chart", mark, title: name, x: name, y: "n", color: mark === "bars" ? null : name, table };
      assert.not.match(await renderSvg(chart), /1234567/, name);
      vega.parse(interactiveVega(chart) as unknown as vega.Spec, undefined, { ast: true } as never);
    }
    const named: Plot = { ...plot, title: name, quantity: name, unit: name, series: plot.series.map((series) => ({ ...series, name })) };
    for (const each of [named, { ...named, overlay: false }, { ...named, log: true }]) {
      assert.not.match(await renderSvg(each), /1234567/, name);
      vega.parse(interactiveVega(each) as unknown as vega.Spec, undefined, { ast: true } as never);
    }
  }
});

test("text from data is text", async () => {
  const svg = await renderSvg({ ...plot, title: '</text><script>alert("x")</script>\u001b[2J\u202E', series: [{ ...plot.series[0]!, name: "{datum.x} ' \" \\" }, plot.series[1]!] });
  assert.not.ok(svg.includes("<script"));
  assert.not.ok(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202e]/.test(svg));
  assert.ok(svg.includes("{datum.x}"));
});

test.run();
