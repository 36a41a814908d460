/** Without this file typed text could not be edited: the multi-line editor as a pure reducer, free of keys and terminals. */
import { blankLeft, cells, cleanInput, lineEnd, lineStart, nextStop, offsetAtColumn, previousStop, wordLeft, wordRight } from "./graphemes.ts";

interface Snapshot {
  readonly text: string;
  readonly caret: number;
}

/** A text being edited. */
export interface Line extends Snapshot {
  readonly undo: readonly Snapshot[];
  readonly redo: readonly Snapshot[];
  /** Texts cut, newest first. */
  readonly kills: readonly string[];
  /** What the last edit was, so that typing joins into one undo step and cuts into one kill. */
  readonly last: "type" | "kill-back" | "kill-on" | "yank" | "move" | "edit";
  /** Where the last yank stands and which kill it was, for Alt-Y. */
  readonly yanked: { readonly start: number; readonly index: number } | null;
  /** The column ↑ and ↓ try to keep, in cells. */
  readonly column: number | null;
}

export type Edit =
  | { readonly do: "insert"; readonly text: string }
  | { readonly do: "paste"; readonly text: string }
  | { readonly do: "replace"; readonly from: number; readonly to: number; readonly text: string }
  | { readonly do: "set"; readonly text: string; readonly caret?: number }
  | {
      readonly do:
        | "left" | "right" | "word-left" | "word-right" | "line-start" | "line-end" | "text-start" | "text-end" | "up" | "down"
        | "backspace" | "delete" | "kill-line-end" | "kill-line-start" | "kill-word-left" | "kill-word-right" | "kill-blank-left"
        | "yank" | "yank-pop" | "undo" | "redo" | "transpose";
    };

const UNDO_STEPS = 200;
const KILLS = 30;

/** An empty line, or one that holds `text` with the caret at its end. */
export function emptyLine(text = ""): Line {
  return { text, caret: text.length, undo: [], redo: [], kills: [], last: "edit", yanked: null, column: null };
}

/** The line after one edit. */
export function edit(line: Line, action: Edit): Line {
  const { text, caret } = line;
  switch (action.do) {
    case "insert":
      return insert(line, cleanInput(action.text), "type");
    case "paste":
      return insert(line, cleanInput(action.text), "edit");
    case "replace":
      return change(line, action.from, action.to, cleanInput(action.text), "edit");
    case "set":
      return set(line, cleanInput(action.text), action.caret);
    case "left":
      return move(line, previousStop(text, caret));
    case "right":
      return move(line, nextStop(text, caret));
    case "word-left":
      return move(line, wordLeft(text, caret));
    case "word-right":
      return move(line, wordRight(text, caret));
    case "line-start":
      return move(line, lineStart(text, caret));
    case "line-end":
      return move(line, lineEnd(text, caret));
    case "text-start":
      return move(line, 0);
    case "text-end":
      return move(line, text.length);
    case "up":
      return vertical(line, lineStart(text, caret) - 1);
    case "down":
      return vertical(line, lineEnd(text, caret) + 1);
    case "backspace":
      return caret === 0 ? line : change(line, previousStop(text, caret), caret, "", "edit");
    case "delete":
      return caret === text.length ? line : change(line, caret, nextStop(text, caret), "", "edit");
    case "kill-line-end": {
      const end = lineEnd(text, caret);
      return kill(line, caret, end === caret ? Math.min(text.length, end + 1) : end, "kill-on");
    }
    case "kill-line-start": {
      const start = lineStart(text, caret);
      return kill(line, start === caret ? Math.max(0, start - 1) : start, caret, "kill-back");
    }
    case "kill-word-left":
      return kill(line, wordLeft(text, caret), caret, "kill-back");
    case "kill-blank-left":
      return kill(line, blankLeft(text, caret), caret, "kill-back");
    case "kill-word-right":
      return kill(line, caret, wordRight(text, caret), "kill-on");
    case "yank":
      return yank(line, 0, caret);
    case "yank-pop":
      return line.yanked === null ? line : yank(line, (line.yanked.index + 1) % line.kills.length, line.yanked.start);
    case "undo":
      return travel(line, line.undo, line.redo, "undo");
    case "redo":
      return travel(line, line.redo, line.undo, "redo");
    case "transpose":
      return transpose(line);
    default:
      return action satisfies never;
  }
}

/** Whether ↑ has a line to go to; otherwise it walks history. */
export function onFirstLine(line: Line): boolean {
  return lineStart(line.text, line.caret) === 0;
}

/** Whether ↓ has no line to go to. */
export function onLastLine(line: Line): boolean {
  return lineEnd(line.text, line.caret) === line.text.length;
}

function set(line: Line, text: string, caret: number = text.length): Line {
  return { ...change(line, 0, line.text.length, text, "edit"), caret: Math.min(caret, text.length) };
}

function move(line: Line, caret: number): Line {
  return { ...line, caret, last: "move", yanked: null, column: null };
}

function vertical(line: Line, target: number): Line {
  const { text, caret } = line;
  if (target < 0 || target > text.length) return line;
  const column = line.column ?? cells(text.slice(lineStart(text, caret), caret));
  const start = lineStart(text, target);
  return { ...move(line, offsetAtColumn(text, start, lineEnd(text, target), column)), column };
}

function change(line: Line, from: number, to: number, text: string, last: Line["last"]): Line {
  const joins = last === "type" && line.last === "type" && !/^\s/.test(text) && from === to;
  const undo = joins ? line.undo : [...line.undo.slice(-UNDO_STEPS), { text: line.text, caret: line.caret }];
  return {
    text: line.text.slice(0, from) + text + line.text.slice(to),
    caret: from + text.length,
    undo,
    redo: [],
    kills: line.kills,
    last,
    yanked: null,
    column: null,
  };
}

function insert(line: Line, text: string, last: Line["last"]): Line {
  return text === "" ? line : change(line, line.caret, line.caret, text, last);
}

function kill(line: Line, from: number, to: number, side: "kill-back" | "kill-on"): Line {
  if (from === to) return line;
  const cut = line.text.slice(from, to);
  const joined = line.last === "kill-back" || line.last === "kill-on";
  const newest = joined ? (side === "kill-back" ? cut + (line.kills[0] ?? "") : (line.kills[0] ?? "") + cut) : cut;
  const kills = [newest, ...line.kills.slice(joined ? 1 : 0)].slice(0, KILLS);
  return { ...change(line, from, to, "", side), kills };
}

function yank(line: Line, index: number, start: number): Line {
  const text = line.kills[index];
  if (text === undefined) return line;
  return { ...change(line, start, line.caret, text, "yank"), yanked: { start, index } };
}

function travel(line: Line, from: readonly Snapshot[], to: readonly Snapshot[], way: "undo" | "redo"): Line {
  const target = from.at(-1);
  if (target === undefined) return line;
  const rest = from.slice(0, -1);
  const kept = [...to, { text: line.text, caret: line.caret }];
  return { ...line, ...target, undo: way === "undo" ? rest : kept, redo: way === "undo" ? kept : rest, last: "edit", yanked: null, column: null };
}

function transpose(line: Line): Line {
  const { text, caret } = line;
  const right = caret === lineEnd(text, caret) ? previousStop(text, caret) : caret;
  const left = previousStop(text, right);
  const end = nextStop(text, right);
  if (right <= lineStart(text, caret) || left === right) return line;
  return change(line, left, end, text.slice(right, end) + text.slice(left, right), "edit");
}
