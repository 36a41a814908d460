/** Without this file a terminal's odd bytes could come to mean something else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Key } from "ink";
import { intents } from "../../repl/keys.ts";

const none: Key = {
  upArrow: false, downArrow: false, leftArrow: false, rightArrow: false, pageDown: false, pageUp: false, home: false, end: false, return: false,
  escape: false, ctrl: false, shift: false, tab: false, backspace: false, delete: false, meta: false, super: false, hyper: false, capsLock: false, numLock: false,
};
const wants = (input: string, key: Partial<Key> = {}): string[] =>
  intents(input, { ...none, ...key }).map((one) => (one.want === "edit" ? `${one.edit.do}${"text" in one.edit ? `:${one.edit.text}` : ""}` : one.want === "suggestion" ? `suggestion ${one.edit}` : one.want));

test("intents reads named keys", () => {
  assert.equal(wants("", { return: true }), ["enter"]);
  assert.equal(wants("\r", { return: true, meta: true }), ["newline"]);
  assert.equal(wants("", { return: true, shift: true }), ["newline"]);
  assert.equal(wants("\n"), ["newline"]);
  assert.equal(wants("", { rightArrow: true, meta: true }), ["suggestion word-right"]);
  assert.equal(wants("", { tab: true, shift: true }), ["complete-back"]);
  assert.equal(wants("c", { ctrl: true }), ["interrupt"]);
  assert.equal(wants("b", { meta: true }), ["word-left"]);
  assert.equal(wants("", { backspace: true, meta: true }), ["kill-word-left"]);
  assert.equal(wants("_", { ctrl: true }), ["undo"]);
  assert.equal(wants("q", { ctrl: true }), []);
});

test("intents reads text, fast typing and pastes without brackets", () => {
  assert.equal(wants("top 10"), ["insert:top 10"]);
  assert.equal(wants("top 10\r"), ["insert:top 10", "enter"]);
  assert.equal(wants("top 10\n"), ["insert:top 10", "enter"]);
  assert.equal(wants("to\t"), ["insert:to", "complete"]);
  assert.equal(wants("a\rb\r"), ["paste:a\rb\r"]);
  // Tab behind a word completes it, however much came with it; behind a blank it may be part of what was pasted.
  assert.equal(wants("perfect | take 2\rsam\t"), ["paste:perfect | take 2\rsam", "complete"]);
  assert.equal(wants(`${"a".repeat(300)}\t`), [`paste:${"a".repeat(300)}`, "complete"]);
  assert.equal(wants("a\rb\r\t"), ["paste:a\rb\r\t"]);
  assert.equal(wants("ab\x01"), ["insert:ab", "line-start"]);
  assert.equal(wants("a", { eventType: "release" }), []);
});

test.run();
