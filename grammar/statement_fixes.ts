/** Without this file a statement that lacks one sign would be shown an example in place of itself. */
import type { Fix } from "./diagnostic.ts";
import { span, type Span } from "./span.ts";

const TYPES = "int|float|bool|str|path";

/** The rest of the line. */
const lineFrom = (text: string, at: number): string => /^[^\r\n]*/.exec(text.slice(at, at + 2000))![0];

/** `let runs csv "x.csv"`, `let runs: perfect`, `def f(x): x | take 3`: an `=` where the value begins, in place of another sign; undefined where nothing follows. */
export function equalsBehind(text: string, at: number): Fix | undefined {
  const sign = /^[ \t]*(?:==|:=|<-|->|=>|:|(?:as|be|is)(?=[ \t]))?[ \t]*(?=[\p{L}_`"'($\d])/u.exec(lineFrom(text, at))?.[0];
  return sign === undefined || (sign === "" && text[at] !== "(") ? undefined : { span: span(at, at + sign.length), text: " = " };
}

/** `param n = 10`, `param n int = 10`, `param int n = 10`, `param n: int 10`: the declaration that was meant; undefined where it is not clear. */
export function declared(text: string, { start }: Span): Fix | undefined {
  const line = lineFrom(text, start);
  const made = (name: string, type: string, value: string, length: number): Fix | undefined => {
    const written = `param ${name}: ${type}${value}`;
    return written === line.slice(0, length) ? undefined : { span: span(start, start + length), text: written };
  };
  const typed = new RegExp(`^param[ \\t]+(\\w+)[ \\t:]+(${TYPES})\\b(?:[ \\t]*=?[ \\t]*(?=[-\\d"'tf]))?`).exec(line);
  if (typed !== null && !new RegExp(`^(?:${TYPES})$`).test(typed[1]!)) return made(typed[1]!, typed[2]!, /[=\s]$/.test(typed[0]) ? " = " : "", typed[0].length);
  const before = new RegExp(`^param[ \\t]+(${TYPES})[ \\t]+(\\w+)`).exec(line);
  if (before !== null) return made(before[2]!, before[1]!, "", before[0].length);
  const [whole, name, value] = /^param[ \t]+(\w+)[ \t]*(?:=|:=|:)[ \t]*(?=(-?\d[\d_]*(?![\d_.eE])|-?\d|true\b|false\b|["']))/.exec(line) ?? [];
  if (whole === undefined) return undefined;
  return made(name!, /^["']/.test(value!) ? "str" : /^[tf]/.test(value!) ? "bool" : /^-?\d[\d_]*$/.test(value!) && !/^-?\d[\d_]*[.eE]/.test(line.slice(whole.length)) ? "int" : "float", " = ", whole.length);
}

/** `use splits`, `use splits.saeq as s`, `use "splits.saeq" s`, or with the name before the file, as Python and JavaScript import: the statement that was meant; undefined where it is not clear. */
export function moduleNamed(text: string, { start }: Span): Fix | undefined {
  const [line] = lineFrom(text, start).split("#") as [string];
  const written = line.trimEnd();
  const [, before, quoted, bare, behind] = /^use[ \t]+(?:(\w+)[ \t]+from[ \t]+)?(?:"([^"]+)"|([\w./:-]+))(?:[ \t]+(?:as\b[ \t]*)?(\w*))?$/.exec(written) ?? [];
  const path = quoted ?? bare;
  if (path === undefined || path.endsWith("/") || (bare !== undefined && /[.:]$/.test(bare))) return undefined;
  const file = /\.saeq$|^std:/.test(path) ? path : `${path}.saeq`;
  const alias = before ?? behind ?? "";
  const made = `use "${file}"${alias === "" ? "" : ` as ${alias}`}`;
  return made === written ? undefined : { span: span(start, start + written.length), text: made };
}
