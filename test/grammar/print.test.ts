/** Without these tests the formatter could change what a script means, or never settle. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "../../grammar/parse.ts";
import { print } from "../../grammar/print.ts";
import { CORPUS, withoutSpans } from "./corpus.ts";

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
  assert.fixture(print(parse(text).script), "# head\n\na | b  # behind\n# below\n\nlet x = (a | b)  # in brackets\n");
});

test("print keeps comments behind the items of a list that they were written behind", () => {
  for (const [text, printed] of [
    ["groups x = a, # first\ny = b # second\n", "groups x = a,  # first\n  y = b  # second\n"],
    ["let g = groups x = a, # first\n  # own line\n y = b, z = c # third\n", "let g = groups x = a,  # first\n    # own line\n    y = b, z = c  # third\n"],
    ["a | select b, # one\nc # two\n | take 3 # end", "a\n| select b,  # one\n  c  # two\n| take 3  # end\n"],
    ["a | sort b, c # end", "a | sort b, c  # end\n"],
  ] as const) {
    const { script, diagnostics } = parse(text);
    assert.equal(diagnostics, []);
    assert.fixture(print(script), printed);
    const again = parse(printed);
    assert.equal(withoutSpans(again.script), withoutSpans(script));
    assert.fixture(print(again.script), printed);
  }
});

test("print keeps a statement that goes on from the last value apart", () => {
  const text = "a\n; | top 3\n";
  assert.fixture(print(parse(text).script), text);
});

test("print of broken text does not throw", () => {
  for (const text of ["let", "a | | b", "param", "def (", "saeq", "use", "where a >", "x {a", "set"]) assert.type(print(parse(text).script), "string");
});

test.run();
