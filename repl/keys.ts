/** Without this file keys and what they do would be entangled: the one table from Ink's keys to intentions. */
import type { Key } from "ink";
import type { Edit } from "./line.ts";

/** What the person at the keyboard wants; the app's reducer decides what that means now. */
export type Intent =
  | { readonly want: "edit"; readonly edit: Edit }
  | { readonly want: "suggestion"; readonly edit: "right" | "line-end" | "word-right" }
  | {
      readonly want:
        | "enter" | "newline" | "up" | "down" | "older" | "newer" | "complete" | "complete-back" | "escape" | "interrupt" | "end-of-input"
        | "search" | "redraw" | "help" | "editor";
    };

type Name = Exclude<Intent["want"], "edit" | "suggestion">;

const edits: Readonly<Record<string, Exclude<Edit["do"], "insert" | "paste" | "replace" | "set">>> = {
  "left": "left",
  "home": "line-start",
  "backspace": "backspace",
  "delete": "delete",
  "ctrl a": "line-start",
  "ctrl b": "left",
  "ctrl h": "backspace",
  "ctrl k": "kill-line-end",
  "ctrl t": "transpose",
  "ctrl u": "kill-line-start",
  "ctrl w": "kill-blank-left",
  "ctrl y": "yank",
  "ctrl z": "undo",
  "ctrl _": "undo",
  "ctrl left": "word-left",
  "ctrl home": "text-start",
  "ctrl end": "text-end",
  "alt left": "word-left",
  "alt b": "word-left",
  "alt d": "kill-word-right",
  "alt backspace": "kill-word-left",
  "alt y": "yank-pop",
  "alt z": "redo",
  "alt <": "text-start",
  "alt >": "text-end",
};

const suggestions: Readonly<Record<string, "right" | "line-end" | "word-right">> = {
  "right": "right",
  "ctrl f": "right",
  "end": "line-end",
  "ctrl e": "line-end",
  "alt right": "word-right",
  "ctrl right": "word-right",
  "alt f": "word-right",
};

const wants: Readonly<Record<string, Name>> = {
  "return": "enter",
  "alt return": "newline",
  "shift return": "newline",
  "ctrl j": "newline",
  "up": "up",
  "down": "down",
  "ctrl p": "older",
  "ctrl n": "newer",
  "pageup": "older",
  "pagedown": "newer",
  "tab": "complete",
  "shift tab": "complete-back",
  "escape": "escape",
  "ctrl c": "interrupt",
  "ctrl d": "end-of-input",
  "ctrl r": "search",
  "ctrl g": "escape",
  "ctrl l": "redraw",
  "ctrl o": "editor",
  "f1": "help",
  "alt h": "help",
};

/** The intentions behind one input event of Ink: usually one, more when a terminal hands over several keys at once. */
export function intents(input: string, key: Key): readonly Intent[] {
  if (key.eventType === "release") return [];
  const name = special(input, key);
  if (name !== null) return lookup(`${key.ctrl ? "ctrl " : ""}${key.meta && name !== "escape" ? "alt " : ""}${key.shift ? "shift " : ""}${name}`);
  if (key.ctrl || key.meta) return lookup(`${key.ctrl ? "ctrl" : "alt"} ${input.toLowerCase()}`);
  return typed(input);
}

/** The intentions behind a function key, by the name that `function_keys.ts` found for it. */
export function intentsOfFunction(name: string): readonly Intent[] {
  return lookup(name);
}

function special(input: string, key: Key): string | null {
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.leftArrow) return "left";
  if (key.rightArrow) return "right";
  if (key.home) return "home";
  if (key.end) return "end";
  if (key.pageUp) return "pageup";
  if (key.pageDown) return "pagedown";
  if (key.return) return "return";
  if (key.tab) return "tab";
  if (key.backspace) return "backspace";
  if (key.delete) return "delete";
  if (key.escape) return "escape";
  if (input === "\n") return key.ctrl || key.meta ? "return" : null;
  return null;
}

function lookup(name: string): readonly Intent[] {
  const edit = edits[name];
  if (edit !== undefined) return [{ want: "edit", edit: { do: edit } }];
  const suggestion = suggestions[name];
  if (suggestion !== undefined) return [{ want: "suggestion", edit: suggestion }];
  const want = wants[name];
  return want === undefined ? [] : [{ want }];
}

/**
 * Text as it came. A line end inside a longer chunk is a paste from a terminal without bracketed paste and must not run
 * anything; one at the very end is Enter, typed fast or sent by a program that drives the terminal, and so is Tab right behind a word.
 */
function typed(input: string): readonly Intent[] {
  if (input === "\n") return lookup("ctrl j");
  // Typed before the terminal was in raw mode: its driver has made a line end of Enter.
  if (/^[^\r\n]+\n$/.test(input)) return [...typed(input.slice(0, -1)), { want: "enter" }];
  if (/[\r\n]+[^\r\n]/.test(input) || input.length > 256) {
    const tab = /\S\t$/.test(input);
    return [{ want: "edit", edit: { do: "paste", text: tab ? input.slice(0, -1) : input } }, ...(tab ? lookup("tab") : [])];
  }
  const out: Intent[] = [];
  for (const part of input.match(/[^\x00-\x1f]+|[\x00-\x1f]/g) ?? []) {
    if (part === "\r") out.push({ want: "enter" });
    else if (part === "\n") out.push({ want: "newline" });
    else if (part === "\t") out.push({ want: "complete" });
    else if (part < " ") out.push(...lookup(`ctrl ${String.fromCharCode(part.charCodeAt(0) + (part.charCodeAt(0) <= 26 ? 96 : 64))}`));
    else out.push({ want: "edit", edit: { do: "insert", text: part } });
  }
  return out;
}
