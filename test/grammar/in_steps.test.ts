/** Without these tests a long script could be read as another one, because it is read in portions. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { building } from "../../grammar/build.ts";
import { layOut } from "../../grammar/layout.ts";
import { parse, parseInSteps } from "../../grammar/parse.ts";
import { parsing } from "../../grammar/parser.ts";
import { replaceSql } from "../../grammar/sql.ts";
import { lexing } from "../../grammar/tokens.ts";
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

test("a long script is read in many short steps, and at once by who asks again", () => {
  const text = "sample perfect 10 | where matching_tokens > 3 | take 2 # twice\n".repeat(5000);
  const slowest = { ms: 0 };
  const steps = parseInSteps(text);
  let count = 0;
  for (let before = performance.now(); steps.next().done !== true; before = performance.now()) {
    count++;
    slowest.ms = Math.max(slowest.ms, performance.now() - before);
  }
  assert.ok(count > 60, `${count} steps`);
  const before = performance.now();
  const { script } = parse(text);
  assert.ok(performance.now() - before < slowest.ms, "it is kept");
  assert.is(script.statements.length, 5000);
  assert.is(script.comments.length, 5000);
});

test.run();
