/** Without this file `a + b * c` would be a flat row of values: it decides which operator binds more strongly. */
import type { IToken } from "chevrotain";
import type { BinaryOp, Expr } from "./ast.ts";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { cover, span } from "./span.ts";
import * as T from "./tokens.ts";
import { clip, spanOf } from "./words.ts";

/** A value with the signs before it; null where none was written. */
export interface Atom {
  readonly prefixes: readonly IToken[];
  readonly value: Expr | null;
}

const NOT = 3;
const COMPARE = 4;
const RANGE = 5;
const SIGN = 8;
const POWER = 9;
const STRENGTH: Readonly<Record<BinaryOp | "..", number>> = {
  or: 1, and: 2,
  "==": COMPARE, "!=": COMPARE, "<": COMPARE, "<=": COMPARE, ">": COMPARE, ">=": COMPARE, "~=": COMPARE, "=~": COMPARE, in: COMPARE,
  "..": RANGE, "+": 6, "-": 6, "*": 7, "/": 7, "%": 7, "^": POWER,
};

function operatorOf(token: IToken): BinaryOp | ".." {
  // Signs of other languages keep their own text: the type says what they are read as.
  return (token.tokenType.LABEL ?? "").replaceAll("`", "") as BinaryOp | "..";
}

/** One tree from values and the operators between them (`operators[i]` stands before `atoms[i + 1]`). */
export function bindOperators(atoms: readonly Atom[], operators: readonly IToken[], text: string, report: (d: Diagnostic) => void): Expr {
  let at = 0;
  return climb(0, 0);

  function climb(weakest: number, prefix: number): Expr {
    let left = begin(weakest, prefix);
    let previous: IToken | null = null;
    for (;;) {
      const token = operators[at];
      if (token === undefined) return left;
      const op = operatorOf(token);
      const strength = STRENGTH[op];
      if (strength < weakest) return left;
      at += 1;
      const middle = left.kind === "binary" ? left.right : left;
      // `2^-1`: a sign may stand before the exponent, and `2^3^4` is `2^(3^4)`.
      const right = climb(strength === POWER ? SIGN : strength + 1, 0);
      if (strength === COMPARE || strength === RANGE) {
        if (previous !== null) reportChain(previous, token, middle, strength === COMPARE);
        previous = token;
      }
      if (token.image.length > 2 && /^not\s/i.test(token.image)) reportNotIn(left, token);
      left = op === ".."
        ? { kind: "range", from: left, to: right, span: cover(left.span, right.span) }
        : { kind: "binary", op, opSpan: spanOf(token), left, right, span: cover(left.span, right.span) };
    }
  }

  function begin(weakest: number, prefix: number): Expr {
    const atom = atoms[at];
    const sign = atom?.prefixes[prefix];
    if (atom === undefined || sign === undefined) return atom?.value ?? missing(atom);
    const isNot = sign.tokenType === T.Not;
    // Nothing else is as strong as `not`: so `not not a` is allowed, and what follows is a whole comparison.
    const operand = climb(isNot ? NOT : POWER, prefix + 1);
    const whole = cover(spanOf(sign), operand.span);
    if (isNot && weakest > NOT) {
      report(syntaxError("misplaced-not", spanOf(sign), [], { span: whole, text: `(${text.slice(whole.start, whole.end)})` }));
    }
    return { kind: "unary", op: isNot ? "not" : "-", operand, span: whole };
  }

  function missing(atom: Atom | undefined): Expr {
    const sign = atom?.prefixes.at(-1) ?? operators[at - 1];
    const end = sign === undefined ? 0 : spanOf(sign).end;
    if (sign !== undefined) report(syntaxError("missing-value", spanOf(sign), [clip(sign.image)]));
    return { kind: "hole", span: span(end, end) };
  }

  function reportChain(first: IToken, second: IToken, middle: Expr, comparison: boolean): void {
    const written = text.slice(middle.span.start, middle.span.end);
    const fix = comparison && middle.kind !== "hole" ? { span: span(middle.span.end, middle.span.end), text: ` and ${written}` } : undefined;
    report(syntaxError("chained-comparison", spanOf(second), [clip(first.image), clip(second.image)], fix));
  }

  function reportNotIn(left: Expr, token: IToken): void {
    const whole = cover(left.span, spanOf(token));
    report(syntaxError("not-in", spanOf(token), [], { span: whole, text: `not ${text.slice(left.span.start, left.span.end)} in` }));
  }
}
