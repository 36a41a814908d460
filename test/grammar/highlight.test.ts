/** Without these tests the prompt could colour words wrongly or run a line that is not finished. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isComplete, tokenize } from "../../grammar/parse.ts";

const kinds = (text: string): string[] => tokenize(text).map((token) => `${token.kind}:${text.slice(token.span.start, token.span.end)}`);

test("tokenize names what each stretch of text is", () => {
  assert.equal(kinds('let a = f(x, $n) | top -1 # c\nset seed 42'), [
    "keyword:let", "word:a", "operator:=", "word:f", "bracket:(", "word:x", "operator:,", "param:$n", "bracket:)", "pipe:|", "word:top", "operator:-", "number:1", "comment:# c",
    "keyword:set", "word:seed", "number:42",
  ]);
  assert.equal(kinds("where set and `x y` && @"), ["word:where", "word:set", "keyword:and", "word:`x y`", "error:&&", "error:@"]);
  assert.equal(kinds('csv "a.csv'), ["word:csv", 'error:"a.csv']);
});

test("isComplete waits for brackets, quotes, pipes, commas and operators", () => {
  for (const text of ["", "top 10", "a | b # |", "f(x)", "let x = a\n", "a ; ", "a `b", "a )"]) assert.ok(isComplete(text), text);
  for (const text of ["a |", "a | # c", "tee (", "x [1,", "x {", 'csv "a', "csv 'a\n", "a,", "a +", "where not", "let x =", "a and\n", "top -"]) assert.not.ok(isComplete(text), text);
});

test.run();
