/** Without these tests some half-typed line would one day throw in the middle of a session. */
import seedrandom from "seedrandom";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isComplete, parse, tokenize } from "../../grammar/parse.ts";
import { print } from "../../grammar/print.ts";
import { renderDiagnostic } from "../../grammar/render.ts";
import { CORPUS, TEXTS, withoutSpans } from "./corpus.ts";

/** What must hold for any text at all. */
function check(text: string, deep: boolean): void {
  try {
    const { script, diagnostics } = parse(text);
    assert.ok(diagnostics.length <= 10);
    for (const d of diagnostics) {
      assert.ok(d.span.start >= 0 && d.span.start <= d.span.end && d.span.end <= text.length, `span ${d.span.start}..${d.span.end} of ${d.code}`);
      if (d.fix !== undefined) assert.ok(d.fix.span.start >= 0 && d.fix.span.start <= d.fix.span.end && d.fix.span.end <= text.length, `fix of ${d.code}`);
    }
    for (const statement of script.statements) assert.ok(statement.span.start >= 0 && statement.span.start <= statement.span.end && statement.span.end <= text.length, `span of ${statement.kind}`);
    if (!deep) return;
    let end = 0;
    for (const token of tokenize(text)) {
      assert.ok(token.span.start >= end && token.span.end <= text.length, "highlight tokens overlap");
      end = token.span.end;
    }
    isComplete(text);
    for (const d of diagnostics) {
      const rendered = renderDiagnostic(d, { name: "fuzz", text }, { color: false, width: 60 });
      assert.not.match(rendered, /[\0-\x09\x0B-\x1F\x7F-\x9F\u202A-\u202E]/);
    }
    const printed = print(script);
    if (diagnostics.length > 0) return;
    const again = parse(printed);
    assert.equal(again.diagnostics, [], printed);
    assert.equal(withoutSpans(again.script), withoutSpans(script), printed);
    assert.is(print(again.script), printed);
  } catch (error) {
    throw new Error(`${error instanceof Error ? `${error.message}\n${error.stack}` : String(error)}\n  for ${JSON.stringify(text)}`);
  }
}

test("no prefix of a known text throws", () => {
  for (const text of TEXTS) for (let end = 0; end <= text.length; end++) check(text.slice(0, end), end % 8 === 0);
});

const random = seedrandom("grammar");
const below = (n: number): number => Math.floor(random() * n);
const pick = <V>(values: readonly V[]): V => values[below(values.length)]!;

const SOUP = [
  "a", "b.c", "layer", "top", "let", "def", "param", "set", "use", "saeq", "in", "not", "and", "or", "asc", "desc", "true", "null", "f(", "(", ")", "[", "]", "{", "}",
  "|", "||", ",", ":", "=", "==", "!=", "!", "<", "<=", "~=", "=~", "..", "+", "-", "--x", "*", "/", "//", "%", "^", "&&", "1", "2.5e3", "7d", "10k", ".5", "5%", "$n", "$",
  '"s"', "'t'", '"', "'", "`q r`", "`", "\\", "@", "\u202E", "\u00A0", "é", "😀", "\uD800", "# c", "## d", "\n", "\n", "\r\n", ";", "\t", "is null", "not in", "SELECT", "from", "“", "”",
];

test("word soup does not throw", () => {
  for (let i = 0; i < 1100; i++) {
    let text = "";
    for (let n = 1 + below(16); n > 0; n--) text += pick(SOUP) + (random() < 0.6 ? " " : "");
    check(text, true);
  }
});

test("mutated scripts do not throw", () => {
  for (let i = 0; i < 800; i++) {
    let text = pick(CORPUS).text;
    for (let n = 1 + below(4); n > 0; n--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + (random() < 0.6 ? pick(SOUP) : "") + text.slice(at + (random() < 0.5 ? below(12) : 0));
    }
    check(text, true);
  }
});

test("random characters do not throw", () => {
  for (let i = 0; i < 700; i++) {
    let text = "";
    const top = pick([128, 256, 0x3000, 0x10000]);
    for (let n = below(40); n > 0; n--) text += String.fromCharCode(below(top));
    check(text, true);
  }
});

/** Valid pipelines with comments and line ends at random places, for the printer. */
test("right scripts with comments anywhere print the same script", () => {
  for (let i = 0; i < 500; i++) {
    const parts = pick(["let x = a | where ( b > 1 and c ) | top 10", "def f( x: table ) = x | sort n desc , id | take 3", "param n: int = 10", "set seed 42", "a | tee ( stats | show ) | top 3", "| top 3", "saeq 1"]).split(" ");
    let text = random() < 0.3 ? "## head\n" : "";
    for (const part of parts) text += part + (/^[(|,=]$/.test(part) && random() < 0.35 ? pick([" # c\n", "\n# own\n", "\n## own\n\n", " ## d\n", "\n\n"]) : " ");
    text += pick(["\n", " # end\n", " ## end\n\n", "; ", "\n# below\n", "\n## doc\n"]) + pick(["let y = b", "param z: int", "c | top 3", "", "; | top 2"]);
    check(text, true);
  }
});

test.run();
