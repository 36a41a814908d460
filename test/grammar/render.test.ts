/** Without these tests carets could point beside the mistake, and hostile text could reach the terminal. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { parse } from "../../grammar/parse.ts";
import { filled } from "../../grammar/folded.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import { visible } from "../../grammar/visible.ts";
import { columns } from "../../grammar/width.ts";

const plain = { color: false, width: 100 } as const;
const first = (text: string): Diagnostic => parse(text).diagnostics[0]!;
const render = (text: string, options: { color: boolean; width: number; ascii?: boolean } = plain): string => renderDiagnostic(first(text), { name: "a.saeq", text }, options);

test("a diagnostic shows place, line, caret, label and fix", () => {
  assert.fixture(render("let a = runs\nlet b = a | where a + b = 3\n"), [
    "error[equals-sign]: `=` names a column; it does not compare",
    "  ┌─ a.saeq:2:25",
    "2 │ let b = a | where a + b = 3",
    "  │                         ^ write `==`",
    "  = fix: let b = a | where a + b == 3",
  ].join("\n"));
});

test("wide characters and tabs move the caret as far as they are wide", () => {
  const [, , line, caret] = render('\ttop "日本" : 3').split("\n");
  assert.is(line, '1 │     top "日本" : 3');
  assert.is(caret!.indexOf("^"), "  │     top \"日本\" ".length + 2);
});

test("a long line is cut to the width around the mistake", () => {
  const text = `select ${"column, ".repeat(200)}x : 3 ${"and more ".repeat(200)}`;
  for (const width of [40, 80, 100]) {
    const lines = render(text, { color: false, width }).split("\n");
    assert.ok(lines[2]!.length <= width, `${lines[2]!.length} > ${width}`);
    assert.is(lines[2]![lines[3]!.indexOf("^")], ":");
  }
});

const labelled = (text: string, mark: string, label: string, width: number, more: Partial<Diagnostic> = {}): string => {
  const start = text.indexOf(mark);
  return renderDiagnostic({ code: "x", severity: "error", span: { start, end: start + mark.length }, message: "no such column here", label, ...more }, { name: "n", text }, { color: false, width, window: true });
};

test("in a window a label that does not fit behind the carets goes on under them, behind the gutter", () => {
  assert.fixture(labelled("runs | where perfect_mtch == true | acts layer 7", "perfect_mtch", "did you mean `perfect_match`? it is a bool", 42), [
    "error[x]: no such column here",
    "  ┌─ n:1:14",
    "1 │ …uns | where perfect_mtch == true | a…",
    "  │              ^^^^^^^^^^^^",
    "  │              did you mean",
    "  │              `perfect_match`? it is a",
    "  │              bool",
  ].join("\n"));
  // Near the edge in one line as near as it can stand, or from the left margin; words longer than the window are broken.
  assert.match(labelled("select one_column, and_another | top 5", "top", "nothing was encoded", 42), /│ {34}\^{3}\n {2}│ {20}nothing was encoded$/);
  assert.match(labelled("select one_column, and_another | top 5", "top", "nothing was encoded here; `acts` comes before it", 42), /\n {2}│ nothing was encoded here; `acts` comes\n {2}│ before it$/);
  assert.match(labelled("a | b", "b", "x".repeat(50), 42), /\n {2}│ x{38}\n {2}│ x{12}$/);
  // A mark at the end of a long line leaves no room unused behind it, but for its label.
  assert.match(labelled("runs | acts layer 7 | top 5 | contexts 3 foo", "foo", "", 42), /1 │ …acts layer 7 \| top 5 \| contexts 3 foo\n {2}│ {36}\^{3}$/);
  assert.match(labelled("runs | acts layer 7 | top 5 | contexts 3 foo", "foo", "no keyword", 42), /1 │ …7 \| top 5 \| contexts 3 foo\n {2}│ {25}\^{3} no keyword$/);
  // What is wrong is broken at words as well, and a query in help before its pipes.
  assert.match(labelled("a | b", "b", "", 42, { message: "`contexts` has no keyword that is called `foo`" }), /^error\[x\]: `contexts` has no keyword that\n {2}is called `foo`\n {2}┌/);
  assert.match(labelled("a | b", "b", "", 42, { help: "csv \"x.csv\" | sample 10 | acts layer 7 | top 5" }), /= help: csv "x.csv" \| sample 10\n {10}\| acts layer 7 \| top 5$/);
  // A line for a shell stays one line: blanks fill the row of the window up.
  assert.match(labelled("a | b", "b", "", 42, { help: "saeq run examples/01_first_look.saeq | less --chop" }), /= help: saeq run {36}examples\/01_first_look.saeq \| {13}less --chop$/);
});

test("in a window a fix and a query in help are broken before pipes, and behind commas where that is not enough, and can be pasted", () => {
  const text = 'groups a = (sample perfect 3), b = (csv "a, b | c.csv" types {n: int, s: str}), c = (perfect) | acts layer 7 | compare | top 5';
  const at = text.indexOf("top 5");
  const lines = renderDiagnostic({ code: "x", severity: "error", span: { start: at, end: at + 3 }, message: "m", help: text, fix: { span: { start: at, end: at + 5 }, text: "take 5" } }, { name: "n", text }, { color: false, width: 42, window: true }).split("\n");
  assert.equal(lines.slice(lines.findIndex((line) => line.includes("= fix:"))), [
    "  = fix: groups a = (sample perfect 3),",
    '           b = (csv "a, b | c.csv" types             {n: int,',
    "           s: str}),",
    "           c = (perfect)",
    "         | acts layer 7 | compare | take 5",
  ]);
  // Between brackets a line is broken only where it does not fit otherwise, whatever would fill it better.
  const inner = "groups few = (memorization | where matching_tokens < 10 | sample 20), many = (memorization | sample 20) | acts layer 7 | top 10 by max | diff";
  const broken = (width: number): readonly string[] => {
    const told = renderDiagnostic({ code: "x", severity: "error", span: { start: 0, end: 6 }, message: "m", fix: { span: { start: inner.length - 4, end: inner.length }, text: "overlap" } }, { name: "n", text: inner }, { color: false, width }).split("\n");
    return told.slice(told.findIndex((line) => line.includes("= fix:"))).map((line) => line.slice("  = fix: ".length));
  };
  assert.equal(broken(120), ["groups few = (memorization | where matching_tokens < 10 | sample 20), many = (memorization | sample 20)", "| acts layer 7 | top 10 by max | overlap"]);
  assert.equal(broken(90), ["groups few = (memorization | where matching_tokens < 10 | sample 20),", "  many = (memorization | sample 20)", "| acts layer 7 | top 10 by max | overlap"]);
  assert.equal(broken(66).slice(0, 3), ["groups few = (memorization | where matching_tokens < 10", "| sample 20),", "  many = (memorization | sample 20)"]);
  for (const [kind, wanted] of [["= fix: ", text.replace("top 5", "take 5")], ["= help: ", text]] as const) {
    const from = lines.findIndex((line) => line.includes(kind));
    const rest = lines.slice(from + 1);
    const pasted = [lines[from]!.split(kind)[1]!, ...rest.slice(0, rest.findIndex((line) => line.includes("= ") && /^ {2}=/.test(line)) >>> 0)].join("\n");
    assert.is(pasted.split("\n").map((line) => line.trim().replace(/ +/g, " ")).join(" "), wanted);
    assert.equal(parse(pasted).diagnostics, []);
  }
});

/** What a window of so many columns makes of a text: it breaks longer lines at its edge. */
const asShown = (text: string, width: number): string[] => text.split("\n").flatMap((line) => line.match(new RegExp(`.{1,${width}}`, "gu")) ?? [""]).map((row) => row.trimEnd());

test("in a window a fix that has no place to break at is filled up with blanks, so that the window breaks it between words, and what is copied can be pasted", () => {
  const text = "sample perfect 10 | acts layer 7 last 50 hook resid_pots of continuation";
  const told = (width: number): string => labelled(text.replace("resid_pots", "#resid_pots#"), "#resid_pots#", "", width, { fix: { span: { start: 46, end: 58 }, text: "resid_post" } });
  const rowsOf = (width: number): string[] => asShown(told(width), width).slice(asShown(told(width), width).findIndex((row) => row.includes("= fix:")));
  assert.equal(rowsOf(44), ["  = fix: sample perfect 10", "         | acts layer 7 last 50 hook", "           resid_post of continuation"]);
  for (let width = 24; width < 90; width++) {
    const rows = rowsOf(width);
    assert.is(rows.map((row, i) => (i === 0 ? row.slice("  = fix: ".length) : row).trim()).join(" "), text.replace("pots", "post"), `no word is broken at ${width}`);
    for (const row of rows.slice(1)) assert.match(row, /^ {9}/);
    const pasted = told(width).slice(told(width).indexOf("= fix: ") + "= fix: ".length);
    assert.equal(parse(pasted).diagnostics, []);
    assert.is(parse(pasted).script.statements.length, 1);
  }
});

test("blanks in quotes and behind a backslash, and rows too short for words, are left as they are", () => {
  const rows = { from: 9, to: 40 };
  const made = filled('csv "a  file with a long name.csv" encoding latin1 types {a: text}', rows);
  assert.match(made, /^csv {28,}"a {2}file with a long name\.csv" encoding latin1 types \{a: text\}$/);
  assert.match(filled("cat a\\ long\\ name\\ of\\ a\\ file\\ that\\ fits\\ nowhere", rows), /^cat {28,}a\\ long\\ name\\ of\\ a\\ file\\ that\\ fits\\ nowhere$/);
  assert.is(filled("words of a line that is long", { from: 9, to: 20 }), "words of a line that is long");
  assert.is(filled("short", rows), "short");
});

test("in a window a long condition goes on before and and or, and can be pasted", () => {
  const text = 'runs | where matching_tokens > 10 and not repeated or reference like "a and b" | top 5';
  const told = (more: object): string[] => renderDiagnostic({ code: "x", severity: "error", span: { start: 0, end: 4 }, message: "m", fix: { span: { start: 0, end: 4 }, text: "perfect" } }, { name: "n", text }, { color: false, width: 42, ...more }).split("\n").slice(4).map((line) => line.slice("  = fix: ".length));
  const lines = told({ window: true });
  assert.equal(lines, ["perfect", "| where matching_tokens > 10", "  and not repeated", '  or reference like "a and b"', "| top 5"]);
  assert.equal(parse(lines.join("\n").replace(" like ", " == ")).diagnostics, []);
  assert.equal(told({}), ["perfect", "| where matching_tokens > 10 and not repeated or reference like \"a and b\"", "| top 5"]);
});

test("in a window no line that is for reading is wider, and carets stand under what they mark", () => {
  const words = ["top", "5", "日本語", "é́", "👍🏽", "\t", "\u202E", "perfect_match", "🇩🇪", "ＡＢ", "|", "ﷺ"];
  let seed = 7;
  const below = (count: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % count;
  const text = (most: number): string => Array.from({ length: below(most) }, () => words[below(words.length)]!).join(" ");
  for (let round = 0; round < 400; round++) {
    const width = [24, 42, 60, 80, 120][below(5)]!;
    const before = text(30);
    const lines = labelled(`${before}#mark# ${text(30)}`, "#mark#", text(20), width, { message: text(20) }).split("\n");
    const place = lines.findIndex((line) => line.includes("┌─"));
    for (const line of lines) assert.ok(columns(line) <= width, `${width}: ${line}`);
    const [shown, carets] = [lines[place + 1]!, lines[place + 2]!];
    assert.is(columns(shown.slice(0, shown.indexOf("#mark#"))), carets.indexOf("^"), `${shown}\n${carets}`);
    assert.match(carets, /\^{6}/);
    assert.ok(lines.slice(place + 2).every((line) => line.startsWith("  │ ")));
  }
});

test("without a window labels, heads and help stay whole", () => {
  const long = "word ".repeat(60).trim();
  const lines = renderDiagnostic({ code: "x", severity: "error", span: { start: 4, end: 5 }, message: long, label: long, help: `a | ${long} | b` }, { name: "n", text: "a | b" }, plain).split("\n");
  assert.equal(lines, [`error[x]: ${long}`, "  ┌─ n:1:5", "1 │ a | b", `  │     ^ ${long}`, `  = help: a | ${long} | b`]);
});

test("a fix is never cut: it goes on behind a pipe, and can be pasted from the lines it stands in", () => {
  const text = `a | where a + b = 3 | derive c = "x | y" | ${"sort d | ".repeat(20)}select ${"e, ".repeat(50)}f # last | comment`;
  const fixed = text.replace("b = 3", "b == 3");
  for (const width of [20, 40, 80, 300, 1000]) {
    const lines = render(text, { color: false, width }).split("\n");
    const at = lines.findIndex((line) => line.startsWith("  = fix: "));
    const pasted = [lines[at]!.slice("  = fix: ".length), ...lines.slice(at + 1)];
    assert.is(pasted.map((line) => line.trim()).join(" "), fixed);
    assert.ok(pasted.slice(1).every((line) => /^ +\| (sort|derive|select|where) /.test(line)), pasted.join("\n"));
    assert.equal(parse(pasted.join("\n")).diagnostics, []);
    if (width > 40) assert.ok(lines.slice(at).every((line) => line.length <= width || line.includes("select")), lines.join("\n"));
  }
});

test("a fix of whole lines shows these alone", () => {
  const text = "let a = b\nc | d\n";
  const fixOf = (start: number, end: number, put: string): string => /= fix: ([^]*)$/.exec(renderDiagnostic({ code: "x", severity: "warning", span: { start: 0, end: 3 }, message: "m", fix: { span: { start, end }, text: put } }, { name: "n", text }, plain))![1]!;
  assert.is(fixOf(0, 10, ""), "leave out line 1");
  assert.is(fixOf(0, 16, ""), "leave out lines 1 to 2");
  assert.is(fixOf(0, 0, "saeq 1\n"), "saeq 1");
  assert.is(fixOf(10, 11, "e"), "e | d");
  assert.is(fixOf(8, 9, "e\n| f"), "let a = e\n         | f");
  assert.is(fixOf(0, 4, ""), "a = b");
});

test("color and ascii are choices of the caller", () => {
  assert.match(render("top : 3", { color: true, width: 80 }), /\u001B\[1;31merror\[unexpected\]\u001B\[0m/);
  assert.match(render("top : 3", { color: false, width: 80, ascii: true }), /^ {2}\+- a\.saeq:1:5$/m);
});

test("nothing unseen reaches the terminal", () => {
  const text = "top \u001B[31m\u202E : 3";
  const hostile: Diagnostic = { code: "x", severity: "note", span: { start: 4, end: 9 }, message: "\u001B]0;t\u0007", label: "\u202E", notes: ["a\nb"], help: "\u0090" };
  const rendered = renderDiagnostic(hostile, { name: "a\u001B.saeq", text }, plain);
  assert.not.match(rendered, /[\u001B\u0007\u202E\u0090]/);
  assert.match(rendered, /\\u\{1B\}/);
});

test("spans beyond the text, over lines and at the end are shown", () => {
  const at = (start: number, end: number) => renderDiagnostic({ code: "x", severity: "warning", span: { start, end }, message: "m", label: "here" }, { name: "n", text: "ab\r\ncd\nef" }, plain);
  assert.match(at(1, 6), /1 │ ab\n {2}│ {2}\^\n2 │ cd\n {2}│ \^\^ here/);
  assert.match(at(9, 9), /3 │ ef\n {2}│ {3}\^ here/);
  assert.type(at(-5, 1000), "string");
  assert.match(renderDiagnostic({ code: "x", severity: "error", span: { start: 0, end: 0 }, message: "m" }, { name: "n", text: "" }, plain), /n:1:1/);
});

test("visible shows what is unseen and leaves the rest", () => {
  assert.is(visible("a\n\t\r\u001B[2J\u0000\u009B\u007F\u202E\u200B\u{E0041}\uD800é日😀"), "a␤␉␍\\u{1B}[2J\\u{00}\\u{9B}\\u{7F}\\u{202E}\\u{200B}\\u{E0041}\\u{D800}é日😀");
  assert.is(visible("a\nb\u0007", { keepNewlines: true }), "a\nb\\u{07}");
});

test.run();
