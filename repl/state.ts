/** Without this file keys, results and timers would each change the screen in their own way: the REPL as a pure reducer. */
import type { Diagnostic } from "../grammar/diagnostic.ts";
import type { Completion, ProgressEvent } from "../runtime/session/session_port.ts";
import { findingsOf, type Findings } from "./findings.ts";
import { foldPaste, type Fold } from "./fold.ts";
import { cleanInput } from "./graphemes.ts";
import { suggest, walk } from "./history.ts";
import type { Intent } from "./keys.ts";
import { edit, emptyLine, onFirstLine, onLastLine, type Line } from "./line.ts";
import { accept, closeMenu, openMenu, stepMenu, type Menu } from "./menu.ts";
import { leaveSearch, searchStep, type Search } from "./search.ts";
import { typed } from "./typed.ts";

/** A statement on its way. */
export interface Running {
  readonly text: string;
  readonly since: number;
  readonly now: number;
  /** The newest report of each stage that is not done. */
  readonly progress: readonly ProgressEvent[];
  /** When Ctrl-C was first pressed; null as long as nobody wants it to stop. */
  readonly stopping: number | null;
}

/** Everything the screen below the printed results depends on. */
export interface State {
  readonly line: Line;
  readonly menu: Menu | null;
  /** A long paste shown as one label. */
  readonly fold: Fold | null;
  /** Mistakes in the text, found while nobody typed; of use only while the text is the same. */
  readonly findings: Findings | null;
  /** Ctrl-R. */
  readonly search: Search | null;
  readonly running: Running | null;
  /** Statements entered while another ran. */
  readonly queue: readonly string[];
  /** Where ↑ and ↓ are in history, what they look for and what was typed before. */
  readonly walk: { readonly prefix: string; readonly index: number; readonly draft: string } | null;
  /** History, newest first. */
  readonly texts: readonly string[];
  /** Whether history is offered in grey: not where grey cannot be told from typed text. */
  readonly suggests: boolean;
  /** Whether the terminal says where a paste begins and ends. */
  readonly brackets: boolean;
  /** When a character last came, for terminals that do not. */
  readonly typedAt: number;
  /** The last failed text with its fix applied: Tab on an empty line takes it. */
  readonly repair: string | null;
  /** The last result is longer than two screens: a blank on an empty line pages through it. */
  readonly long: boolean;
  /** Tab was pressed before the language was loaded; it is answered when it is. */
  readonly early: boolean;
  /** One line of advice under the prompt. */
  readonly hint: string | null;
  /** A program outside that is to have the terminal, until it is done. */
  readonly outside: Outside | null;
  /** Printed for good. The app empties each after printing; the array only grows, as Ink's Static wants. */
  readonly blocks: readonly Block[];
}
export interface Block {
  text: string;
}

/** The user's editor on a text, or the pager on a long result. */
export type Outside = { readonly open: "editor"; readonly text: string } | { readonly open: "pager" };

export type Happening =
  | { readonly on: "intent"; readonly intent: Intent; readonly now: number }
  | { readonly on: "paste"; readonly text: string }
  | { readonly on: "print"; readonly text: string }
  | { readonly on: "ready" }
  | { readonly on: "progress"; readonly event: ProgressEvent }
  | { readonly on: "tick"; readonly now: number }
  /** The mistakes in a text, from the checker. */
  | { readonly on: "findings"; readonly text: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly on: "outside"; readonly outside: Outside | null }
  /** A result was printed of which there is more than two screens. */
  | { readonly on: "long" }
  | { readonly on: "done"; readonly repair: string | null; readonly insert: string | null; readonly now: number };

export type Effect =
  | { readonly do: "run"; readonly text: string }
  | { readonly do: "help"; readonly word: string }
  | { readonly do: "cancel" | "kill" | "exit" | "redraw" };

/** What the reducer asks of the language; both answers are quick and change nothing. */
export interface Knowledge {
  isComplete(text: string): boolean;
  /** Null as long as the language is not loaded. */
  complete(text: string, offset: number): Completion | null;
}

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Ctrl-C twice within this time kills the engine. */
export const TWICE_MS = 2000;
/** Enter this soon after a character is part of a paste, where the terminal does not mark pastes. */
const FAST_MS = 30;

export function initialState(texts: readonly string[], suggests = true, brackets = true): State {
  return {
    line: emptyLine(), menu: null, fold: null, findings: null, search: null, running: null, queue: [], walk: null, texts, suggests, brackets, typedAt: -FAST_MS,
    repair: null, long: false, early: false, hint: null, outside: null, blocks: [],
  };
}

/** The state after something happened, and what to do about it. */
export function update(state: State, happening: Happening, know: Knowledge): Step {
  switch (happening.on) {
    case "intent":
      return state.search === null ? onIntent(state, happening.intent, happening.now, know) : onSearch(state, happening.intent, happening.now);
    case "paste": {
      const pasted = typed(state, { do: "paste", text: happening.text });
      return still({ ...pasted, search: null, fold: foldPaste(state.line, pasted.line) ?? pasted.fold });
    }
    case "findings": {
      if (happening.text !== state.line.text || state.search !== null) return still(state);
      const { line } = state;
      const findings = happening.diagnostics.length === 0 ? null : findingsOf(happening.diagnostics, line, know.isComplete(line.text), know.complete(line.text, line.caret) ?? { from: 0, to: 0, items: [], signature: null });
      // No mistake before and none now: nothing changes, and nothing is drawn.
      return still(findings === null && state.findings === null ? state : { ...state, findings });
    }
    case "outside":
      return still({ ...state, outside: happening.outside });
    case "long":
      return still({ ...state, long: true, hint: "Space pages through it" });
    case "print":
      return still({ ...state, blocks: [...state.blocks, { text: happening.text }] });
    case "ready":
      return still(state.early ? complete({ ...state, early: false, hint: null }, know) : state);
    case "progress":
      return still(state.running === null ? state : { ...state, running: { ...state.running, progress: reported(state.running.progress, happening.event) } });
    case "tick":
      return still(state.running === null ? state : { ...state, running: { ...state.running, now: happening.now } });
    case "done":
      return onDone(state, happening);
    default:
      return happening satisfies never;
  }
}

/** The grey continuation behind the caret: from history, only at the very end of the text. */
export function suggestion(state: State): string {
  if (!state.suggests || state.menu !== null || state.search !== null || state.line.caret !== state.line.text.length) return "";
  return suggest(state.texts, state.line.text);
}

function still(state: State): Step {
  return { state, effects: [] };
}

function onIntent(state: State, intent: Intent, now: number, know: Knowledge): Step {
  switch (intent.want) {
    case "edit":
      if (intent.edit.do !== "insert") return still(typed(state, intent.edit));
      if (intent.edit.text === " " && state.line.text === "" && state.long) return still({ ...state, long: false, hint: null, outside: { open: "pager" } });
      return still({ ...typed(state, intent.edit), long: false, typedAt: now });
    case "suggestion":
      return still(takeSuggestion(state, intent.edit));
    case "newline":
      return still(typed(state, { do: "insert", text: "\n" }));
    case "enter":
      return enter(state, now, know);
    case "up":
      if (state.menu !== null) return still(stepMenu(state, -1));
      return still(onFirstLine(state.line) ? recall(state, 1) : typed(state, { do: "up" }));
    case "down":
      if (state.menu !== null) return still(stepMenu(state, 1));
      return still(onLastLine(state.line) ? recall(state, -1) : typed(state, { do: "down" }));
    case "older":
      return still(recall(state, 1));
    case "newer":
      return still(recall(state, -1));
    case "complete":
      return still(complete(state, know));
    case "complete-back":
      return still(state.menu === null ? state : stepMenu(state, -1));
    case "escape":
      return still(state.menu === null ? { ...state, hint: null } : closeMenu(state));
    case "search":
      return still({ ...state, menu: null, search: { query: "", index: 0 } });
    case "interrupt":
      return interrupt(state, now);
    case "end-of-input":
      if (state.line.text !== "") return still(typed(state, { do: "delete" }));
      return state.running === null ? { state, effects: [{ do: "exit" }] } : still({ ...state, hint: "still running: Ctrl-C cancels" });
    case "help":
      return { state, effects: [{ do: "help", word: wordAtCaret(state.line) }] };
    case "editor":
      return still(state.fold === null ? { ...state, outside: { open: "editor", text: state.line.text } } : { ...state, fold: null });
    case "redraw":
      return { state, effects: [{ do: "redraw" }] };
    default:
      return intent satisfies never;
  }
}

function takeSuggestion(state: State, by: "right" | "line-end" | "word-right"): State {
  const rest = suggestion(state);
  if (rest === "") return typed(state, { do: by });
  const word = /^\s*\S+/.exec(rest)?.[0] ?? rest;
  return typed(state, { do: "replace", from: state.line.caret, to: state.line.caret, text: by === "word-right" ? word : rest });
}

function enter(state: State, now: number, know: Knowledge): Step {
  if (state.menu !== null && state.menu.selected >= 0) return still(accept(state));
  const text = state.line.text;
  if (!state.brackets && now - state.typedAt < FAST_MS) return still({ ...typed(state, { do: "insert", text: "\n" }), typedAt: now });
  if (text.trim() === "") return still({ ...state, line: { ...emptyLine(), kills: state.line.kills }, menu: null, hint: null });
  // A blank last line is how people say "I know": it runs and the mistake is explained.
  const insists = /\n[ \t]*$/.test(text) && state.line.caret === text.length;
  if (!insists && !/^\s*[.?]/.test(text) && !know.isComplete(text)) return still(typed(state, { do: "insert", text: "\n" }));
  const said = text.replace(/\s+$/, "");
  const cleared: State = { ...state, line: { ...emptyLine(), kills: state.line.kills }, menu: null, fold: null, findings: null, walk: null, long: false, hint: null, repair: null, texts: remembered(state.texts, said) };
  if (state.running === null) return run(cleared, said, now);
  if (/^\s*\.cancel\s*$/.test(said)) return interrupt({ ...cleared, line: emptyLine() }, now);
  return still({ ...cleared, queue: [...state.queue, said] });
}

function run(state: State, text: string, now: number): Step {
  return { state: { ...state, running: { text, since: now, now, progress: [], stopping: null } }, effects: [{ do: "run", text }] };
}

/** The stages that are not done, each with its newest report, in the order they began. */
function reported(known: readonly ProgressEvent[], event: ProgressEvent): readonly ProgressEvent[] {
  const done = event.documents >= event.totalDocuments;
  if (known.some(({ stage }) => stage === event.stage)) return known.flatMap((one) => (one.stage !== event.stage ? [one] : done ? [] : [event]));
  return done ? known : [...known, event];
}

function remembered(texts: readonly string[], text: string): readonly string[] {
  return /^\s/.test(text) ? texts : [text, ...texts.filter((one) => one !== text)];
}

function onDone(state: State, happening: Extract<Happening, { on: "done" }>): Step {
  const [next, ...queue] = state.queue;
  const line = happening.insert !== null && state.line.text === "" ? emptyLine(cleanInput(happening.insert)) : state.line;
  const hint = state.line.text !== "" ? null : happening.repair !== null ? "Tab applies the fix" : state.long ? state.hint : null;
  const idle: State = { ...state, line, running: null, repair: happening.repair, hint, queue };
  return next === undefined ? still(idle) : run({ ...idle, hint: null }, next, happening.now);
}

function interrupt(state: State, now: number): Step {
  const { running } = state;
  if (running === null) {
    if (state.line.text === "") return still({ ...state, menu: null, hint: "Ctrl-D or .quit leaves" });
    return still({ ...state, line: edit(state.line, { do: "set", text: "" }), menu: null, walk: null, hint: null });
  }
  if (running.stopping !== null && now - running.stopping <= TWICE_MS) return { state: { ...state, queue: [] }, effects: [{ do: "kill" }] };
  return { state: { ...state, queue: [], running: { ...running, stopping: now } }, effects: [{ do: "cancel" }] };
}

function recall(state: State, step: 1 | -1): State {
  const at = state.walk ?? { prefix: state.line.text, index: -1, draft: state.line.text };
  const index = walk(state.texts, at.prefix, at.index, step);
  if (index === null) return step === 1 || state.walk === null ? state : { ...typed(state, { do: "set", text: at.draft }), walk: null };
  return { ...typed(state, { do: "set", text: state.texts[index] ?? "" }), walk: { ...at, index } };
}

function complete(state: State, know: Knowledge): State {
  if (state.menu !== null) return stepMenu(state, 1);
  const mended = state.findings !== null && state.findings.text === state.line.text ? state.findings.mended : null;
  if (mended !== null) return { ...typed(state, { do: "set", text: mended, caret: state.line.caret === state.line.text.length ? mended.length : Math.min(state.line.caret, mended.length) }), findings: null };
  if (state.line.text === "" && state.repair !== null) return { ...typed(state, { do: "set", text: state.repair }), repair: null };
  if (/^\s*$/.test(lineBefore(state.line)) && state.line.text !== "") return typed(state, { do: "insert", text: "  " });
  const completion = know.complete(state.line.text, state.line.caret);
  return completion === null ? { ...state, early: true, hint: "loading" } : openMenu(state, completion);
}

function lineBefore(line: Line): string {
  return line.text.slice(line.text.lastIndexOf("\n", line.caret - 1) + 1, line.caret);
}

function wordAtCaret(line: Line): string {
  const before = /[\w-]*$/.exec(line.text.slice(0, line.caret))?.[0] ?? "";
  const after = /^[\w-]*/.exec(line.text.slice(line.caret))?.[0] ?? "";
  return before + after || (/(\w[\w-]*)\W*$/.exec(line.text.slice(0, line.caret))?.[1] ?? "");
}

function onSearch(state: State, intent: Intent, now: number): Step {
  if (intent.want !== "interrupt") return still(searchStep(state, intent));
  return state.running === null ? still(leaveSearch(state, null)) : interrupt(leaveSearch(state, null), now);
}
