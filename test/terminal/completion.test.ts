/** Without this file the menu, history and suggestions would be right in their reducers and wrong on a terminal. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, key, live, startSaeq } from "./saeq.ts";
import { clear, play, shows, type Scenario } from "./scenario.ts";
import type { Terminal } from "./terminal.ts";

const { ctrl } = key;
const stageRow = (name: string, chosen = false): RegExp => new RegExp(`^${chosen ? "▸" : " "} ${name} {2,}\\S`);
const empty = ["saeq›"];

const scenarios: readonly Scenario[] = [
  { name: "the only completion goes in with a blank", steps: [["sam", ["saeq› sam"]], [key.tab, ["saeq› sample", /^ {2}sample </], [13, 0]]] },
  { name: "several are offered, Tab and the arrows choose, Shift-Tab goes back", steps: [["sa", ["saeq› sa"]], [key.tab, ["saeq› sa", stageRow("sample"), stageRow("save")], [8, 0]], [key.tab, ["saeq› sample", stageRow("sample", true), stageRow("save")], [12, 0]], [key.down, ["saeq› save", stageRow("sample"), stageRow("save", true)]], [key.shiftTab, ["saeq› sample", stageRow("sample", true), stageRow("save")]], [key.up, ["saeq› save"]]] },
  { name: "Enter takes the choice and runs nothing", steps: [["sa", ["saeq› sa"]], [key.tab + key.tab, ["saeq› sample", stageRow("sample", true)]], [key.enter, ["saeq› sample"], [13, 0]]] },
  { name: "Esc goes back to what was typed", steps: [["sa", ["saeq› sa"]], [key.tab + key.tab, ["saeq› sample", stageRow("sample", true)]], [key.escape, ["saeq› sa"], [8, 0]]] },
  { name: "Ctrl-C closes the menu with the line", steps: [["sa", ["saeq› sa"]], [key.tab, ["saeq› sa", stageRow("sample")]], [ctrl("c"), empty, [6, 0]]] },
  { name: "typing goes on from the choice", steps: [["sa", ["saeq› sa"]], [key.tab + key.tab, ["saeq› sample", stageRow("sample", true)]], [" 5", ["saeq› sample 5"], [14, 0]]] },
  { name: "columns of the input are offered with their types", steps: [["perfect | where mat", [/where mat/]], [key.tab, ["saeq› perfect | where match", /^/, / matching_tokens +int/], [27, 0]]] },
  { name: "where nothing fits it says so", steps: [["xqz", ["saeq› xqz"]], [key.tab, ["saeq› xqz", "  nothing to complete here"]]] },
  { name: "more than six are counted", steps: [["perfect | ", ["saeq› perfect |"]], [key.tab, ["saeq› perfect |", /^ {2}\w/, /^ {2}\w/, /^ {2}\w/, /^ {2}\w/, /^ {2}\w/, /^ {2}\w.* 6\/\d\d$/]]] },
  { name: "dot commands complete", steps: [[".he", ["saeq› .he"]], [key.tab, ["saeq› .help"], [12, 0]]] },
  { name: "Up and Down walk what was typed", steps: [[key.up, ["saeq› take 3 # c"]], [key.up, ["saeq› .mode b"]], [key.up, ["saeq› .mode a"]], [key.up, ["saeq› .mode a"]], [key.down, ["saeq› .mode b"]], [key.down + key.down, empty]] },
  { name: "with text before the caret only what begins so", steps: [[".mode", [/^saeq› \.mode/]], [key.up, ["saeq› .mode b"]], [key.up, ["saeq› .mode a"]], [key.down + key.down, [/^saeq› \.mode/], [11, 0]]] },
  { name: "the grey suggestion is taken by Right, a word by Alt-Right", steps: [["ta", ["saeq› take 3 # c"], [8, 0]], [key.altRight, ["saeq› take 3 # c"], [10, 0]], [key.right, ["saeq› take 3 # c"], [16, 0]]] },
  { name: "Ctrl-R finds letters in order, again goes back, Enter takes and does not run", steps: [[ctrl("r"), ["history:"]], ["mode", ["history: mode", /^[ ▸] \.mode b/], [13, 0]], [ctrl("r"), ["history: mode", /\.mode/]], [key.enter, ["saeq› .mode a"], [13, 0]]] },
  { name: "Esc leaves the search and the line as it was", steps: [["xa", ["saeq› xa"]], [ctrl("r"), ["history:"]], ["zzz", ["history: zzz", "  no match"]], [key.escape, ["saeq› xa"], [8, 0]]] },
  { name: "Ctrl-C leaves the search", steps: [[ctrl("r"), ["history:"]], [ctrl("c"), empty]] },
];

const folder = ownFolder();
const file = join(folder, "saeq/history.jsonl");
mkdirSync(join(folder, "saeq"));
writeFileSync(file, [".mode a", ".mode b", "take 3 # c"].map((text) => `${JSON.stringify({ text, time: 1, cwd: "/", ok: true, ms: 1 })}\n`).join("") + "not an entry\n");
let terminal: Terminal;
test.before(async () => {
  terminal = startSaeq(folder);
  await terminal.until("saeq›");
  terminal.type(" .ls\r");
  await terminal.until("nothing is named yet");
});
test.after(closeAll);

for (const { name, steps } of scenarios) {
  test(name, async () => {
    try {
      await play(terminal, steps);
    } finally {
      await clear(terminal);
    }
  });
}

test("what runs is written for the next session, private lines are not, and only the owner may read it", async () => {
  terminal.type(" .rows 7\r");
  await terminal.until("7 rows are printed");
  terminal.type(".rows 8\r");
  await terminal.until("8 rows are printed");
  // What was answered is written down a moment later.
  let written = readFileSync(file, "utf8");
  for (let tries = 0; tries < 200 && !written.includes('".rows 8"'); tries++) {
    await sleep(20);
    written = readFileSync(file, "utf8");
  }
  assert.match(written, '".rows 8"');
  assert.not.match(written, ".rows 7");
  assert.not.match(written, ".ls");
  const next = startSaeq(folder);
  await next.until("saeq›");
  next.type(key.up);
  await shows(next, ["saeq› .rows 8"]);
  const fresh = ownFolder();
  const first = startSaeq(fresh);
  await first.until("saeq›");
  first.type(".rows 9\r");
  await first.until("9 rows are printed");
  first.type(".ls\r");
  await first.until("nothing is named yet");
  assert.is(statSync(join(fresh, "saeq/history.jsonl")).mode & 0o777, 0o600);
});

test("a Tab before the language is loaded is answered when it is", async () => {
  const early = startSaeq(ownFolder(), { args: ["--no-history"] });
  await early.until("saeq›");
  early.type("sam\t");
  await shows(early, ["saeq› sample"], [13, 0]);
});

test("a history from elsewhere cannot reach the terminal", async () => {
  const bad = ownFolder();
  mkdirSync(join(bad, "saeq"));
  const text = "top 3 \x1b]0;title\x07\x1b[2J\u202e\u009b31m# e";
  writeFileSync(join(bad, "saeq/history.jsonl"), `${JSON.stringify({ text, time: 1, cwd: "/", ok: true, ms: 1 })}\n`);
  const repl = startSaeq(bad);
  await repl.until("saeq›");
  const before = repl.bytes().length;
  repl.type("top");
  await repl.until((screen) => live(screen)[0]?.startsWith("saeq› top") === true);
  repl.type(key.right);
  await repl.until((screen) => live(screen)[0]?.endsWith("# e") === true);
  repl.type("\x03");
  await shows(repl, empty);
  repl.type(key.up);
  await repl.until((screen) => live(screen)[0]?.endsWith("# e") === true);
  repl.type("\x03");
  await shows(repl, empty);
  repl.type(ctrl("r"));
  await repl.until((screen) => live(screen)[1]?.endsWith("# e") === true);
  assert.not.match(repl.bytes().slice(before), /\x1b\]0|\x07|\x1b\[2J|[\u202e\u0080-\u009f]/);
});

test.run();
