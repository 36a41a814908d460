/** Without these tests the formatter could change what a script means, or never settle. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { canonical, saysTheSame } from "../../grammar/canonical.ts";
import { print } from "../../grammar/print.ts";
import { CORPUS, withoutSpans } from "./corpus.ts";

/** The scripts of the language's corpus that are right, too. */
const corpus = new URL("../corpus/", import.meta.url);
const SCRIPTS: readonly string[] = [
  ...CORPUS.map(({ text }) => text),
  ...readdirSync(corpus, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".saeq")).sort().map((name) => readFileSync(new URL(name, corpus), "utf8")),
].filter((text) => text.length < 2000 && parse(text).diagnostics.length === 0 && parse(text).script.statements.length > 0);

/** A `##` above a statement describes it. */
const without = (value: unknown): string => JSON.stringify(value, (key: string, inner: unknown) => (key === "doc" ? undefined : inner));

for (const { name, text } of CORPUS) {
  test(`${name} parses without a diagnostic and prints the same script, once and for all`, () => {
    const first = parse(text);
    assert.equal(first.diagnostics, []);
    const printed = print(first.script);
    const second = parse(printed);
    assert.equal(second.diagnostics, []);
    assert.equal(withoutSpans(second.script), withoutSpans(first.script), printed);
    assert.fixture(print(second.script), printed);
  });
}

test("print breaks a pipeline that is too long before each pipe", () => {
  const text = 'let a = csv "a_rather_long_file_name.csv" | where matching_tokens == 0 and not perfect_match | sample 10 | acts layer 7';
  assert.fixture(print(parse(text).script), `let a = csv "a_rather_long_file_name.csv"
  | where matching_tokens == 0 and not perfect_match
  | sample 10
  | acts layer 7
`);
});

test("print joins a short pipeline and drops empty lines inside it", () => {
  assert.fixture(print(parse("sample   perfect 10\n\n|acts layer 7\n  | top 10 ;; ").script), "sample perfect 10 | acts layer 7 | top 10\n");
});

test("print keeps comments where they were and one empty line of many", () => {
  const text = "# head\n\n\n\na | b # behind\n# below\n\n\nlet x = (a # in brackets\n| b)\n";
  assert.fixture(print(parse(text).script), "# head\n\na | b  # behind\n# below\n\nlet x = (a  # in brackets\n      | b)\n");
});

test("print keeps comments behind the items of a list that they were written behind", () => {
  for (const [text, printed] of [
    ["groups x = a, # first\ny = b # second\n", "groups x = a,  # first\n  y = b  # second\n"],
    ["let g = groups x = a, # first\n  # own line\n y = b, z = c # third\n", "let g = groups x = a,  # first\n    # own line\n    y = b, z = c  # third\n"],
    ["a | select b, # one\nc # two\n | take 3 # end", "a\n| select b,  # one\n  c  # two\n| take 3  # end\n"],
    ["a | sort b, c # end", "a | sort b, c  # end\n"],
    // A pipe begins a line, a comma ends one; in brackets as outside of them.
    ["a | # before b\nb", "a  # before b\n| b\n"],
    ["a # one\n# two\n| # three\nb", "a  # one\n# two\n# three\n| b\n"],
    ["a | tee (stats # s\n| show) | b", "a\n| tee (stats  # s\n    | show)\n| b\n"],
    ["a | select (b # b\n, c # c\n)", "a\n| select (b,  # b\n    c  # c\n  )\n"],
    ["a | where b in [1, # one\n  # two\n 2 # end\n ] | d", "a\n| where b in [1,  # one\n    # two\n    2  # end\n  ]\n| d\n"],
    ["a | tee (show\n# last\n)", "a\n| tee (show\n    # last\n  )\n"],
    ["let x = # why\n csv \"x.csv\" types { # t\n n: int, # int\n s: str } | take 3", "let x =  # why\n    csv \"x.csv\" types {  # t\n      n: int,  # int\n      s: str}\n  | take 3\n"],
    ["a | where b > 1 and # why\n c < 2", "a\n| where b > 1 and  # why\n  c < 2\n"],
    ["def f( # f\n x: table, # x\n n = 3) = x # in\n | take $n", "def f(  # f\n      x: table,  # x\n      n = 3) = x  # in\n  | take $n\n"],
  ] as const) {
    const { script, diagnostics } = parse(text);
    assert.equal(diagnostics, []);
    assert.fixture(print(script), printed);
    const again = parse(printed);
    assert.equal(withoutSpans(again.script), withoutSpans(script));
    assert.fixture(print(again.script), printed);
  }
});

/** Of each comment how many words and signs stand before it: behind a pipe is before it, and before a comma behind it. */
function placesOf(text: string): readonly (readonly [string, number])[] {
  const { script } = parse(text);
  const starts = script.wordStarts;
  return script.comments.map(({ text: comment, span }) => {
    const before = starts.filter((start) => start < span.start).length;
    const sign = (at: number): string => text[starts[at]!] ?? "";
    return [comment, sign(before - 1) === "|" && before > 1 ? before - 1 : sign(before) === "," ? before + 1 : before] as const;
  });
}

test("wherever comments stand in whatever script, print keeps them all, in order, between the same words, and settles", () => {
  let seed = 11;
  const below = (count: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % count;
  let tried = 0;
  for (const text of SCRIPTS) {
    const bare = withoutSpans({ ...parse(text).script, comments: [] });
    for (let round = 0; round < 6; round++) {
      let commented = text;
      for (let i = 0, left = 1 + below(6); i < left; i++) {
        const { wordStarts } = parse(commented).script;
        const at = below(4) === 0 ? commented.length : wordStarts[below(wordStarts.length)]!;
        const comment = `${below(5) === 0 ? "##" : "#"} ${round}.${i} | ( "x`;
        const grown = commented.slice(0, at) + (below(2) === 0 ? ` ${comment}\n` : `\n\t${comment}\n`) + commented.slice(at);
        // Where a line end would end a statement, no comment can stand.
        const now = parse(grown);
        if (now.diagnostics.length === 0 && without(withoutSpans({ ...now.script, comments: [] })) === without(bare)) commented = grown;
      }
      const first = parse(commented);
      if (first.script.comments.length === parse(text).script.comments.length) continue;
      tried++;
      const printed = print(first.script);
      const second = parse(printed);
      assert.equal(second.diagnostics, [], printed);
      assert.equal(withoutSpans(second.script), withoutSpans(first.script), printed);
      assert.is(print(second.script), printed);
      assert.equal(placesOf(printed), placesOf(commented), `${commented}\n---\n${printed}`);
    }
  }
  assert.ok(tried > 500, `${tried}`);
});

test("print keeps a statement that goes on from the last value apart", () => {
  const text = "a\n; | top 3\n";
  assert.fixture(print(parse(text).script), text);
});

test("a relation named like a statement stays a relation where its pipeline is broken", () => {
  const long = "where matching_tokens == 0 and not perfect_match | sort matching_tokens desc | select matching_tokens, perfect_match";
  for (const [text, printed] of [
    [`set | ${long}`, `set\n| ${long.replaceAll(" | ", "\n| ")}\n`],
    ["use | take 3 # three\n| count", "use\n| take 3  # three\n| count\n"],
    ["param # why\n\n| count\n", "param  # why\n| count\n"],
    ["saeq\n| count\ndef\n\n| count\n", "saeq | count\ndef | count\n"],
  ] as const) {
    const { script, diagnostics } = parse(text);
    assert.equal(diagnostics, []);
    assert.fixture(print(script), printed);
    assert.is(canonical(script), printed);
  }
  // Nothing goes on here.
  for (const text of ["set\ntake 3", "use\n"]) assert.is.not(parse(text).diagnostics.length, 0);
});

test("a comment behind a minus leaves it the sign that it was", () => {
  for (const [text, printed] of [
    ["set `1` \"a\" -# c\n0.5", "set `1` \"a\" -# c\n  0.5\n"],
    ["a | derive b = - - # c\nx", "a\n| derive b = - -# c\n  x\n"],
    ["a | derive b = - -\n# c\n5", "a\n| derive b = --# c\n  5\n"],
    ["a | derive b = c - # c\n5", "a\n| derive b = c -  # c\n  5\n"],
  ] as const) {
    const { script, diagnostics } = parse(text);
    assert.equal(diagnostics, []);
    assert.fixture(print(script), printed);
    assert.is(canonical(script), printed);
  }
});

test("a script that the printer would change has no canonical text", () => {
  // A name of two words without its backquotes, which are a phrase.
  const script = JSON.parse(JSON.stringify(parse("x | derive b = a").script).replaceAll('"a"', '"is null"')) as Parameters<typeof canonical>[0];
  assert.is(canonical(script), null);
  // With a comment between them the two words are told, as on one line.
  assert.equal(parse("x | derive z = (y is # c\n## d\nnull)").diagnostics.map(({ code }) => code), ["is-null"]);
  assert.ok(saysTheSame(parse("a|b # c").script, parse("a  |  b\n\n# c").script));
  for (const other of ["a | c # c", "a | b # d", "a | b", "a | `b` # c", "a | b # c\nd"]) assert.not(saysTheSame(parse("a | b # c").script, parse(other).script), other);
});

test("print of broken text does not throw", () => {
  for (const text of ["let", "a | | b", "param", "def (", "saeq", "use", "where a >", "x {a", "set"]) assert.type(print(parse(text).script), "string");
});

test.run();
