/** Without these tests a newline, a sign or one lost bracket could change what a script means. */
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Expr, Pipeline, Statement } from "../../grammar/ast.ts";
import { cstTypes } from "../../grammar/generate_cst.ts";
import { MAX_BRACKETS } from "../../grammar/layout.ts";
import { firstOfEach } from "../../grammar/diagnostic.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import { parse } from "../../grammar/parse.ts";
import { printArg, printPipeline } from "../../grammar/print_parts.ts";

const codes = (text: string): string[] => parse(text).diagnostics.map((d) => d.code);
const statements = (text: string): readonly Statement[] => parse(text).script.statements;
const pipeline = (text: string): Pipeline => {
  const [first] = statements(text);
  if (first?.kind !== "pipelineStatement") throw new Error(`no pipeline in ${text}`);
  return first.pipeline;
};
/** Stages as text, arguments apart. */
const stages = (text: string): string[] => pipeline(text).stages.map((stage) => stage.args.map(printArg).join(" · "));

/** Fully bracketed, to see what binds to what. */
function shape(expr: Expr | undefined): string {
  if (expr === undefined) return "nothing";
  switch (expr.kind) {
    case "binary": return `(${shape(expr.left)} ${expr.op} ${shape(expr.right)})`;
    case "range": return `(${shape(expr.from)}..${shape(expr.to)})`;
    case "unary": return `(${expr.op} ${shape(expr.operand)})`;
    case "name": return expr.path.join(".");
    case "num": return expr.text;
    case "group": return `[${printPipeline(expr.pipeline)}]`;
    default: return expr.kind;
  }
}
const value = (text: string): string => shape(pipeline(`where ${text}`).stages[0]?.args[1]?.items[0]?.value);

test("a newline ends a statement except in brackets, after a sign, or before a pipe", () => {
  assert.is(statements("a\nb\r\nc;d").length, 4);
  assert.is(statements("a |\nb").length, 1);
  assert.is(statements("sort a,\nb").length, 1);
  assert.is(statements("where a and\nb ==\n3 +\n4").length, 1);
  assert.is(statements("let x =\n\n csv").length, 1);
  assert.is(statements("tee (\na\n| b\n\n)").length, 1);
  assert.is(statements("a # why\n\n  # more\n\t| b").length, 1);
  assert.is(statements("a\n# | b\nc").length, 2);
  assert.is(statements("prompts \"one\ntwo\"").length, 1);
});

test("arguments are juxtaposed, items are separated by commas", () => {
  assert.equal(stages("acts layer 5, 7, 9 last 50 dense | sort n desc, id asc"), ["acts · layer · 5, 7, 9 · last · 50 · dense", "sort · n desc, id asc"]);
  assert.equal(stages("compare a = P, b = (Q | take 3)"), ["compare · a = P, b = (Q | take 3)"]);
  assert.equal(stages("| top 3"), ["top · 3"]);
  assert.ok(pipeline("| top 3").continues);
});

test("a minus with a blank before and none after is a sign", () => {
  assert.equal(stages("steer at -1"), ["steer · at · -1"]);
  assert.equal(stages("sort -count"), ["sort · -count"]);
  assert.equal(stages("top a - b"), ["top · a - b"]);
  assert.equal(stages("top a-b"), ["top · a - b"]);
  assert.equal(stages("top a -b"), ["top · a · -b"]);
});

test("a name with a bracket directly behind it is a call", () => {
  assert.equal(pipeline("f(x) g (x)").stages[0]!.args.map((arg) => arg.items[0]!.value.kind), ["call", "name", "group"]);
  assert.equal(codes("splits.f(x, y = 2)"), []);
});

test("operators bind as in arithmetic", () => {
  assert.is(value("a or b and not c == d + e * f ^ 2"), "(a or (b and (not (c == (d + (e * (f ^ 2)))))))");
  assert.is(value("-a ^ 2"), "(- (a ^ 2))");
  assert.is(value("2 ^ -b ^ 3"), "(2 ^ (- (b ^ 3)))");
  assert.is(value("2 ^ 3 ^ 4"), "(2 ^ (3 ^ 4))");
  assert.is(value("a - b - c"), "((a - b) - c)");
  assert.is(value("x in 0.0 .. 0.5 + y"), "(x in (0.0..(0.5 + y)))");
  assert.is(value("not not a == b"), "(not (not (a == b)))");
  assert.equal(codes("where not not a or not b"), []);
});

test("numbers have underscores, exponents and units", () => {
  const numbers = pipeline("x 2_000 1.5e-3 5% 7d 64KiB 20ms 5 % 2").stages[0]!.args.slice(1).map((arg) => arg.items[0]!.value);
  assert.equal(numbers.slice(0, 6).map((n) => (n.kind === "num" ? [n.value, n.unit] : n.kind)), [[2000, ""], [0.0015, ""], [5, "%"], [7, "d"], [64, "KiB"], [20, "ms"]]);
  assert.is(shape(numbers[6]), "(5 % 2)");
  assert.equal(codes("seed 12345678901234567890"), ["bad-number"]);
  assert.equal(codes("x 1.2.3"), ["bad-number"]);
});

test("texts know two quotes, escapes and line breaks", () => {
  const texts = pipeline(String.raw`x "a\n\t\\\"\u{1F600}" 'it\'s'` + ' "a\r\nb"').stages[0]!.args.slice(1).map((arg) => arg.items[0]!.value);
  assert.equal(texts.map((s) => (s.kind === "str" ? s.value : s.kind)), ["a\n\t\\\"😀", "it's", "a\nb"]);
  assert.equal(codes(String.raw`x "\u{110000}"`), ["bad-escape"]);
  assert.equal(codes('x "a\u202Eb\0"'), []);
});

test("statement words are ordinary words elsewhere", () => {
  assert.equal(codes("select set, use, param, def, saeq | where use == 3\nset | top 3\nlet set = runs\nparam use: int = 3"), []);
  assert.equal(statements("set seed 42\nuse \"a\" as b\nsaeq 1\nset model \"m\" dtype f32").map((s) => s.kind), ["set", "use", "edition", "set"]);
});

test("recovery keeps the stages around an empty one", () => {
  assert.equal(stages("sample 3 | | top 10"), ["sample · 3", "top · 10"]);
  assert.equal(codes("sample 3 | | top 10"), ["missing-stage"]);
});

test("one cause gives one error", () => {
  assert.equal(codes("let N = sample non 10 |\nlet P = runs\nP"), ["pipeline-ends"]);
  assert.is(statements("let N = sample non 10 |\nlet P = runs\nP").length, 3);
  assert.equal(codes("let a = tee (stats | hist (l0\nlet b = runs | | top"), ["unclosed-bracket", "missing-stage"]);
  assert.equal(codes('tee (hist l0 | save "l0.svg)\nlet x = csv "a.csv"'), ["open-string"]);
  assert.equal(codes('csv "a.csv\nlet x = csv "b.csv" | where (a > 1)'), ["open-string"]);
  assert.equal(codes("let x = let 3"), ["lost-let"]);
  assert.equal(codes("where a > = 3 = 4 : 5 | top 3"), ["missing-value"]);
  assert.equal(codes("top : 5 | , 3"), ["unexpected", "stray-comma"]);
  assert.equal(codes("def f(x: 3, y: 4) = x"), ["bad-def"]);
  assert.equal(codes("take 3 }\ntop 2"), ["stray-bracket"]);
  assert.equal(codes("def f(x table) = x"), ["bad-def"]);
  assert.equal(codes("param in: int"), ["reserved-word"]);
  assert.equal(codes("set seed = 42"), ["bad-set"]);
});

test("pipelines end where the next statement begins, and the note says so", () => {
  const [d] = parse("let N = sample non 10 |\nlet P = runs").diagnostics;
  assert.match(d!.notes![0]!, /new statement with `let`/);
});

test("at most ten errors are told", () => {
  assert.is(codes("top : 3\n".repeat(50)).length, 10);
  assert.is(codes("@ a ".repeat(50)).length, 10);
});

test("how many more there are stands behind the last that is told", () => {
  const found = parse("@ a\n".repeat(13)).diagnostics;
  assert.equal(found.map(({ untold = 0 }) => untold), [0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
  assert.match(renderDiagnostic(found.at(-1)!, { name: "x", text: "" }, { color: false, width: 80 }), /\n3 more errors are not shown$/);
  const mixed = [{ severity: "error", start: 0 }, { severity: "warning", start: 1 }, { severity: "error", start: 2, untold: 4 }, { severity: "error", start: 3 }, { severity: "warning", start: 4 }] as const;
  const kept = firstOfEach(mixed.map(({ start, ...rest }) => ({ code: "x", message: "", span: { start, end: start + 1 }, ...rest })), 2);
  assert.equal(kept.map(({ span, untold = 0 }) => [span.start, untold]), [[0, 0], [1, 0], [2, 5], [4, 0]]);
});

test("a line that begins with and or or goes on with the condition above", () => {
  for (const text of ["runs | where a > 1\n  and b", "runs\n| where a > 1 # why\n\n  and b", "runs | where a > 1\r\nand b"]) {
    const { script, diagnostics } = parse(text);
    assert.equal(diagnostics, [], text);
    assert.is(script.statements.length, 1, text);
  }
  assert.equal(stages("runs | where a\n  or b\n  and c | top 3"), stages("runs | where a or b and c | top 3"));
  assert.equal(codes("and b"), ["missing-left"]);
});

test("a query of SQL is one mistake, over as many lines as it has and behind let, with the line that saeq reads", () => {
  const fixed = (text: string): string | undefined => {
    const { diagnostics } = parse(text);
    assert.equal(diagnostics.map(({ code }) => code), ["sql-statement"], text);
    const { fix } = diagnostics[0]!;
    return fix && text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end);
  };
  assert.is(fixed("SELECT a,\n  b\nFROM t\nWHERE a > 1\n  AND b = 'x'\nORDER BY a DESC\nLIMIT 3;\nt | top 3"), "t | where a > 1 and b == 'x' | sort a desc | select a, b | take 3;\nt | top 3");
  assert.is(fixed("select a\r\nfrom t\r\n\r\nwhere a > 1\r\n"), "t | where a > 1 | select a\r\n");
  assert.is(fixed("let x = SELECT * FROM t"), "let x = t");
  assert.is(fixed("let x = select grp, count(*)\nfrom t\ngroup by grp\nx | take 3"), "let x = t | group grp | agg n = count()\nx | take 3");
  assert.is(fixed("select * from runs.csv"), 'csv "runs.csv"');
  assert.is(fixed("SELECT a.x FROM t a\nJOIN u b ON a.x = b.x\nORDER BY a.x DESC"), undefined);
  assert.is(fixed("select a -- this\nfrom t"), undefined);
  // A column or a stage of that name is none.
  assert.equal(codes("runs | select from\nruns | where a"), []);
});

test("nesting is counted before it can overflow anything", () => {
  const nested = (n: number) => `where ${"(".repeat(n)}x${")".repeat(n)}`;
  assert.equal(codes(nested(MAX_BRACKETS)), []);
  for (const text of [nested(MAX_BRACKETS + 1), nested(100_000), "(".repeat(100_000), "[(".repeat(50_000), "f(".repeat(100_000), `${nested(1000)} | top 3`]) assert.equal(codes(text), ["nesting-too-deep"], text.slice(0, 20));
  for (const sign of ["not ", "- ", "x + ", "2^", "x or not "]) assert.equal(codes(`where ${sign.repeat(100_000)}x`), ["nesting-too-deep"], sign);
  assert.is(codes(")".repeat(100_000)).length, 10);
});

test("a long list or a long row of arguments is not deep", () => {
  assert.equal(codes(`where x in [${"a + 1, ".repeat(10_000)}1]`), []);
  assert.equal(codes(`top ${"-1 a+b ".repeat(10_000)}`), []);
  assert.equal(codes("top 3 | ".repeat(10_000) + "top 3"), []);
});

test("a byte order mark and CRLF are accepted, other unseen characters are not", () => {
  assert.equal(codes("\uFEFFsaeq 1\r\nlet a = csv \"a\"\r\n  | top 3 # c\r\n"), []);
  assert.equal(codes("top\u202E 3"), ["hidden-character"]);
  assert.equal(codes("top 3 # \u202E"), ["hidden-character"]);
  assert.equal(codes("top\0 3"), ["hidden-character"]);
  assert.equal(codes("top 3\u200B\n\u200Btop 4\n"), ["hidden-character", "hidden-character"]);
  assert.equal(codes("select `a\u200Bb`"), ["hidden-character"]);
  assert.match(parse("top\u202E 3").diagnostics[0]!.message, /\\u\{202E\}/);
});

test("doc comments are those directly above", () => {
  const docs = statements("## file\n\n## one\n##two\nparam n: int\n# no\nlet a = b\n## f\ndef f() = a ## behind\nlet c = d").map((s) => ("doc" in s ? s.doc : null));
  assert.equal(docs, ["one\ntwo", "", "f", ""]);
});

test("signs of other languages are read as what was meant", () => {
  for (const [text, fixed] of [["where a||b", "where a or b"], ["where !a", "where not a"], ["where a <> 3", "where a != 3"], ["a |> top 3", "a | top 3"], ["where a ≥ 3", "where a >= 3"], ["where x is null", "where x == null"], ["acts --top-k 3", "acts top_k 3"], ["where a == None", "where a == null"], ["SELECT * FROM runs", "runs"]] as const) {
    const { diagnostics } = parse(text);
    assert.is(diagnostics.length, 1, text);
    const fix = diagnostics[0]!.fix!;
    assert.is(text.slice(0, fix.span.start) + fix.text + text.slice(fix.span.end), fixed);
  }
});

test("a megabyte is read", () => {
  assert.equal(codes("sample perfect 10 | acts layer 7 last 50 | where a + b > 3\n".repeat(17_000)), []);
});

test("the generated types of the concrete tree are fresh", () => {
  assert.fixture(readFileSync(new URL("../../grammar/cst.d.ts", import.meta.url), "utf8"), cstTypes());
});

test.run();
