/** Without this file lines that are for pasting would run over the edge of a window, or be broken where they cannot be pasted. */
import { columns as columnsOf } from "./width.ts";

/**
 * A line of a query in as few lines as fit: broken before pipes, then before `and` and `or`, then behind commas, outside of brackets where that is enough, else inside of those that do not fit.
 * Without `commas` behind commas only where a bracket would be broken otherwise, and before words nowhere; what has no place to break at stays whole, and `filled` sees to it.
 */
export function folded(line: string, room: number, commas: boolean): string[] {
  const cuts = cutsAt(line);
  const deepest = Math.max(-1, ...cuts.map(({ depth }) => depth));
  const fits = (from: number, to: number): boolean => columnsOf(shown(from, to)) <= room;
  // What goes on behind a comma, or with a joining word, is set in.
  const shown = (from: number, to: number): string => `${line[from - 1] === "," || /^(?:and|or) /.test(line.slice(from, from + 4)) ? "  " : ""}${line.slice(from, to).trim()}`;
  const fold = (from: number, to: number, level: number): string[] => {
    const depth = Math.floor(level / SIGNS.length);
    if (fits(from, to) || depth > deepest) return [shown(from, to)];
    const inside = cuts.filter(({ at }) => at > from && at < to);
    const sign = SIGNS[level % SIGNS.length]!;
    const taken = sign === "|" || commas || (sign === "," && inside.some((cut) => cut.sign === "|" && cut.depth > depth));
    const ends = [...inside.filter((cut) => taken && cut.sign === sign && cut.depth === depth).map(({ at }) => at), to];
    const lines: (readonly [from: number, to: number])[] = [];
    for (const end of ends) {
      const last = lines.at(-1);
      if (last !== undefined && fits(last[0], end)) lines[lines.length - 1] = [last[0], end];
      else lines.push([last?.[1] ?? from, end]);
    }
    return lines.flatMap(([start, end]) => fold(start, end, level + 1));
  };
  return fold(0, line.length, 0);
}

/** Where a line is cut, in this order: before pipes and joining words, and behind commas. */
const SIGNS = ["|", "and", ","] as const;

/** A place where a line may be cut. */
interface Cut {
  readonly sign: (typeof SIGNS)[number];
  readonly at: number;
  /** How many brackets are open there. */
  readonly depth: number;
}

/** Before each pipe, `and` and `or`, and behind each comma, with blanks around it. */
function cutsAt(line: string): readonly Cut[] {
  const cuts: Cut[] = [];
  let depth = 0;
  // A text in quotes, a comment, two pipes together, a bracket, and a sign.
  for (const { 0: found, index } of line.matchAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*|\|\||[()[\]{}]|(?<= )\|(?= )|,(?= )|(?<= )(?:and|or)(?= )/gu)) {
    if ("([{".includes(found)) depth++;
    else if (")]}".includes(found)) depth = Math.max(0, depth - 1);
    else if (found === "|" || found === ",") cuts.push({ sign: found, at: found === "|" ? index : index + 1, depth });
    else if (found === "and" || found === "or") cuts.push({ sign: "and", at: index, depth });
  }
  return cuts;
}

/** The columns of a window between which a line is shown. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** What goes on in the next row of a window is set in by so much. */
const HANG = 2;
/** In fewer columns than this, blanks would leave no room for words. */
const NARROWEST = 12;

/**
 * The same line with more blanks between some of its words, so that a window breaks it there: each row is filled up to the edge, and the next one set in. It stays one line for whoever copies it from the
 * terminal, and means the same, since no blank in quotes is touched. A word that is wider than a row is left to the window.
 */
export function filled(line: string, { from, to }: Rows): string {
  if (columnsOf(line) <= to - from || to - from - HANG < NARROWEST) return line;
  let text = "";
  let at = from;
  for (const word of wordsOf(line)) {
    const size = columnsOf(word);
    const blank = text === "" ? 0 : 1;
    if (at + blank + size > to && at > from + HANG) {
      text += " ".repeat(to - at + from + HANG);
      at = from + HANG;
    } else {
      text += " ".repeat(blank);
      at += blank;
    }
    text += word;
    at += size;
    if (at > to) at %= to;
  }
  return text;
}

/** Parts between single blanks, of which no text in quotes, no comment and no blank behind a backslash is one; blanks at the start belong to the first. */
function wordsOf(line: string): readonly string[] {
  return line.match(/^ *(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*|\\.|[^ ])+|(?<= )(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*|\\.|[^ ])*/gu) ?? [line];
}
