/** Without this file there would be no grammar: it holds the shape of saeq and nothing of its meaning. */
import { CstParser } from "chevrotain";
import type { IToken } from "chevrotain";
import type { ScriptCstNode, StatementCstNode } from "./cst.d.ts";
import * as T from "./tokens.ts";

/**
 * The grammar is LL(1) and lenient: a missing part is optional here and missed in `build.ts`, and brackets are already
 * in pairs (`layout.ts`). So one slip never costs the tree around it. Operators come as a flat list; `operators.ts` knows
 * which binds more strongly.
 */
class SaeqParser extends CstParser {
  constructor(checked: boolean) {
    super(T.VOCABULARY, { recoveryEnabled: true, maxLookahead: 1, nodeLocationTracking: "none", skipValidations: !checked });
    this.performSelfAnalysis();
  }

  // Without this refusal recovery would invent stages without a name.
  protected override canTokenTypeBeInsertedInRecovery(): boolean {
    return false;
  }

  script = this.RULE("script", () => {
    this.OPTION(() => this.SUBRULE(this.statement));
    this.MANY(() => {
      this.CONSUME(T.Separator);
      this.OPTION1(() => this.SUBRULE1(this.statement));
    });
  });

  statement = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.edition) },
      { ALT: () => this.SUBRULE(this.use) },
      { ALT: () => this.SUBRULE(this.param) },
      { ALT: () => this.SUBRULE(this.set) },
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.def) },
      { ALT: () => this.SUBRULE(this.pipeline) },
    ]);
  });

  edition = this.RULE("edition", () => {
    this.CONSUME(T.EditionWord);
    this.OPTION(() => this.SUBRULE(this.elements));
  });
  use = this.RULE("use", () => {
    this.CONSUME(T.UseWord);
    this.OPTION(() => this.SUBRULE(this.elements));
  });
  param = this.RULE("param", () => {
    this.CONSUME(T.ParamWord);
    this.OPTION(() => this.SUBRULE(this.elements));
  });
  set = this.RULE("set", () => {
    this.CONSUME(T.SetWord);
    this.OPTION(() => this.SUBRULE(this.elements));
  });
  let = this.RULE("let", () => {
    this.CONSUME(T.LetWord);
    this.OPTION(() => this.OR([{ ALT: () => this.CONSUME(T.Word) }, { ALT: () => this.CONSUME(T.Quoted) }]));
    this.OPTION1(() => this.CONSUME(T.Eq));
    this.OPTION2(() => this.SUBRULE(this.pipeline));
  });
  def = this.RULE("def", () => {
    this.CONSUME(T.DefWord);
    this.OPTION(() => {
      this.OR([{ ALT: () => this.CONSUME(T.CallName) }, { ALT: () => this.CONSUME(T.Word) }]);
      this.OPTION1(() => {
        this.CONSUME(T.LRound);
        this.OPTION2(() => this.SUBRULE(this.elements));
        this.CONSUME(T.RRound);
      });
    });
    this.OPTION3(() => this.CONSUME(T.Eq));
    this.OPTION4(() => this.SUBRULE(this.pipeline));
  });

  pipeline = this.RULE("pipeline", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.stage) },
      { ALT: () => this.SUBRULE(this.next) },
    ]);
    this.MANY(() => this.SUBRULE1(this.next));
  });
  next = this.RULE("next", () => {
    this.CONSUME(T.Pipe);
    this.OPTION(() => this.SUBRULE(this.stage));
  });
  stage = this.RULE("stage", () => {
    this.AT_LEAST_ONE(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.arg) },
        { ALT: () => this.CONSUME(T.Stray) },
      ]);
    });
  });
  /** What stands in brackets or after a statement word: arguments, and whatever else was written there. */
  elements = this.RULE("elements", () => {
    this.AT_LEAST_ONE(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.arg) },
        { ALT: () => this.CONSUME(T.Stray) },
        { ALT: () => this.CONSUME(T.Pipe) },
      ]);
    });
  });
  arg = this.RULE("arg", () => {
    this.SUBRULE(this.item);
    this.MANY(() => this.SUBRULE(this.more));
  });
  more = this.RULE("more", () => {
    this.CONSUME(T.Comma);
    this.OPTION(() => this.SUBRULE(this.item));
  });
  item = this.RULE("item", () => {
    this.SUBRULE(this.expr);
    this.OPTION(() => this.SUBRULE(this.typed));
    this.OPTION1(() => this.SUBRULE(this.valued));
    this.OPTION2(() => this.OR([{ ALT: () => this.CONSUME(T.Asc) }, { ALT: () => this.CONSUME(T.Desc) }]));
  });
  typed = this.RULE("typed", () => {
    this.CONSUME(T.Colon);
    this.OPTION(() => this.SUBRULE(this.expr));
  });
  valued = this.RULE("valued", () => {
    this.CONSUME(T.Eq);
    this.OPTION(() => this.SUBRULE(this.expr));
  });
  expr = this.RULE("expr", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => this.SUBRULE(this.tail));
  });
  tail = this.RULE("tail", () => {
    this.CONSUME(T.BinaryOp);
    this.OPTION(() => this.SUBRULE(this.operand));
  });
  operand = this.RULE("operand", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.primary) },
      {
        ALT: () => {
          this.AT_LEAST_ONE(() => this.CONSUME(T.PrefixOp));
          this.OPTION(() => this.SUBRULE1(this.primary));
        },
      },
    ]);
  });
  primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(T.Word) },
      { ALT: () => this.CONSUME(T.Num) },
      { ALT: () => this.CONSUME(T.Str) },
      { ALT: () => this.CONSUME(T.Quoted) },
      { ALT: () => this.CONSUME(T.ParamRef) },
      { ALT: () => this.CONSUME(T.True) },
      { ALT: () => this.CONSUME(T.False) },
      { ALT: () => this.CONSUME(T.Null) },
      { ALT: () => this.CONSUME(T.Skipped) },
      { ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.SUBRULE(this.group) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.record) },
    ]);
  });
  call = this.RULE("call", () => {
    this.CONSUME(T.CallName);
    this.OPTION(() => {
      this.CONSUME(T.LRound);
      this.OPTION1(() => this.SUBRULE(this.elements));
      this.CONSUME(T.RRound);
    });
  });
  group = this.RULE("group", () => {
    this.CONSUME(T.LRound);
    this.OPTION(() => this.SUBRULE(this.pipeline));
    this.CONSUME(T.RRound);
  });
  list = this.RULE("list", () => {
    this.CONSUME(T.LSquare);
    this.OPTION(() => this.SUBRULE(this.elements));
    this.CONSUME(T.RSquare);
  });
  record = this.RULE("record", () => {
    this.CONSUME(T.LCurly);
    this.OPTION(() => this.SUBRULE(this.elements));
    this.CONSUME(T.RCurly);
  });
}

/** A parser, its rules held against Chevrotain's own (ambiguities, left recursion) where `checked`: every start would pay for it, and a test does it. */
export function createParser(checked: boolean): CstParser {
  return new SaeqParser(checked);
}

/** One parser serves all: setting its input resets it. */
export const parser = new SaeqParser(false);

/** Statements are read together up to so many words. */
const PORTION = 1000;

/** The concrete tree of some statements, and what the grammar could not place at all (tokens, in order). */
export interface StatementsRead {
  readonly statements: readonly StatementCstNode[];
  readonly lost: readonly IToken[];
}

/** The statements of a script, some in each step: a statement ends where its separator stands, whatever is wrong with it. */
export function* parsing(tokens: readonly IToken[], most = PORTION): Generator<StatementsRead, void> {
  for (let from = 0; from < tokens.length; ) {
    let to = from + most;
    while (to < tokens.length && tokens[to - 1]!.tokenType !== T.Separator) to++;
    parser.input = tokens.slice(from, to);
    // `cst.d.ts` is generated from this very grammar.
    const { statement = [] } = (parser.script() as ScriptCstNode).children;
    yield { statements: statement, lost: parser.errors.map((error) => error.token) };
    from = to;
  }
}
