/** Without this file the live region could outgrow the terminal, which Ink answers with flicker. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cells } from "../../repl/graphemes.ts";
import { highlight } from "../../repl/highlight.ts";
import { edit, emptyLine } from "../../repl/line.ts";
import { progressLine } from "../../repl/progress.ts";
import { initialState, type State } from "../../repl/state.ts";
import { look, paint, wantsPlain } from "../../repl/terminal.ts";
import { excerpt, layOut, LONG } from "../../repl/views/layout.ts";
import { screen } from "../../repl/views/screen.ts";

const at = (width: number, ascii = false) => ({ width, color: false, ascii, tty: true });
const event = { kind: "progress", stage: "acts layer 7 last 50", documents: 640, totalDocuments: 1000, tokens: 64_000, totalTokens: 100_000, elapsedMs: 12_000, tokensPerSecond: 3100, etaSeconds: 7 } as const;

function busy(text: string): State {
  const items = Array.from({ length: 40 }, (_, i) => ({ text: `stage_${i}`, detail: "what it does, at length, for people who want to know", kind: "stage" as const }));
  const line = edit(emptyLine(), { do: "paste", text });
  return {
    ...initialState([]), line, hint: "advice", queue: ["top 5"],
    menu: { items, selected: 30, from: 0, to: 0, before: line, signature: "acts layer <layer>" },
    running: { text: "x", since: 0, now: 5000, progress: [event], stopping: 1 },
  };
}

test("screen stays shorter and narrower than any terminal", () => {
  for (const height of [2, 3, 5, 8, 24]) {
    for (const width of [20, 38, 80]) {
      for (const text of ["", "top 10", "sample perfect 10 | acts layer 7 ".repeat(20), "a\nb\n".repeat(60), "日本語👩‍👩‍👧".repeat(30)]) {
        const view = screen(busy(text), highlight(text), text.length, null, at(width), height);
        const rows = [...view.status, ...view.prompt, ...view.below];
        assert.ok(rows.length < height, `${rows.length} rows in ${height}`);
        for (const row of rows) assert.ok(cells(row) <= width, `${cells(row)} cells in ${width}: ${row}`);
        assert.ok(view.caret.y < rows.length && view.caret.x < width, `caret ${view.caret.x},${view.caret.y}`);
      }
    }
  }
});

test("layOut puts the caret where the text is", () => {
  const parts = [{ text: "sample 日本\nab", style: "word" as const }];
  const edges = { first: "> ", rest: "  ", width: 40, color: false };
  assert.equal(layOut(parts, 9, edges), { rows: ["> sample 日本", "  ab"], caret: { x: 13, y: 0 } });
  assert.equal(layOut(parts, 12, edges).caret, { x: 4, y: 1 });
  assert.equal(layOut(parts, 10, edges).caret, { x: 2, y: 1 });
});

test("excerpt keeps the lines around the caret of a long text", () => {
  const text = "sample 3 | top 5\n".repeat(60_000);
  for (const caret of [0, 500, text.length / 2, text.length]) {
    const seen = excerpt(text, caret);
    assert.ok(seen.text.length <= LONG);
    assert.is(seen.text.slice(0, seen.caret).slice(-20), text.slice(0, caret).slice(-20));
  }
  const view = screen(busy(text), highlight(excerpt(text, text.length).text), LONG / 2, null, at(80), 24);
  assert.ok(view.status.length + view.prompt.length + view.below.length < 24);
});

test("highlight loses no character", () => {
  for (const text of ["sample perfect 10 | acts layer 7 # x", 'csv "a', "let x = `b c", "\\ ? \u0007 é", ".set seed", "a\n| b"]) {
    assert.is(highlight(text).map((part) => part.text).join(""), text);
  }
  assert.equal(highlight("top 10").map((part) => part.style), ["strong", "word", "number"]);
});

test("progressLine says as much as fits", () => {
  assert.is(progressLine(event, 100, false, String), "acts layer 7 last 50  ██████░░░░ 640/1,000 texts  3.1k tok/s  0:12<0:07");
  assert.is(progressLine({ ...event, stage: 'csv "t.csv"', unit: "rows" }, 100, false, String), 'csv "t.csv"  ██████░░░░ 640/1,000 rows  3.1k rows/s  0:12<0:07');
  const work = { ...event, stage: "join a on k", unit: "work", documents: 0.64, totalDocuments: 1 } as const;
  assert.is(progressLine(work, 100, false, String), "join a on k  ██████░░░░ 64%  0:12<0:07");
  assert.is(progressLine({ ...work, documents: 0, etaSeconds: null }, 100, false, String), "join a on k  0:12");
  assert.is(progressLine({ ...work, documents: 0, etaSeconds: null }, 10, true, String), "join a on~");
  assert.is(progressLine(event, 50, true, String), "acts layer 7 last 50  640/1,000 texts  0:12<0:07");
  for (let width = 8; width < 90; width++) assert.ok(cells(progressLine(event, width, false, String)) <= width);
});

test("look follows flags, NO_COLOR, FORCE_COLOR and the terminal, in this order", () => {
  const tty = { isTTY: true, columns: 90 };
  const auto = { color: "auto", ascii: false } as const;
  assert.equal(look(tty, {}, auto), { color: true, width: 90, ascii: false, tty: true });
  assert.not(look(tty, { NO_COLOR: "1", FORCE_COLOR: "1" }, auto).color);
  assert.ok(look({}, { FORCE_COLOR: "1" }, auto).color);
  assert.ok(look({}, { NO_COLOR: "1" }, { ...auto, color: "always" }).color);
  assert.not(look(tty, { TERM: "dumb" }, auto).color);
  assert.ok(look(tty, { LANG: "C" }, auto).ascii);
  assert.is(paint("error", "x", false), "x");
  assert.ok(wantsPlain({ ACCESSIBLE: "1" }) && wantsPlain({ TERM: "dumb" }) && wantsPlain({ INK_SCREEN_READER: "true" }) && !wantsPlain({ TERM: "xterm" }));
});

test.run();
