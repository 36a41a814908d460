/** Without this file a list of objects, as most programs write JSON, would have to be turned into lines before it could be read. */
import { DataError } from "./error.ts";
import { shellWord } from "./shell_word.ts";
import { MAX_FIELD_BYTES } from "./table_limits.ts";

/** One object as it is written, and the line that it begins in, from 1. */
export interface WrittenObject {
  readonly text: string;
  readonly line: number;
}

/** Takes a file's text in pieces and gives the objects that are whole so far. @throws DataError `bad-json`, `field-too-large` */
export interface ObjectSplitter {
  push(text: string): readonly WrittenObject[];
  /** What is left at the end of the file. */
  end(): readonly WrittenObject[];
  /** Blank lines between objects that stand in lines. */
  readonly blank: number;
  /** The line, and the row, that is being read. */
  readonly line: number;
  readonly row: number;
}

/** How far the start of a file is read for the name of the list that it is around. */
const START = 65_536;

/** Whether the first line is an object by itself, and others follow it. */
function isOneOfLines(start: string): boolean {
  const [first = "", ...others] = start.trimStart().split("\n");
  if (others.every((line) => line.trim() === "")) return false;
  try {
    JSON.parse(first);
    return true;
  } catch {
    return false;
  }
}

/** Keys that name the feature which an object is about, as `label` looks for them: its lists are its own then. */
const OF_FEATURES = "index|feature|feature_id|feature_index";
const namesFeature = (key: string): boolean => OF_FEATURES.split("|").includes(key);

/** Whether a file that was read whole is one object about one feature, wherever in it that is named. */
function isOneRow(text: string): boolean {
  try {
    return Object.keys(JSON.parse(text) as object).some(namesFeature);
  } catch {
    return false;
  }
}

/** Where the list of that name begins that a file is one object around: behind texts and numbers alone, none of which names a feature, whose own list it would be. -1 where there is none. */
function listWithin(start: string, name: string): number {
  if (isOneOfLines(start)) return -1;
  const around = new RegExp(`^\\s*\\{\\s*(?:"(?!(?:${OF_FEATURES})")[^"\\\\]*"\\s*:\\s*(?:"(?:[^"\\\\]|\\\\.)*"|[\\w.+-]+)\\s*,\\s*)*"${name}"\\s*:\\s*(?=\\[)`);
  return around.exec(start)?.[0].length ?? -1;
}

/** By the first character of a file: `[` begins one list of objects, however it is laid out; else each line is an object, or, with `within`, the file is one around a list of that name. */
export function createObjectSplitter(path: string, within?: string): ObjectSplitter {
  let before = "";
  let chosen: ObjectSplitter | null = null;
  const begin = (first: string | undefined, ended: boolean): readonly WrittenObject[] => {
    const at = within === undefined || first !== "{" || (ended && isOneRow(before)) ? -1 : listWithin(before.slice(0, START), within);
    if (at >= 0) {
      chosen = createListSplitter(path, before.slice(0, at).split("\n").length);
      return chosen.push(before.slice(at));
    }
    chosen = first === "[" ? createListSplitter(path) : createLineSplitter(path);
    return chosen.push(before);
  };
  return {
    push: (text) => {
      if (chosen !== null) return chosen.push(text);
      before += text;
      const first = before.search(/[^ \t\r\n]/);
      if (first < 0 && before.length < MAX_FIELD_BYTES) return [];
      if (within !== undefined && before[first] === "{" && before.length < START) return [];
      return begin(before[first], false);
    },
    end: () => {
      if (chosen !== null) return chosen.end();
      const first = before.search(/[^ \t\r\n]/);
      if (first >= 0) return [...begin(before[first], true), ...chosen!.end()];
      chosen = createLineSplitter(path);
      return [...chosen.push(before), ...chosen.end()];
    },
    get blank() {
      return chosen?.blank ?? 0;
    },
    get line() {
      return chosen?.line ?? 1;
    },
    get row() {
      return chosen?.row ?? 1;
    },
  };
}

function createLineSplitter(path: string): ObjectSplitter {
  let line = 1;
  let row = 1;
  let blank = 0;
  let rest = "";
  const whole = (lines: readonly string[]): WrittenObject[] => {
    const objects: WrittenObject[] = [];
    for (const text of lines) {
      if (text.trim() === "") blank++;
      else {
        objects.push({ text, line });
        row++;
      }
      line++;
    }
    return objects;
  };
  return {
    push: (text) => {
      // Only what is new is searched: a line without an end costs no more than its length.
      const parts = text.split("\n");
      parts[0] = rest + parts[0]!;
      rest = parts.pop() ?? "";
      const objects = whole(parts);
      if (rest.length > MAX_FIELD_BYTES * 4) throw new DataError({ code: "field-too-large", message: `${path}: line ${line} is larger than 64 MB`, row, help: "JSON lines hold one object per line" });
      return objects;
    },
    end: () => (rest === "" ? [] : whole([rest])),
    get blank() {
      return blank;
    },
    get line() {
      return line;
    },
    get row() {
      return row;
    },
  };
}

const QUOTE = 34;
const BACKSLASH = 92;
const NEWLINE = 10;

/** What may come next between objects. */
type Expected = "`[`" | "an object or `]`" | "`,` or `]`" | "an object" | "the end of the file";

/** `around`: the line in which the list begins, where an object is around it, which must end behind it. */
function createListSplitter(path: string, around?: number): ObjectSplitter {
  let line = around ?? 1;
  /** What stands behind the list. */
  let behind = "";
  let row = 1;
  let expected: Expected = "`[`";
  /** Of the object that is being read: brackets that are open, and whether a text is. */
  let depth = 0;
  let inText = false;
  let escaped = false;
  let begun = 1;
  let held: string[] = [];
  let size = 0;
  const fail = (code: string, message: string, help: string | null = null): never => {
    throw new DataError({ code, message: `${path}: ${message}`, row, ...(help === null ? {} : { help }), notes: ['a list holds objects, as [{"text": "a", "n": 1}]'] });
  };
  const between = (text: string, at: number): void => {
    const character = text[at]!;
    if (expected === "`[`") expected = "an object or `]`";
    else if (character === "]" && (expected === "an object or `]`" || expected === "`,` or `]`")) expected = "the end of the file";
    else if (character === "," && expected === "`,` or `]`") expected = "an object";
    else fail("bad-json", `${expected} was expected in line ${line}${row > 1 ? `, behind row ${row - 1}` : ""}, not ${JSON.stringify(text.slice(at, at + 12))}`);
  };
  return {
    push: (text) => {
      const objects: WrittenObject[] = [];
      let from = 0;
      for (let at = 0; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (code === NEWLINE) line++;
        if (depth === 0) {
          if (code === 32 || code === NEWLINE || code === 13 || code === 9) continue;
          if (around !== undefined && expected === "the end of the file") {
            behind += text.slice(at);
            if (behind.length > MAX_FIELD_BYTES) fail("field-too-large", "what stands behind the list is larger than 16 MB");
            break;
          }
          if (code !== 123 || (expected !== "an object" && expected !== "an object or `]`")) {
            between(text, at);
            continue;
          }
          depth = 1;
          from = at;
          begun = line;
        } else if (inText) {
          if (escaped) escaped = false;
          else if (code === BACKSLASH) escaped = true;
          else if (code === QUOTE) inText = false;
        } else if (code === QUOTE) inText = true;
        else if (code === 123 || code === 91) depth++;
        else if ((code === 125 || code === 93) && --depth === 0) {
          objects.push({ text: held.join("") + text.slice(from, at + 1), line: begun });
          held = [];
          size = 0;
          row++;
          expected = "`,` or `]`";
        }
      }
      if (depth > 0) {
        held.push(text.slice(from));
        size += text.length - from;
        if (size > MAX_FIELD_BYTES * 4) fail("field-too-large", `row ${row}, which begins in line ${begun}, is larger than 64 MB`, "close its texts and brackets");
      }
      return objects;
    },
    end: () => {
      if (depth > 0) fail("bad-json", `row ${row}, which begins in line ${begun}, does not end: ${inText ? "the closing quote of a text" : "a closing bracket"} was expected`);
      if (expected !== "the end of the file") fail("bad-json", `the list does not end: ${expected} was expected${row > 1 ? ` behind row ${row - 1}` : ""}`);
      if (around === undefined) return [];
      const named = keysBehind(behind)?.find(namesFeature);
      // Of a large file the start alone was known when its list was taken for the rows.
      if (named !== undefined) fail("bad-json", `the object around the list has \`${named}\` behind it, so it is one row with a list of its own`, `jq -c '[.]' ${shellWord(path)}`);
      if (keysBehind(behind) === null) fail("bad-json", "the object around the list does not end behind it");
      return [];
    },
    blank: 0,
    get line() {
      return line;
    },
    get row() {
      return row;
    },
  };
}

/** The keys behind a list that end the object around it; null where they do not. */
function keysBehind(behind: string): readonly string[] | null {
  try {
    return Object.keys(JSON.parse(`{"":0${behind}`) as object);
  } catch {
    return null;
  }
}
