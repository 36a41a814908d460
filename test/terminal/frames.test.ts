/** Without this file the screen could flicker unnoticed: frames and bytes that one key costs, counted. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, key, live, startSaeq } from "./saeq.ts";
import type { Terminal } from "./terminal.ts";

test.after(closeAll);
const FRAME = "\x1b[?2026h";
/** What Ink writes around the changed row: hide and show the cursor, move it, mark the update. */
const FRAMING = 120;

let repl: Terminal;
test.before(async () => {
  const folder = ownFolder();
  mkdirSync(join(folder, "saeq"));
  writeFileSync(join(folder, "saeq/history.jsonl"), Array.from({ length: 10_000 }, (_, i) => `${JSON.stringify({ text: `zz ${i} | where matching_tokens > ${i}`, time: i, cwd: "/", ok: true, ms: 1 })}\n`).join(""));
  repl = startSaeq(folder, { rows: 40 });
  await repl.until("saeq›");
  // Loaded: nothing but keys changes the screen from here on.
  repl.type(" .ls\r");
  await repl.until("nothing is named yet");
});

/** Frames and bytes that a key costs until the screen is as wanted. */
async function cost(input: string, wanted: (rows: readonly string[]) => boolean): Promise<{ readonly frames: number; readonly bytes: number }> {
  const before = repl.bytes().length;
  repl.type(input);
  await repl.until((screen) => wanted(live(screen)), `what ${JSON.stringify(input)} does`);
  const written = repl.bytes().slice(before);
  return { frames: written.split(FRAME).length - 1, bytes: Buffer.byteLength(written) };
}

test("one frame and the changed row for a key, at the end of twenty lines with ten thousand entries of history", async () => {
  // Right statements, and a comment that is typed: what is told of mistakes while one pauses would be frames of its own.
  const lines = Array.from({ length: 19 }, (_, i) => `let yy_${i} = sample perfect ${i + 1}`);
  repl.paste(`${lines.join("\n")}\n`);
  await repl.until((screen) => live(screen).length >= 20);
  let typed = "";
  for (const letter of "# yy_19 | where q == 1") {
    typed += letter;
    // The row alone does not show that a blank has arrived.
    const { frames, bytes } = await cost(letter, (rows) => rows[19] === `    · ${typed}`.trimEnd() && repl.cursor()[0] === 6 + typed.length);
    assert.ok(frames <= 1, `${frames} frames for ${JSON.stringify(letter)}`);
    assert.ok(bytes <= FRAMING + 12 * (typed.length + 6), `${bytes} bytes for ${JSON.stringify(letter)}`);
  }
  const { frames, bytes } = await cost(key.left, () => repl.cursor()[0] === 6 + typed.length - 1);
  assert.ok(frames <= 1 && bytes <= FRAMING, `${frames} frames, ${bytes} bytes for Left`);
  repl.type("\x03");
  await repl.until((screen) => live(screen)[0] === "saeq›");
});

test("a blank costs as little as a letter, and a menu no more than its rows", async () => {
  for (const [input, wanted, most] of [
    ["s", "saeq› s", 200],
    ["a", "saeq› sa", 200],
  ] as const) {
    const { frames, bytes } = await cost(input, (rows) => rows[0]?.startsWith(wanted) === true);
    assert.ok(frames <= 1 && bytes <= most, `${frames} frames, ${bytes} bytes`);
  }
  const menu = await cost(key.tab, (rows) => rows.length >= 3);
  assert.ok(menu.frames <= 1 && menu.bytes <= 3 * 160, `${menu.frames} frames, ${menu.bytes} bytes for the menu`);
  repl.type("\x03");
  await repl.until((screen) => live(screen)[0] === "saeq›" && live(screen).length === 1);
});

test("fifty keys at once are fewer frames, never more", async () => {
  const { frames } = await cost("x".repeat(50), (rows) => rows[0] === `saeq› ${"x".repeat(50)}`);
  assert.ok(frames <= 3, `${frames} frames`);
  repl.type("\x03");
  await repl.until((screen) => live(screen)[0] === "saeq›");
});

test("while nothing happens nothing is written", async () => {
  await repl.until((screen) => live(screen)[0] === "saeq›");
  const before = repl.bytes().length;
  // Longer than any timer of the REPL: a tick, a debounce, the blink of a cursor.
  await new Promise((done) => setTimeout(done, 1500));
  assert.is(repl.bytes().slice(before), "");
});

test("a megabyte is pasted: it runs nothing, one undo takes it away, and keys stay keys", async () => {
  const line = "sample perfect 3 | acts layer 7 | top 10\r\n";
  const printed = repl.everything().length;
  repl.paste(line.repeat(Math.ceil(1e6 / line.length)));
  await repl.until((screen) => /pasted [\d,]+ lines|more rows/.test(live(screen).join("\n")));
  repl.type("x");
  repl.type(key.backspace);
  repl.type(key.ctrl("z"));
  repl.type(key.ctrl("z"));
  repl.type(key.ctrl("z"));
  await repl.until((screen) => live(screen)[0] === "saeq›" && live(screen).length === 1);
  repl.type("y");
  await repl.until((screen) => live(screen)[0] === "saeq› y");
  assert.ok(Math.abs(repl.everything().length - printed) <= 40);
  assert.not.match(repl.everything().join("\n"), /feature +count|error/);
});

test.run();
