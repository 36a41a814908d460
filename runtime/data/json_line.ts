/** Without this file a line of JSON would go through `JSON.parse`, which rounds numbers and lets the last of two equal keys win. */
import { DataError } from "./error.ts";
import { meantOf } from "./foreign.ts";
import { MAX_FIELD_BYTES } from "./table_limits.ts";

/** `text` a string, decoded, or a list or an object as its JSON is written · `plain` a number, true or false, as written · `null` · `nested` a list or an object that is left out. */
export type JsonValue = { readonly kind: "text" | "plain"; readonly text: string } | { readonly kind: "null" | "nested" };

const BLANK = /[ \t\r\n]*/y;
const PLAIN = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

/** What Python's json writes for numbers that JSON does not have. */
const NOT_FINITE = /^(?:NaN|-?Infinity)(?!\w)/;

/**
 * The keys and values of one object, in order; `line` is its text, and `line` of its place where it begins. What nests in it stays text, or is left out, by counting brackets, so no depth
 * can hurt. Throws DataError with row and line.
 */
export function parseObject(path: string, line: string, { row, line: number, nested }: { readonly row: number; readonly line: number; readonly nested?: "drop" | undefined }): ReadonlyMap<string, JsonValue> {
  let at = 0;
  const where = `row ${row} (line ${number})`;
  const fail = (code: string, message: string, help: string | null, notes: readonly string[] = [], column?: string): never => {
    throw new DataError({ code, message: `${path}: ${where} ${message}`, row, notes, ...(help === null ? {} : { help }), ...(column === undefined ? {} : { column }) });
  };
  const bad = (wanted: string): never => {
    const above = line.lastIndexOf("\n", at - 1);
    const place = `character ${at - above}${above < 0 ? "" : ` of line ${number + line.slice(0, at).split("\n").length - 1}`}`;
    const alone = line === "{" || line === "{\r";
    const meant = row === 1 && wanted === "`{`" ? meantOf(path) : null;
    return fail("bad-json", `is no JSON object: ${wanted} was expected at ${place}${at >= line.length ? ", where the line ends" : `, not ${JSON.stringify(line.slice(at, at + 12))}`}`, meant?.help ?? null, [
      meant !== null ? meant.note : alone ? "each line is one object, or the file is one list of objects, which begins with [" : 'each line is one object, as {"text": "a", "n": 1}',
    ]);
  };
  const blank = (): void => {
    BLANK.lastIndex = at;
    BLANK.test(line);
    at = BLANK.lastIndex;
  };
  const taste = (character: string): boolean => {
    blank();
    if (line[at] !== character) return false;
    at++;
    return true;
  };
  const string = (what: string): string => {
    blank();
    if (line[at] !== '"') return bad(what);
    const from = at;
    for (at++; ; at++) {
      const end = line.indexOf('"', at);
      if (end < 0) {
        at = from;
        return bad("the closing quote of a text");
      }
      at = end;
      let slashes = 0;
      while (line[end - 1 - slashes] === "\\") slashes++;
      if (slashes % 2 === 0) break;
    }
    at++;
    if (at - from > MAX_FIELD_BYTES) fail("field-too-large", "holds a text larger than 16 MB", "split the text, or leave it out");
    try {
      return checked(JSON.parse(line.slice(from, at)) as string);
    } catch (error) {
      if (error instanceof DataError) throw error;
      at = from;
      return bad("a well-formed text");
    }
  };
  const checked = (text: string): string => {
    if (text.includes("\0")) fail("nul-byte", "holds a NUL character", "NUL is not text; remove it");
    if (!text.isWellFormed()) fail("not-utf8", "holds half of a character (a lone surrogate)", "write the character whole");
    return text;
  };
  /** Where the list or object ends that begins here. */
  const nestedEnd = (mark: string): number => {
    const end = behindNested(line, at);
    return end < 0 ? bad(`the end of ${mark === "{" ? "an object" : "a list"} that begins there`) : end;
  };
  const nestedText = (mark: string): string => {
    const [what, end] = [mark === "{" ? "an object" : "a list", nestedEnd(mark)];
    if (end - at > MAX_FIELD_BYTES) fail("field-too-large", `holds ${what} larger than 16 MB`, "split it, or leave it out");
    const text = line.slice(at, end);
    try {
      JSON.parse(text);
    } catch {
      return bad(`${what} that is well-formed`);
    }
    at = end;
    return checked(text);
  };
  const found = new Map<string, JsonValue>();
  blank();
  if (!taste("{")) bad("`{`");
  if (!taste("}")) {
    do {
      const name = string("a key in quotes");
      if (found.has(name)) fail("duplicate-key", `has the key ${JSON.stringify(name)} twice`, null, ["one of them needs another name"], name);
      if (!taste(":")) bad("`:`");
      blank();
      const next = line[at];
      if (next === "{" || next === "[") {
        if (nested === "drop") {
          at = nestedEnd(next);
          found.set(name, { kind: "nested" });
        } else found.set(name, { kind: "text", text: nestedText(next) });
      } else if (next === '"') found.set(name, { kind: "text", text: string("a text") });
      else {
        PLAIN.lastIndex = at;
        const literal = PLAIN.exec(line)?.[0];
        if (literal === undefined) {
          const number = NOT_FINITE.exec(line.slice(at, at + 12))?.[0];
          if (number !== undefined) fail("bad-json", `holds ${number} in ${JSON.stringify(name)}, and JSON has no such number`, null, ["null stands in its place, as pandas' to_json writes it"], name);
          bad("a value");
        }
        else {
          at += literal.length;
          found.set(name, literal === "null" ? { kind: "null" } : { kind: "plain", text: literal });
        }
      }
    } while (taste(","));
    if (!taste("}")) bad("`,` or `}`");
  }
  blank();
  if (at < line.length) bad("the end of the line");
  return found;
}

/** Where the list or object that begins at a place has ended; -1 where it does not. */
function behindNested(text: string, from: number): number {
  const marks = /["{}[\]]/g;
  marks.lastIndex = from;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === "{" || mark[0] === "[") depth++;
    else if (mark[0] !== '"') {
      if (--depth === 0) return marks.lastIndex;
    } else {
      let end = marks.lastIndex;
      while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
      if (end >= text.length) return -1;
      marks.lastIndex = end + 1;
    }
  }
  return -1;
}
