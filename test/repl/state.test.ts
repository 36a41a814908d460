/** Without this file the REPL's behaviour could only be checked by looking at a screen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Completion } from "../../runtime/session/session_port.ts";
import { accept, openMenu, stepMenu } from "../../repl/menu.ts";
import { found } from "../../repl/search.ts";
import { initialState, suggestion, update, type Effect, type Happening, type Knowledge, type State } from "../../repl/state.ts";
import type { Intent } from "../../repl/keys.ts";

const stages = ["sample", "save", "show"];
const know: Knowledge = {
  isComplete: (text) => !/[|(,]\s*$/.test(text),
  complete(text, offset): Completion {
    const from = /\w*$/.exec(text.slice(0, offset))?.index ?? offset;
    return { from, to: offset, items: stages.filter((one) => one.startsWith(text.slice(from, offset))).map((one) => ({ text: one, detail: "", kind: "stage" })), signature: null };
  },
};

function play(state: State, ...happenings: (Intent["want"] | string | Happening)[]): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const one of happenings) {
    const step = update(state, typeof one === "object" ? one : happening(one), know);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}
/** `:text` types; any other word is an intention. */
function happening(word: string): Happening {
  if (word.startsWith(":")) return { on: "intent", intent: { want: "edit", edit: { do: "insert", text: word.slice(1) } }, now: 0 };
  if (word === "right") return { on: "intent", intent: { want: "suggestion", edit: "right" }, now: 0 };
  if (word === "backspace") return { on: "intent", intent: { want: "edit", edit: { do: "backspace" } }, now: 0 };
  return { on: "intent", intent: { want: word } as Intent, now: 0 };
}
const done = (repair: string | null = null): Happening => ({ on: "done", repair, insert: null, now: 9 });
const at = (want: Intent["want"], now: number): Happening => ({ on: "intent", intent: { want } as Intent, now });
const start = initialState(["top 10", "sample 3"]);

test("Enter runs what is complete and adds a line to what is not", () => {
  assert.equal(play(start, ":top 10", "enter").effects, [{ do: "run", text: "top 10" }]);
  const open = play(start, ":sample 3 |", "enter");
  assert.equal(open.effects, []);
  assert.is(open.state.line.text, "sample 3 |\n");
  assert.equal(play(open.state, "enter").effects, [{ do: "run", text: "sample 3 |" }]);
  assert.equal(play(start, ":.save (", "enter").effects, [{ do: "run", text: ".save (" }]);
  assert.equal(play(start, ":  ", "enter").effects, []);
});

test("a paste never runs by itself", () => {
  const { state, effects } = play(start, { on: "paste", text: "top 3\r\ntop 4\r\n" });
  assert.equal(effects, []);
  assert.is(state.line.text, "top 3\ntop 4\n");
});

test("Ctrl-C clears, then cancels, then kills", () => {
  assert.is(play(start, ":abc", "interrupt").state.line.text, "");
  assert.ok(play(start, "interrupt").state.hint);
  const running = play(start, ":top 10", "enter").state;
  assert.equal(play(running, at("interrupt", 100), at("interrupt", 1500)).effects, [{ do: "cancel" }, { do: "kill" }]);
  assert.equal(play(running, at("interrupt", 100), at("interrupt", 2500)).effects, [{ do: "cancel" }, { do: "cancel" }]);
});

test("Ctrl-D leaves an empty line and deletes in a full one", () => {
  assert.equal(play(start, "end-of-input").effects, [{ do: "exit" }]);
  assert.equal(play(start, ":ab", "end-of-input").effects, []);
  assert.equal(play(start, ":top 10", "enter", "end-of-input").effects.slice(1), []);
});

test("Up walks history by prefix and comes back to the draft", () => {
  const { state } = play(start, ":sa", "up");
  assert.is(state.line.text, "sample 3");
  assert.is(play(state, "down").state.line.text, "sa");
  assert.is(play(start, "up", "up").state.line.text, "sample 3");
  assert.is(play(start, "up", "up", "up").state.line.text, "sample 3");
});

test("what ran is at the head of history, once", () => {
  const { state } = play(start, ":sample 3", "enter", done());
  assert.equal(state.texts, ["sample 3", "top 10"]);
  assert.equal(play(start, ": secret", "enter").state.texts, start.texts);
});

test("Tab inserts the only completion, offers several, and Esc undoes", () => {
  assert.is(play(start, ":sam", "complete").state.line.text, "sample ");
  const open = play(start, ":s", "complete").state;
  assert.is(open.menu?.items.length, 3);
  const chosen = play(open, "complete", "complete").state;
  assert.is(chosen.line.text, "save");
  assert.is(play(chosen, "complete-back").state.line.text, "sample");
  assert.is(play(chosen, "escape").state.line.text, "s");
  const taken = play(chosen, "enter");
  assert.is(taken.state.line.text, "save ");
  assert.equal(taken.effects, []);
  assert.is(play(start, ":sa", "complete").state.menu?.items.length, 2);
});

test("inside a word the choice replaces the rest of it", () => {
  const state = { ...start, line: { ...play(start, ":szz | count").state.line, caret: 1 } };
  const items = ["sample", "save"].map((text) => ({ text, detail: "", kind: "stage" as const }));
  const open = openMenu(state, { from: 0, to: 3, items, signature: null });
  assert.is(open.line.text, "sazz | count");
  assert.is(stepMenu(open, 1).line.text, "sample | count");
  assert.is(accept(stepMenu(open, 1)).line.text, "sample | count");
  assert.is(openMenu(state, { from: 0, to: 3, items: items.slice(1), signature: null }).line.text, "save | count");
});

test("Tab before the language is loaded is answered when it is, unless something was typed meanwhile", () => {
  const unknown: Knowledge = { ...know, complete: () => null };
  const typed = play(start, ":sam").state;
  const early = update(typed, happening("complete"), unknown).state;
  assert.is(early.line.text, "sam");
  assert.is(early.hint, "loading");
  assert.is(play(early, { on: "ready" }).state.line.text, "sample ");
  assert.is(play(early, ":e", { on: "ready" }).state.line.text, "same");
  assert.is(play(typed, { on: "ready" }).state.line.text, "sam");
});

test("Tab on an empty line applies the fix of the last mistake", () => {
  const { state } = play(start, ":actz", "enter", done("acts"));
  assert.is(state.hint, "Tab applies the fix");
  assert.is(play(state, "complete").state.line.text, "acts");
});

test("the grey suggestion is taken whole, and only at the end", () => {
  const typed = play(start, ":to").state;
  assert.is(suggestion(typed), "p 10");
  assert.is(play(typed, "right").state.line.text, "top 10");
  assert.is(suggestion({ ...typed, suggests: false }), "");
  assert.is(suggestion({ ...typed, line: { ...typed.line, caret: 1 } }), "");
});

test("statements entered meanwhile wait for their turn, and Ctrl-C forgets them", () => {
  const { state, effects } = play(start, ":top 10", "enter", ":top 5", "enter", ":top 3", "enter");
  assert.equal(effects.length, 1);
  assert.equal(state.queue, ["top 5", "top 3"]);
  assert.equal(play(state, done()).effects, [{ do: "run", text: "top 5" }]);
  assert.equal(play(state, "interrupt", done()).state.queue, []);
});

test("Ctrl-R finds, walks and takes without running", () => {
  const { state } = play(start, ":x", "search", ":p1");
  assert.equal(found(state), ["top 10"]);
  const taken = play(state, "enter");
  assert.is(taken.state.line.text, "top 10");
  assert.equal(taken.effects, []);
  assert.is(play(state, "escape").state.line.text, "x");
  assert.is(play(state, "backspace").state.search?.query, "p");
});

test.run();
