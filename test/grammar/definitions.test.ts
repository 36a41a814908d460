/** Without this file a token or a rule that Chevrotain would refuse could be written: its own checks are left out where saeq starts. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CstParser, createToken, Lexer } from "chevrotain";
import { createParser } from "../../grammar/parser.ts";
import { createLexer } from "../../grammar/tokens.ts";

test("Chevrotain finds no fault with the tokens and the rules", () => {
  assert.equal(createLexer(true).lexerDefinitionErrors, []);
  assert.instance(createParser(true), CstParser);
});

test("and would say so: of a token behind one that always wins, and of two alternatives that begin alike", () => {
  const [short, long] = [createToken({ name: "Short", pattern: /a/ }), createToken({ name: "Long", pattern: /ab/ })];
  assert.throws(() => new Lexer([createToken({ name: "Any", pattern: /a+/ }), createToken({ name: "Never", pattern: "a" })]), /Never/);
  class Ambiguous extends CstParser {
    constructor() {
      super([short, long], { maxLookahead: 1 });
      this.performSelfAnalysis();
    }
    start = this.RULE("start", () => this.OR([{ ALT: () => this.CONSUME(short) }, { ALT: () => this.CONSUME1(short) }]));
  }
  assert.throws(() => new Ambiguous(), /[Aa]mbiguous/);
});

test.run();
