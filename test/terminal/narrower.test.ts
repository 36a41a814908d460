/** Without this file a window made narrower could leave pieces of the old prompt above the new one, or erase a result. */
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pushedDown, reflowOf } from "../../repl/views/reflow.ts";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, enter, FAKE, key, live, startSaeq } from "./saeq.ts";
import type { Terminal } from "./terminal.ts";

const folder = ownFolder();
const text = `x${"1 2 3 4 5 6 7 8 9 ".repeat(9)}actz`;

/** Everything on screen and above it as it should be: what was printed, once, then what is being typed. */
function assertWhole(repl: Terminal, printed: number, what: string): void {
  const rows = repl.everything();
  const prompts = rows.filter((row) => /^(saeq)?› ?(x1|$)/.test(row));
  assert.is(prompts.length, 1, `${what}: one prompt in\n${rows.join("\n")}`);
  assert.is(rows.filter((row) => /^(saeq)?› ?sample 3/.test(row)).length, printed, `${what}: what was printed stands in\n${rows.join("\n")}`);
  const between = rows.slice(rows.findLastIndex((row) => row.includes("1034")) + 1, rows.findLastIndex((row) => /^(saeq)?› ?(x1|$)/.test(row)));
  assert.equal(between.filter((row) => row !== ""), [], `${what}: nothing between the last result and the prompt in\n${rows.join("\n")}`);
}

/** Until nothing more is written: a frame on its way while the window changes is broken in ways that nobody can know. */
async function still(repl: Terminal): Promise<void> {
  for (let written = -1; written !== repl.bytes().length; await sleep(150)) written = repl.bytes().length;
}

test("an idle window made narrower step by step", async () => {
  const repl = startSaeq(folder, { program: FAKE, args: ["--no-history"], columns: 120, rows: 24 });
  await repl.until(/^saeq›/m);
  await enter(repl, "sample 3", "sample 3");
  await repl.until((screen) => screen.filter((row) => row.includes("3×2")).length === 2);
  repl.type(text);
  const found = (screen: readonly string[]): boolean => live(screen).at(-1)?.includes("✗") === true;
  await repl.until(found);
  for (const columns of [100, 83, 61, 50, 44, 90, 41]) {
    repl.resize(columns, 24);
    await repl.until((screen) => live(screen)[0] === `saeq› ${text.slice(0, columns - 7)}`.trimEnd() && found(screen), `${columns} columns`);
    await still(repl);
    assertWhole(repl, 2, `${columns} columns`);
  }
  // With the caret in the first of several rows, as after Home.
  repl.type(key.ctrl("a") + key.up.repeat(6));
  await repl.until((screen) => screen[repl.cursor()[1]]?.startsWith("saeq› x1") === true && found(screen), "the caret in the first row");
  await still(repl);
  repl.resize(40, 24);
  await repl.until((screen) => live(screen)[0] === `saeq› ${text.slice(0, 33)}`.trimEnd());
  assertWhole(repl, 2, "the caret in the first row");
});

test("a window made narrower while something runs", async () => {
  const repl = startSaeq(folder, { program: FAKE, args: ["--no-history"], columns: 120, rows: 24 });
  await repl.until(/^saeq›/m);
  await enter(repl, "sample 3", "sample 3");
  await repl.until((screen) => screen.filter((row) => row.includes("3×2")).length === 2);
  await enter(repl, "still");
  await repl.until("7/400 texts");
  await still(repl);
  for (const columns of [100, 70, 48, 90, 45]) {
    repl.resize(columns, 24);
    await repl.until((screen) => screen.every((row) => row.length <= columns) && screen.some((row) => row.startsWith("acts layer 7")), `${columns} columns`);
    repl.type("x");
    await repl.until((screen) => live(screen)[0] === "saeq› x");
    repl.type(key.backspace);
    await repl.until((screen) => live(screen)[0] === "saeq›");
    await still(repl);
    const rows = repl.everything();
    assert.is(rows.filter((row) => /^acts layer 7/.test(row)).length, 1, `${columns} columns: one line of progress in\n${rows.join("\n")}`);
  }
  repl.type(key.ctrl("c"));
  await repl.until(/cancelled after/);
  await repl.until((screen) => live(screen).join("") === "saeq›");
  assert.is(repl.everything().filter((row) => /^saeq›$/.test(row)).length, 1);
});

test("what a terminal does is known by the signs it gives", () => {
  const known: readonly (readonly [Record<string, string>, string])[] = [
    [{ TERM: "xterm-256color", VTE_VERSION: "7600" }, "breaks"], [{ TERM: "xterm-kitty", KITTY_WINDOW_ID: "1" }, "breaks"], [{ TERM_PROGRAM: "Apple_Terminal" }, "breaks"],
    [{ TERM: "tmux-256color", TMUX: "/tmp/tmux,1,0", XTERM_VERSION: "XTerm(379)" }, "breaks"], [{ TERM: "xterm", XTERM_VERSION: "XTerm(379)" }, "cuts"], [{ TERM: "linux" }, "cuts"], [{ TERM: "screen", STY: "1.pts" }, "cuts"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "vscode" }, "xterm.js"], [{ TERM: "xterm-256color" }, "xterm.js"],
  ];
  for (const [env, kind] of known) assert.is(reflowOf(env), kind, JSON.stringify(env));
});

test("how far the caret is pushed down: by rows broken above it, by its own, or by all others", () => {
  const frame = { widths: [99, 40, 81, 30, 79], caret: { x: 80, y: 2 } };
  assert.equal((["breaks", "cuts", "xterm.js"] as const).map((kind) => pushedDown(frame, 40, kind)), [2 + 2, 0, 2 + 1]);
  assert.is(pushedDown(frame, 200, "breaks"), 0);
  assert.is(pushedDown({ widths: [0, 5], caret: { x: 4, y: 1 } }, 5, "xterm.js"), 0);
});

test.after(closeAll);
test.run();
