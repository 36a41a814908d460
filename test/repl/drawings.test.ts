/** Without this file a drawing could be wider than the terminal, lie about sizes, or say nothing without colour. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { stripVTControlCharacters } from "node:util";
import type { Chart, Column, ContextWindow } from "../../runtime/data/frame.ts";
import { renderChart } from "../../repl/render/chart.ts";
import { renderContexts } from "../../repl/render/contexts.ts";
import { columns } from "../../repl/render/fit.ts";
import { renderHistogram } from "../../repl/render/histogram.ts";
import { renderTable } from "../../repl/render/table.ts";
import { renderValue } from "../../repl/render/value.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { setTheme } from "../../repl/terminal.ts";
import { renderSvg } from "../../runtime/plot/vega.ts";

const plain = { width: 60, color: false };
const ints = (name: string, values: readonly (number | null)[]): Column => ({ name, type: "int", values: Float64Array.from(values, (value) => value ?? 0), valid: values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 0 : 1)) : null });
const texts = (name: string, values: readonly string[]): Column => ({ name, type: "str", values, valid: null });
const chart = (mark: Chart["mark"], found: readonly Column[], x: string, y: string, color: string | null = null): Chart => ({
  kind: "chart", mark, title: "", x, y, color, table: { kind: "table", rows: found[0]!.values.length, origin: "", columns: found },
});
const named = [texts("book", ["Job", "Ruth", "Acts", "Amos"]), ints("verses", [10, 5, null, -5])];

test("bars are as long as their values, to the left below zero, with the value behind", () => {
  // 28 cells for 15 units: 18.7, 9.3 and 9.3 of them.
  assert.is(renderChart(chart("bars", named, "book", "verses"), { ...plain, width: 40, ascii: true }), [
    "verses by book",
    " Job          |################### 10",
    "Ruth          |######### 5",
    "Acts          | null",
    "Amos #########| -5",
    "x: book; y: verses; 4 rows, 1 without a~",
  ].join("\n"));
});

test("series differ without colour", () => {
  const found = [...named.slice(0, 1), ints("verses", [4, 2, 3, 1]), texts("set", ["a", "b", "a", "b"])];
  const drawn = renderChart(chart("bars", found, "book", "verses", "set"), plain).split("\n");
  assert.is(drawn[1], "█ a  ░ b");
  assert.match(drawn[2]!, /^ Job │█+ 4$/);
  assert.match(drawn[3]!, /^Ruth │░+ 2$/);
  const points = renderChart(chart("scatter", [ints("x", [0, 10]), ints("y", [0, 10]), texts("set", ["a", "b"])], "x", "y", "set"), plain);
  assert.match(points, /○\n/);
  assert.match(points, /│●/);
});

test("points stand where their values are: the first at the lower left, the last at the upper right", () => {
  const rows = renderChart(chart("scatter", [ints("x", [0, 5, 10]), ints("y", [0, 5, 10])], "x", "y"), { ...plain, ascii: true }).split("\n");
  assert.match(rows[1]!, /^10 \| +o$/);
  assert.match(rows[14]!, /^ 0 \|o$/);
  assert.match(rows[16]!, /^ {4}0 +10$/);
  const line = renderChart(chart("line", [ints("x", [0, 10]), ints("y", [0, 10])], "x", "y"), plain);
  assert.is(line.split("\n").slice(1, 15).filter((row) => /[⠁-⣿]/u.test(row)).length, 14);
});

test("heat goes from the least to the greatest, cells without a row stay empty", () => {
  const found = [ints("x", [2, 1, 2]), texts("y", ["a", "a", "b"]), ints("n", [9, 1, 5])];
  const rows = renderChart(chart("heat", found, "x", "y", "n"), plain).split("\n");
  assert.is(rows[1], "a ······██████");
  assert.is(rows[2], "b       ▒▒▒▒▒▒");
  assert.is(rows[3], "  1          2");
});

test("no drawing is wider than the terminal", () => {
  const many = [ints("x", Array.from({ length: 90 }, (_, i) => i * 1000)), ints("y", Array.from({ length: 90 }, (_, i) => (i * 37) % 50 - 20)), texts("s", Array.from({ length: 90 }, (_, i) => `a long name of a series 日本 ${i % 4}`))];
  for (const width of [20, 39, 40, 60, 100]) {
    for (const mark of ["bars", "line", "scatter", "heat"] as const) {
      for (const ascii of [true, false]) {
        const drawn = renderChart(chart(mark, many, "x", mark === "heat" ? "s" : "y", mark === "heat" ? "y" : "s"), { width, color: true, ascii });
        for (const row of drawn.split("\n")) assert.ok(columns(stripVTControlCharacters(row)) <= width, `${mark} in ${width}: ${row}`);
        if (ascii) assert.not.match(stripVTControlCharacters(drawn).replaceAll(/[日本]/g, ""), /[^\x00-\x7f]/);
      }
    }
  }
});

test("each kind can be saved as SVG, and what the data says stays text", async () => {
  const bad = [texts("a.b[0]", ["<script>alert(1)</script>", "x"]), ints("datum.y", [1, 2]), texts("c", ["p", "q"])];
  for (const mark of ["bars", "line", "scatter", "heat"] as const) {
    const svg = await renderSvg(mark === "heat" ? chart(mark, bad, "a.b[0]", "c", "datum.y") : chart(mark, bad, "a.b[0]", "datum.y", "c"));
    assert.match(svg, /^<svg[^]*<\/svg>\n$/);
    assert.not.match(svg, "<script");
    assert.match(svg, "datum.y");
    assert.match(svg, /aria-roledescription="(bar|symbol|line mark container|rect|point|rule)/);
  }
});

const window = (more: Partial<ContextWindow> = {}): ContextWindow => ({
  feature: 88, layer: 7, activation: 4.5, row: 3, position: 12, pieces: [" in", " the", " beginning", "\n", " God", " created"], firing: 2, activations: [0, null, 4.5, 0, 1, 3], ...more,
});

test("a feature says its layer where several were read, though one alone fires", () => {
  assert.match(renderContexts([window()], plain, true), /^feature 88 of layer 7: 1 window$/m);
  const table = { ...createTable("t", [createColumn("layer", "int", [7]), createColumn("feature", "int", [88])]), windows: [window()] };
  assert.match(renderValue(table, "", plain), /^feature 88 of layer 7: 1 window$/m);
});

test("the firing token stands in one column between marks, with and without colour", () => {
  const drawn = renderContexts([window(), window({ pieces: [" a", " long", " way", " before", " God"], firing: 4, activations: [0, 0, 0, 0, 2], activation: 2, row: 12 }), window({ feature: 9 })], plain).split("\n");
  assert.is(drawn[0], "feature 88: 2 windows");
  assert.is(drawn[1]!.indexOf("«"), drawn[2]!.indexOf("«"));
  assert.match(drawn[1]!, /^4\.5 {2} 3:12 {2} +in the« beginning»␤ God created$/);
  assert.is(drawn[4], "feature 9: 1 window");
  const colored = renderContexts([window()], { ...plain, color: true });
  assert.is(stripVTControlCharacters(colored), renderContexts([window()], plain));
  assert.match(renderContexts([window()], { ...plain, ascii: true }), "[[ beginning]]");
});

test("tokens are coloured by their share of the strongest, on dark and light", () => {
  const drawn = renderContexts([window()], { width: 80, color: true });
  assert.match(drawn, "\x1b[30m\x1b[43m beginning");
  assert.match(drawn, "\x1b[33m God");
  assert.match(drawn, /\x1b\[1m\x1b\[33m created|\x1b\[30m\x1b\[43m created/);
  setTheme("light");
  assert.match(renderContexts([window()], { width: 80, color: true }), "\x1b[37m\x1b[45m beginning");
  setTheme("dark");
});

test("windows fit any width, whatever the tokens are", () => {
  const wide = window({ pieces: ["日本語".repeat(20), "\x1b[31m", "x".repeat(300), "👩‍👩‍👧", " end"], firing: 2, activations: [1, 1, 4, 1, 1] });
  for (const width of [12, 20, 39, 59, 60, 120]) {
    for (const row of renderContexts([wide, window()], { width, color: false }).split("\n")) {
      assert.ok(columns(row) <= width, `${columns(row)} in ${width}: ${row}`);
      assert.not.match(row, /\x1b/);
    }
  }
});

test("under 60 columns what does not fit is records, a few of them; what fits stays a table", () => {
  const many = Array.from({ length: 9 }, (_, i) => ints(`quantity_${i}`, Array.from({ length: 30 }, (_, row) => row * 1000 + i)));
  const table = { kind: "table", rows: 30, columns: many, origin: "" } as const;
  const lines = renderTable(table, { width: 59, color: false }).split("\n");
  assert.match(lines[0]!, /^── row 1 ─+$/);
  assert.is(lines.filter((line) => line.startsWith("── row")).length, 6);
  assert.ok(lines.includes("… 24 more rows"));
  assert.is(renderTable(table, { width: 59, color: false, rows: 30 }).split("\n").filter((line) => line.startsWith("── row")).length, 30);
  assert.match(renderTable({ ...table, columns: many.slice(0, 2) }, { width: 59, color: false }), /^quantity_0 +quantity_1$/m);
  assert.match(renderTable(table, { width: 60, color: false }), /^\+\d columns:/m);
});

test("shares of groups of different sizes have one scale, and their axis says so", () => {
  const plot = { kind: "plot", title: "t", unit: "tokens", quantity: "n", edges: Float64Array.of(0, 1, 2), series: [{ name: "few", counts: Float64Array.of(3, 1), total: 4 }, { name: "many", counts: Float64Array.of(100, 300), total: 400 }], overlay: true, log: false, share: true } as const;
  const lines = renderHistogram(plot, { width: 60, color: false, ascii: true }).split("\n");
  assert.ok(lines.includes("## few  n = 4") && lines.includes("oo many  n = 400") && lines.some((line) => /^ *0\.75 \|#{8}o{8}$/.test(line)), lines.join("\n"));
  assert.match(lines.at(-1)!, /y: share of tokens$/);
  assert.match(renderHistogram(plot, { width: 100, color: false, spoken: true }), /few: 4 tokens, most \(0\.75\) with n from 0 to 1\./);
});

test("what is read aloud has no rules, blocks or dots", () => {
  const drawn = /[─│█░▓▒⠁-⣿●○«]/u;
  const spoken = { width: 100, color: false, spoken: true };
  const histogram = renderHistogram({ kind: "plot", title: "t", unit: "rows", quantity: "n", edges: Float64Array.of(0, 1, 2), series: [{ name: "a", counts: Float64Array.of(3, 5), total: 8 }, { name: "b", counts: Float64Array.of(1, 1), total: 2 }], overlay: true, log: false }, spoken);
  assert.match(histogram, /^a: 8 rows, most \(5\) with n from 1 to 2\.$/m);
  assert.not.match(histogram, drawn);
  for (const mark of ["bars", "line", "scatter", "heat"] as const) assert.not.match(renderChart(chart(mark, named, "book", mark === "heat" ? "book" : "verses", mark === "heat" ? "verses" : null), spoken), drawn);
  assert.not.match(renderTable({ kind: "table", rows: 4, columns: named, origin: "" }, spoken), drawn);
});

test.run();
