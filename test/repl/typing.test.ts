/** Without this file what the prompt does while people type could nag, hide what was pasted, or run it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Completion } from "../../runtime/session/session_port.ts";
import { findingsOf, sayFinding } from "../../repl/findings.ts";
import { foldLabel } from "../../repl/fold.ts";
import { functionKeys } from "../../repl/function_keys.ts";
import { highlight } from "../../repl/highlight.ts";
import { emptyLine } from "../../repl/line.ts";
import { searchRows } from "../../repl/views/search.ts";
import { initialState, update, type Effect, type Happening, type Knowledge, type State } from "../../repl/state.ts";
import { lineParts, underlined } from "../../repl/views/line_parts.ts";
import { screen } from "../../repl/views/screen.ts";

const nothing: Completion = { from: 0, to: 0, items: [], signature: null };
const know: Knowledge = { isComplete: (text) => !/[|(,]\s*$/.test(text), complete: () => nothing };
const look = { width: 80, color: false, ascii: false, tty: true };

function play(state: State, ...happenings: readonly Happening[]): { readonly state: State; readonly effects: readonly Effect[] } {
  const effects: Effect[] = [];
  for (const one of happenings) {
    const step = update(state, one, know);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}
const type = (text: string, now = 0): Happening => ({ on: "intent", intent: { want: "edit", edit: { do: "insert", text } }, now });
const want = (name: "enter" | "complete" | "editor" | "search", now = 1000): Happening => ({ on: "intent", intent: { want: name }, now });
const left: Happening = { on: "intent", intent: { want: "edit", edit: { do: "left" } }, now: 0 };
const rows = (state: State): readonly string[] => {
  const seen = lineParts(state, highlight);
  const view = screen(state, seen.parts, seen.caret, null, look, 24);
  return [...view.prompt, ...view.below];
};
const mistake = (text: string, at: string, code: string, fix: string | null): Diagnostic => {
  const span = { start: text.indexOf(at), end: text.indexOf(at) + at.length };
  return { severity: "error", code, span, message: `something about ${at}`, ...(fix === null ? {} : { fix: { span, text: fix } }) };
};

test("a mistake is told below the line, and Tab mends it in one undo step", () => {
  const text = "smaple perfect 3 | top 5";
  const found = play(initialState([]), type(text), { on: "findings", text, diagnostics: [mistake(text, "smaple", "unknown-stage", "sample")] }).state;
  assert.match(rows(found)[1] ?? "", "something about smaple; Tab writes `sample`");
  const mended = play(found, want("complete")).state;
  assert.is(mended.line.text, "sample perfect 3 | top 5");
  assert.is(rows(mended).length, 1);
  const undone = play(mended, { on: "intent", intent: { want: "edit", edit: { do: "undo" } }, now: 0 }).state;
  assert.is(undone.line.text, text);
});

test("what was found in an older text is neither shown nor mended", () => {
  const text = "smaple 3";
  const found: Happening = { on: "findings", text, diagnostics: [mistake(text, "smaple", "unknown-stage", "sample")] };
  assert.is(play(initialState([]), type("smaple 34"), found).state.findings, null);
  const typedOn = play(initialState([]), type(text), found, type("5")).state;
  assert.is(rows(typedOn).length, 1);
  assert.is(play(typedOn, want("complete")).state.line.text, "smaple 35");
});

test("a word, stage or statement still being typed is not a mistake yet", () => {
  const ask = (text: string, at: string, code: string, grows: boolean, complete = true): boolean =>
    findingsOf([mistake(text, at, code, null)], emptyLine(text), complete, { ...nothing, from: text.length - (grows ? 1 : 0), to: text.length, items: grows ? [{ text: "x", detail: "", kind: "stage" }] : [] }) !== null;
  assert.not(ask("perfect | sam", "sam", "unknown-stage", true));
  assert.ok(ask("perfect | samx", "samx", "unknown-stage", false));
  assert.not(ask("perfect | acts ", "acts", "missing-argument", false));
  assert.not(ask("perfect |", "|", "dangling-pipe", false, false));
  assert.not(ask("smaple 3 |", "smaple", "unknown-stage", false, false));
  assert.ok(ask("smaple 3 | top 4", "smaple", "unknown-stage", false));
});

test("warnings are left to lint; what is said of Tab is what Tab does", () => {
  const text = "smaple perfect 3 | to";
  const first = mistake(text, "smaple", "unknown-stage", "sample");
  const word: Completion = { from: 19, to: 21, items: [{ text: "top", detail: "", kind: "stage" }], signature: null };
  assert.is(findingsOf([{ ...first, severity: "warning" }], emptyLine(text), true, word), null);
  const found = findingsOf([first], emptyLine(text), true, word);
  assert.is(found?.mended, "sample perfect 3 | to");
  assert.match(sayFinding(found!), "; Tab writes `sample`");
  assert.not.match(sayFinding(findingsOf([mistake(text, "smaple", "unknown-stage", null)], emptyLine(text), true, word)!), "Tab");
});

test("underlined cuts parts where mistakes begin and end, and loses no character", () => {
  const parts = underlined(highlight("sample perfect 3"), [{ start: 4, end: 9 }]);
  assert.is(parts.map((part) => part.text).join(""), "sample perfect 3");
  assert.is(parts.filter((part) => part.wrong).map((part) => part.text).join(""), "le pe");
});

const lines = Array.from({ length: 132 }, (_, i) => `top ${i}`).join("\n");

test("a long paste is one label, keeps its place while text is typed around it, and runs whole", () => {
  const pasted = play(initialState([]), type("x "), { on: "paste", text: lines }, type(" y"));
  assert.equal(rows(pasted.state), ["saeq› x [pasted 132 lines] y"]);
  const front = play(pasted.state, { on: "intent", intent: { want: "edit", edit: { do: "line-start" } }, now: 0 }).state;
  assert.is(front.fold, null);
  const home = play(pasted.state, { on: "intent", intent: { want: "edit", edit: { do: "text-start" } }, now: 0 }, type("z")).state;
  assert.equal(rows(home), ["saeq› zx [pasted 132 lines] y"]);
  assert.equal(play(pasted.state, want("enter")).effects, [{ do: "run", text: `x ${lines} y` }]);
});

test("Ctrl-O opens the label, then the editor; the caret inside opens it too", () => {
  const { state } = play(initialState([]), { on: "paste", text: lines });
  assert.is(foldLabel(state.fold!), "[pasted 132 lines]");
  const open = play(state, want("editor")).state;
  assert.is(open.fold, null);
  assert.is(open.outside, null);
  assert.equal(play(open, want("editor")).state.outside, { open: "editor", text: lines });
  assert.is(play(state, left).state.fold, null);
  assert.is(play(initialState([]), { on: "paste", text: "a\n".repeat(20) }).state.fold, null);
});

test("without bracketed paste, Enter right behind a character is a line of the paste", () => {
  const bare = initialState([], true, false);
  const fast = play(bare, type("top 3", 500), want("enter", 512));
  assert.equal(fast.effects, []);
  assert.is(fast.state.line.text, "top 3\n");
  assert.equal(play(bare, type("top 3", 500), want("enter", 531)).effects, [{ do: "run", text: "top 3" }]);
  assert.equal(play(initialState([]), type("top 3", 500), want("enter", 501)).effects, [{ do: "run", text: "top 3" }]);
});

test("a blank on an empty line pages through a long result, once", () => {
  const long = play(initialState([]), { on: "long" }).state;
  assert.match(rows(long)[1] ?? "", "Space pages");
  const paging = play(long, type(" ")).state;
  assert.equal(paging.outside, { open: "pager" });
  assert.is(paging.line.text, "");
  assert.is(play(paging, { on: "outside", outside: null }, type(" ")).state.line.text, " ");
  assert.is(play(long, type("t"), type(" ")).state.outside, null);
});

test("Ctrl-R lists the matches and shows all lines of the chosen one", () => {
  const texts = ["sample perfect 3\n| acts layer 7\n| top 5", "sample perfect 4", "count"];
  const { state } = play(initialState(texts), want("search"), type("samp"));
  const { query, below } = searchRows(state, state.search!, look, 10);
  assert.is(query, "history: samp");
  assert.equal(below, ["▸ sample perfect 3", "    | acts layer 7", "    | top 5", "  sample perfect 4", "  1/2  Ctrl-R older  Enter takes  Esc leaves"]);
  assert.ok(searchRows(state, state.search!, look, 2).below.length <= 2);
});

test("function keys are told apart in every spelling that terminals use", () => {
  for (const chunk of ["\x1bOP", "\x1b[11~", "\x1b[[A", "\x1b[P", "\x1b[1;1P", "\x1b[1;1:1P"]) assert.equal(functionKeys(chunk), ["f1"], JSON.stringify(chunk));
  assert.equal(functionKeys("\x1bOQ\x1bOP"), ["f2", "f1"]);
  assert.equal(functionKeys("\x1b[15~a\x1b[2~"), ["", ""]);
  assert.equal(functionKeys("top 3\x1b[A\x1b[3~\x1b[1;5C\x1b[97;5u\x1b[200~x\x1b[201~"), []);
});

test("one progress row for each stage that runs, none for one that is done", () => {
  const event = (stage: string, documents: number) => ({ kind: "progress", stage, documents, totalDocuments: 10, tokens: documents, totalTokens: 10, elapsedMs: 900, tokensPerSecond: 5, etaSeconds: 1 }) as const;
  const running = play(initialState([]), type("top 3"), want("enter"), { on: "progress", event: event("acts layer 7", 2) }, { on: "progress", event: event("memorize", 3) }, { on: "progress", event: event("acts layer 7", 4) }).state;
  assert.equal(running.running?.progress.map((one) => [one.stage, one.documents]), [["acts layer 7", 4], ["memorize", 3]]);
  assert.equal(play(running, { on: "progress", event: event("acts layer 7", 10) }).state.running?.progress.map((one) => one.stage), ["memorize"]);
});

test.run();
