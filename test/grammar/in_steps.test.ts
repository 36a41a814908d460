/** Without these tests a long script could be read as another one, because it is read in portions. */
import { tokenMatcher } from "chevrotain";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { building } from "../../grammar/build.ts";
import { goesOn, layOut } from "../../grammar/layout.ts";
import { isComplete, parse, parseInSteps } from "../../grammar/parse.ts";
import { parsing } from "../../grammar/parser.ts";
import { replaceSql } from "../../grammar/sql.ts";
import { BinaryOp, lex, lexing, Newline } from "../../grammar/tokens.ts";
import { readWords } from "../../grammar/words.ts";
import { TEXTS } from "./corpus.ts";

function atOnce<T>(steps: Generator<void, T>): { readonly value: T; readonly count: number } {
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return { value: step.value, count };
  }
}

/** What a text is read as where portions of characters and of words are as small, or as large, as said. */
function readBy(text: string, characters: number, words: number): unknown {
  const lexed = atOnce(lexing(text, undefined, characters)).value;
  const read = readWords(text, lexed);
  const { tokens } = replaceSql(layOut(read.tokens).tokens, text);
  const site = { text, diagnostics: [], following: "" };
  const { script } = atOnce(building(parsing(tokens, words), { comments: [], blankLines: [], wordStarts: [] }, site)).value;
  const plain = (all: typeof lexed.tokens): unknown => all.map(({ image, startOffset, endOffset, tokenType }) => [image, startOffset, endOffset, tokenType.name]);
  return { tokens: plain(lexed.tokens), comments: plain(lexed.comments), illegal: lexed.illegal, open: lexed.open, script, diagnostics: [...read.diagnostics, ...site.diagnostics] };
}

const PIECES = ["\n", "\n", " | ", ";", '"', "'", "`", "(", ")", "[", "{", "# c", "let ", "def f(x) = ", "set ", "param ", "select a from b", "\\", "--x", "=", ",", "\u202E", "日本", "“a”", "x\r\n", "is null\n", "7", "\u0000"];

test("portions of any size give the same words, trees and mistakes, also of broken scripts", () => {
  let seed = 5;
  const below = (count: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % count;
  for (const text of TEXTS) {
    for (let round = 0; round < 6; round++) {
      let broken = text.slice(0, 1500);
      for (let i = 0; i < round; i++) {
        const at = below(broken.length + 1);
        broken = broken.slice(0, at) + PIECES[below(PIECES.length)]! + broken.slice(at + below(3));
      }
      const whole = readBy(broken, Infinity, Infinity);
      for (const most of [1, 2 + below(40)]) assert.equal(readBy(broken, most, most), whole, broken);
    }
  }
});

test("whether a long text is complete is seen in its last lines, as in all of it", () => {
  let seed = 3;
  const below = (count: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % count;
  // As `isComplete` does it with short texts.
  const inWhole = (text: string): boolean => {
    const { tokens, open } = lex(text);
    const last = tokens.findLast(({ tokenType }) => tokenType !== Newline);
    return !open && layOut(tokens).open === 0 && (last === undefined || !(goesOn(last) || tokenMatcher(last, BinaryOp)));
  };
  const lines = ["sample perfect 3 | take 2", "where a == \"it's\" # don't (", "groups a = (perfect,", "  b) | take 3", "`a(` == 'b\nc'", "|", "take 2 |", "// it's", "a == \"open", "let b = c)", "", "# (", "where a in [1, 2] and", "“a(”", "x ` y"];
  let complete = 0;
  for (let round = 0; round < 120; round++) {
    const common = below(4);
    const text = Array.from({ length: 900 }, () => lines[below(200) === 0 ? below(lines.length) : [0, 1, 4, 10][below(common + 1)]!]!).join("\n") + ["", "\n", " |", " (", " 'x", "\n# c", "\n".repeat(3000), " |" + "\n".repeat(3000)][below(8)]!;
    const wanted = inWhole(text);
    if (wanted) complete++;
    assert.is(isComplete(text), wanted, `${round}`);
  }
  assert.ok(complete > 20 && complete < 100, `${complete} are complete`);
  const long = "sample perfect 3 | where a == \"it's\" | take 2 # twice\n".repeat(40_000);
  assert.ok(isComplete(long));
  assert.not.ok(isComplete(`${long}| take (`));
});

test("a long script is read in many short steps, and at once by who asks again", () => {
  const text = "sample perfect 10 | where matching_tokens > 3 | take 2 # twice\n".repeat(5000);
  const steps = parseInSteps(text);
  let count = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count++;
  assert.ok(count > 60, `${count} steps`);
  const { script } = step.value;
  assert.is(parse(text).script, script, "it is kept");
  assert.is(script.statements.length, 5000);
  assert.is(script.comments.length, 5000);
});

test.run();
