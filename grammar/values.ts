/** Without this file numbers, quoted texts and dotted names would stay the characters they were typed as. */
import type { IToken } from "chevrotain";
import type { Expr, Name, Str } from "./ast.ts";
import { syntaxError } from "./codes.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { span } from "./span.ts";
import { UNITS } from "./tokens.ts";
import { clip, spanOf } from "./words.ts";

type Report = (diagnostic: Diagnostic) => void;

const numberShape = new RegExp(`^(.*?)(${UNITS})?$`, "u");

export function readNumber(token: IToken, report: Report): Expr {
  const [, digits = "", unit = ""] = numberShape.exec(token.image) ?? [];
  const value = Number(digits.replaceAll("_", ""));
  const at = spanOf(token);
  const exact = /^[\d_]+$/.test(digits) && !Number.isSafeInteger(value);
  if (exact || !Number.isFinite(value)) {
    const advice = exact ? "larger than 9_007_199_254_740_991: write it in quotes" : "too large";
    report(syntaxError("bad-number", at, [clip(token.image), advice]));
    return { kind: "hole", span: at };
  }
  return { kind: "num", value, unit, text: token.image, span: at };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\", '"': '"', "'": "'" };

export function readString(token: IToken, report: Report): Str {
  const inner = token.image.slice(1, -1);
  let told = false;
  const value = inner.replace(/\r\n/g, "\n").replace(/\\(?:u\{([0-9A-Fa-f]{1,6})\}|([^]))/gu, (escape: string, hex: string | undefined, letter: string | undefined) => {
    const code = hex === undefined ? -1 : Number.parseInt(hex, 16);
    // D800 to DFFF are halves of characters: no file in UTF-8 can hold one.
    if (code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)) return String.fromCodePoint(code);
    const known = letter === undefined ? undefined : ESCAPES[letter];
    if (known !== undefined) return known;
    if (!told) {
      const start = token.startOffset + 1 + inner.indexOf(escape);
      report(syntaxError("bad-escape", span(start, start + escape.length), [clip(escape)], { span: span(start, start + 1), text: "\\\\" }));
    }
    told = true;
    return escape;
  });
  return { kind: "str", value, text: token.image, span: spanOf(token) };
}

/** A word, a name in backquotes, or a dotted path of both. */
export function readName(token: IToken, report: Report): Name {
  const path = Array.from(token.image.matchAll(/`([^`]*)`|([^.`]+)/gu), (part) => part[1] ?? part[2] ?? "");
  const quoted = token.image.includes("`");
  if (path.includes("") || path.length === 0) report(syntaxError("empty-name", spanOf(token), []));
  return { kind: "name", path: path.length === 0 ? [""] : path, quoted, span: spanOf(token) };
}
