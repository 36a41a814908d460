/** Without this file nobody would notice when a key stops editing as emacs taught people. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cleanInput, nextStop, previousStop } from "../../repl/graphemes.ts";
import { edit, emptyLine, onFirstLine, onLastLine, type Edit, type Line } from "../../repl/line.ts";

/** Apply edits; `|` in the result marks the caret. */
function play(start: string, ...edits: (Edit | Edit["do"])[]): string {
  const at = start.indexOf("^");
  const text = start.replace("^", "");
  let line: Line = { ...emptyLine(text), caret: at < 0 ? text.length : at };
  for (const one of edits) line = edit(line, typeof one === "string" ? (({ do: one }) as Edit) : one);
  return `${line.text.slice(0, line.caret)}^${line.text.slice(line.caret)}`;
}
const type = (text: string): Edit => ({ do: "insert", text });

test("edit moves by characters as people see them", () => {
  assert.is(play("a👩‍👩‍👧é", "left"), "a👩‍👩‍👧^é");
  assert.is(play("a👩‍👩‍👧e\u0301", "left", "left"), "a^👩‍👩‍👧e\u0301");
  assert.is(play("a👩‍👩‍👧", "backspace"), "a^");
  assert.is(play("^👩‍👩‍👧b", "delete"), "^b");
  assert.is(play("^", "left"), "^");
  assert.is(previousStop("", 0), 0);
  assert.is(nextStop("ab", 2), 2);
});

test("edit knows emacs keys", () => {
  assert.is(play("sample perfect^ 10", "kill-line-end"), "sample perfect^");
  assert.is(play("sample ^perfect", "kill-line-start"), "^perfect");
  assert.is(play("top per_layer^", "kill-word-left"), "top ^");
  assert.is(play('save "a b.csv"^', "kill-blank-left"), 'save "a ^');
  assert.is(play("^top 10", "kill-word-right"), "^ 10");
  assert.is(play("ab^", "transpose"), "ba^");
  assert.is(play("one two^", "word-left", "word-left"), "^one two");
  assert.is(play("^one two", "word-right"), "one^ two");
});

test("edit joins cuts and gives them back", () => {
  assert.is(play("a b c^", "kill-blank-left", "kill-blank-left", "yank"), "a b c^");
  assert.is(play("a b^", "kill-blank-left", "left", "kill-line-start", "yank"), "a^ ");
  assert.is(play("a b^", "kill-blank-left", "line-start", "kill-line-end", "yank", "yank-pop"), "b^");
});

test("edit undoes a word, a paste, a cut at a time", () => {
  assert.is(play("^", type("top"), type(" "), type("1"), type("0"), "undo"), "top^");
  assert.is(play("^", type("t"), type("o"), type("p"), "undo"), "^");
  assert.is(play("x^", { do: "paste", text: "a\r\nb\x1b[31mc" }), "xa\nbc^");
  assert.is(play("x^", { do: "paste", text: "a\nb" }, "undo"), "x^");
  assert.is(play("x^", { do: "paste", text: "a" }, "undo", "redo"), "xa^");
});

test("edit moves between lines and keeps its column", () => {
  assert.is(play("abcdef\nx\nabc^def", "up"), "abcdef\nx^\nabcdef");
  assert.is(play("abcdef\nx\nabc^def", "up", "up"), "abc^def\nx\nabcdef");
  assert.is(play("日本語\nabcd^", "up"), "日本^語\nabcd");
  assert.ok(onFirstLine(emptyLine("a")));
  assert.not(onFirstLine(emptyLine("a\nb")));
  assert.ok(onLastLine(emptyLine("a\nb")));
});

test("cleanInput lets nothing through that a terminal would obey", () => {
  assert.is(cleanInput("a\x1b]0;t\x07b\x1b[31mc\u202ed\x9be\0\ttab"), "abcde  tab");
  assert.is(cleanInput("a\rb\r\nc"), "a\nb\nc");
});

test("edit survives a paste of a megabyte", () => {
  const text = "sample 3 | top 5\n".repeat(60_000);
  assert.is(edit(emptyLine(), { do: "paste", text }).text.length, text.length);
});

test.run();
