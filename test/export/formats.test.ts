/** Without this file text from data could become markup, a script or a link in what people open without a second thought. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UNSEEN } from "../../grammar/visible.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import type { Chart, Plot, Value } from "../../runtime/data/frame.ts";
import { htmlPage } from "../../repl/export/html.ts";
import { fenced, inline, inText, markdownText } from "../../repl/export/markdown.ts";
import { notebookText } from "../../repl/export/notebook.ts";
import { outputOf } from "../../repl/export/outputs.ts";
import { piecesOf, titleOf, type Report } from "../../repl/export/report.ts";
import { HOSTILE, hostileTexts } from "./hostile.ts";

const display = { rows: null, wide: false, quiet: false } as const;

/** A report in which every text is hostile. */
async function reportOf(texts: readonly string[], drawings: boolean): Promise<Report> {
  const text = (at: number): string => texts[at % texts.length]!;
  const table = createTable("t", [createColumn(text(0), "str", texts), createColumn(text(1), "float", texts.map((_, at) => (at % 3 === 0 ? null : at / 7)))]);
  const plot: Plot = { kind: "plot", title: text(2), unit: text(3), quantity: text(4), edges: Float64Array.of(0, 1, 2), series: [{ name: text(5), counts: Float64Array.of(1, 2), total: 3 }, { name: text(6), counts: Float64Array.of(2, 0), total: 2 }], overlay: true, log: false };
  const chart: Chart = { kind: "chart", mark: "bars", title: text(7), table: createTable("c", [createColumn(text(8), "str", texts.slice(0, 5)), createColumn("n", "int", texts.slice(0, 5).map((_, at) => at))]), x: text(8), y: "n", color: null };
  const context = { feature: 1, layer: 7, activation: 2, row: 0, position: 1, pieces: texts.slice(0, 6), firing: 1, activations: [0, 2, 1, null, 0, 0], special: [true, false, false, false, false, false] };
  const values: Value[] = [table, { kind: "groups", members: [{ name: text(9), value: table }] }, { kind: "text", text: text(10) }, { ...table, windows: [context] }, ...(drawings ? [plot, chart] : [])];
  const outputs = [];
  for (const value of values) outputs.push(await outputOf({ kind: "result", value, header: text(11), display, index: 1, last: true }));
  return {
    title: text(12),
    cells: [{ prose: text(13), source: `csv ${JSON.stringify(text(14))} | take 1 # ${text(15)}`, outputs }],
    notes: [text(16)],
    provenance: { script: "00", versions: { saeq: "1" }, platform: "linux x64", data: { [text(17)]: "11" }, models: { [text(18)]: "22" }, saes: {}, seed: { value: text(19), given: true }, settings: { sae: text(20) } },
    stale: [text(21)],
  };
}

const TAGS = "html|head|meta|title|style|body|h1|h2|div|main|figure|figcaption|pre|code|span|small|table|thead|tbody|tr|th|td|section|ul|li|strong|footer|p|b|svg|g|path|rect|line|text|tspan|defs|clipPath|linearGradient|stop|circle|use|script";
const TAG = new RegExp(`</?(?:${TAGS})(?: [\\w:-]+="[^"<]*")*/?>|<!doctype html>`, "g");
const CONTROL = new RegExp(`(?!\\n)[${UNSEEN}]`, "u");

/** What is left of markup once all that may be there is taken away. */
function strangeMarkup(html: string): string[] {
  const own = html.replace(/<script>[\s\S]*?<\/script>/, "").replace(/<style>[\s\S]*?<\/style>/, "");
  return own.replace(TAG, "").match(/.{0,40}[<>].{0,40}/g) ?? [];
}

function judge(html: string): void {
  assert.equal(strangeMarkup(html), []);
  const attributes = [...html.replace(/<script>[\s\S]*?<\/script>/, "").matchAll(/<[a-zA-Z]\w*(?: [\w:-]+="[^"]*")*\/?>/g)].flatMap(([tag]) => [...tag.matchAll(/ ([\w:-]+)="[^"]*"/g)].map(([, name]) => name!));
  assert.equal(attributes.filter((name) => /^on|^href$|^src|^style$|^xlink:href$/.test(name)), []);
  assert.is(html.match(/<script>/g)?.length ?? 0, html.includes('application/json') ? 1 : 0);
  assert.not.match(html.replace(/<script>[\s\S]*?<\/script>/, ""), CONTROL);
}

test("a special token in a context is marked as left out, and sets no scale", async () => {
  const windows = [{ feature: 1, layer: 7, activation: 2, row: 0, position: 1, pieces: ["<|begin|>", " In", " the"], firing: 1, activations: [40, 2, 1], special: [true, false, false] }];
  const output = await outputOf({ kind: "result", value: { ...createTable("t", [createColumn("n", "int", [1])]), windows }, header: "", display, index: 1, last: true });
  const report = await reportOf(HOSTILE, false);
  const html = htmlPage({ ...report, cells: [{ prose: "", source: "", outputs: [output] }] });
  assert.match(html, '<span class="special" title="a special token: it counts nowhere">&lt;|begin|&gt;</span><span class="h5 fires"> In</span><span class="h3"> the</span>');
});

test("a page of hostile texts has no markup but its own, and its policy names one script and one style", async () => {
  const html = htmlPage(await reportOf(HOSTILE, true));
  judge(html);
  assert.match(html, /content="default-src 'none'; style-src 'sha256-[\w+/]+=*'; script-src 'sha256-[\w+/]+=*'; base-uri 'none'; form-action 'none'"/);
  // The specs are JSON that still holds the texts.
  for (const [, json] of html.matchAll(/<script type="application\/json">(.*?)<\/script>/g)) assert.is(typeof JSON.parse(json!), "object");
});

test("a page without a plot has no script at all", async () => {
  const html = htmlPage(await reportOf(HOSTILE, false));
  judge(html);
  assert.not.match(html, "<script");
  assert.match(html, "script-src 'none'");
});

test("3,000 fuzzed texts: no markup, no control character, no open fence, and valid JSON", async () => {
  const texts = [...hostileTexts(3000)];
  for (let at = 0; at < texts.length; at += 100) {
    const report = await reportOf(texts.slice(at, at + 100), false);
    judge(htmlPage(report));
    const markdown = markdownText(report, inText);
    assert.not.match(markdown, CONTROL);
    const outside = withoutFences(markdown);
    assert.equal(outside.match(/<[a-zA-Z!/?]/g) ?? [], []);
    assert.equal(outside.match(/(?<!\\)\]\((?!data:image\/svg)/g) ?? [], []);
    assert.equal(outside.match(/(?<![\\\w])(https?|ftp):\/\//gi) ?? [], []);
    const notebook = JSON.parse(notebookText(report)) as { readonly cells: readonly { readonly outputs?: readonly { readonly data: Readonly<Record<string, readonly string[]>> }[] }[] };
    for (const cell of notebook.cells) for (const output of cell.outputs ?? []) assert.equal(strangeMarkup((output.data["text/html"] ?? []).join("")), []);
    assert.not.match(notebookText(report), CONTROL);
  }
});

/** Markdown without its fenced blocks; an open fence would leave text that is none. */
function withoutFences(text: string): string {
  const lines: string[] = [];
  let fence: string | null = null;
  for (const line of text.split("\n")) {
    const run = /^(`{3,})/.exec(line)?.[1] ?? null;
    if (fence === null && run !== null) fence = run;
    else if (fence !== null && line === fence) fence = null;
    else if (fence === null) lines.push(line);
  }
  assert.is(fence, null);
  return lines.join("\n");
}

test("a fence is longer than any in its text", () => {
  assert.is(fenced("a ```` b", "text"), "`````text\na ```` b\n`````");
  assert.is(inline("1. a|b <c> [d](e)"), "1\\. a\\|b &lt;c&gt; \\[d\\]\\(e\\)");
  assert.is(inline("25.65"), "25.65");
});

test("the same report gives the same bytes", async () => {
  const report = await reportOf(HOSTILE, true);
  const again = await reportOf(HOSTILE, true);
  for (const make of [htmlPage, notebookText, (each: Report) => markdownText(each, inText)]) assert.is(make(report), make(again));
});

test("a notebook is of format 4.5: ids that are unique, lines with their ends, mime bundles", async () => {
  const notebook = JSON.parse(notebookText(await reportOf(HOSTILE, true))) as { readonly nbformat: number; readonly nbformat_minor: number; readonly cells: readonly Readonly<Record<string, unknown>>[] };
  assert.equal([notebook.nbformat, notebook.nbformat_minor], [4, 5]);
  const ids = notebook.cells.map(({ id }) => String(id));
  assert.is(new Set(ids).size, ids.length);
  assert.ok(ids.every((id) => /^[a-zA-Z0-9-_]{1,64}$/.test(id)));
  for (const cell of notebook.cells) {
    assert.equal(Object.keys(cell).sort(), cell["cell_type"] === "code" ? ["cell_type", "execution_count", "id", "metadata", "outputs", "source"] : ["cell_type", "id", "metadata", "source"]);
    for (const line of (cell["source"] as readonly string[]).slice(0, -1)) assert.ok(line.endsWith("\n"));
  }
});

test("a script is cut after each pipeline, its remarks become text, and nothing is lost", () => {
  const text = "saeq 1\n## About birds\n\n## how many\nparam n: int = 3\nset seed 1\nperfect | take $n # few\n\n## And then\n## more\nperfect | count; perfect | take 1\n# the end\n";
  assert.equal(piecesOf(text).map(({ prose, source }) => [prose, source]), [
    ["", "saeq 1\n## About birds\n\n## how many\nparam n: int = 3\nset seed 1\nperfect | take $n # few"],
    ["And then\nmore", "perfect | count; perfect | take 1"],
    ["", "# the end"],
  ]);
  // The line that is the title of the page is not said again below it.
  assert.equal(piecesOf("## What fires\n## and where\nperfect | count\n## What fires\nperfect | count\n").map(({ prose }) => prose), ["and where", "What fires"]);
  assert.equal([titleOf(text, "a.saeq"), titleOf("perfect | count", "a.saeq")], ["About birds", "a"]);
});

test.run();
