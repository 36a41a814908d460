/** Without this file nobody would know what is on screen while a query runs, is stopped, or dies. */
import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, enter, FAKE, key, live, startSaeq } from "./saeq.ts";
import { play, shows } from "./scenario.ts";
import type { Terminal } from "./terminal.ts";

const { ctrl } = key;
const folder = ownFolder();
const idle = ["saeq›"];

/** Processes started by one, and by those. */
function below(pid: number): number[] {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((each) => parentOf(each) === pid);
  return [...children, ...children.flatMap(below)];
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
  } catch {
    return 0;
  }
}

const times = (text: string, part: string): number => text.split(part).length - 1;

test("a real query: progress, the finished stage and the table, once", async () => {
  const repl = startSaeq(folder, { args: ["--seed", "1", "--no-history"] });
  await repl.until("saeq›");
  // Enough to be worth a line on fast machines too.
  repl.type("sample perfect 80 | acts layer 7 last 50 | top 3\r");
  await repl.until(/feature +count +mean +max/);
  await shows(repl, idle);
  const rows = repl.everything();
  assert.is(rows.filter((row) => row === "saeq› sample perfect 80 | acts layer 7 last 50 | top 3").length, 1);
  assert.is(rows.filter((row) => /^acts layer 7.* texts, .* tokens/.test(row)).length, 1);
  assert.is(rows.filter((row) => /^feature +count/.test(row)).length, 1);
  assert.is(rows.filter((row) => /^saeq›$/.test(row)).length, 1);

  // The engine is a process of its own: killed, it is one error, and the next query starts another.
  const engines = below(repl.pid);
  assert.ok(engines.length > 0);
  repl.type("sample perfect 160 draw 3 | acts layer 7 | top 3\r");
  // Processes that wait are only replaced: one has to have a batch in hand.
  await repl.until(/[1-9]\d*\/160 texts/);
  for (const pid of below(repl.pid)) process.kill(pid, "SIGKILL");
  await repl.until("engine-died");
  await shows(repl, idle);
  repl.type("sample perfect 4 | acts layer 7 first 9 | top 2\r");
  await repl.until(/first 9 \| top 2\n(.*\n)*feature +count/);
  await shows(repl, idle);
  repl.type("| top 1\r");
  await repl.until("top 1  features");
  repl.type(ctrl("d"));
  assert.is((await repl.exit).code, 0);
  assert.equal(engines.filter((pid) => parentOf(pid) === repl.pid), []);
});

let repl: Terminal;
test.before(async () => {
  repl = startSaeq(folder, { program: FAKE, args: ["--no-history"] });
  await repl.until("saeq›");
});
test.after(closeAll);
const fresh = async (): Promise<void> => {
  repl.type("\x0c");
  await repl.until((screen) => screen[0] === "saeq›" && live(screen).length === 1);
};

test("the first moments are quiet, then one line says how far it is, with rate and time left", async () => {
  await fresh();
  await enter(repl, "slow 60");
  await repl.until(/^acts layer 7 last 50 {2}[█░]{10} \d+\/60 texts {2}2\.5k tok\/s {2}0:0\d<0:0\d$/m);
  assert.not.match(repl.screen().join("\n"), /acts.*\b[1-9]\/60/);
  await repl.until((screen) => screen.some((row) => row.includes("3×2")) && !screen.some((row) => row.includes("/60 texts")));
});

test("typing goes on while it runs, and what is entered waits its turn", async () => {
  await fresh();
  await enter(repl, "slow 60");
  await repl.until("/60 texts");
  repl.type("top 5");
  await shows(repl, ["saeq› top 5"]);
  repl.type(key.enter);
  await repl.until("next: top 5");
  repl.type("abc");
  await repl.until(/saeq› top 5\n(table|top)/);
  await shows(repl, ["saeq› abc"], [9, 0]);
  repl.type(ctrl("c"));
  await shows(repl, idle);
});

test("Ctrl-C once stops after the batch, empties the queue and says how far it came", async () => {
  await fresh();
  await enter(repl, "slow 400", "top 5");
  await repl.until(/\/400 texts[^]*next: top 5/);
  repl.type(ctrl("c"));
  await repl.until(/cancelled after \d+\/400 texts/);
  await shows(repl, idle);
  assert.not.match(repl.screen().join("\n"), /^saeq› top 5/m);
});

test("Ctrl-C while a text is being typed stops the run and keeps the text", async () => {
  await fresh();
  await enter(repl, "slow 400");
  await repl.until("/400 texts");
  repl.type("abc");
  await shows(repl, ["saeq› abc"]);
  repl.type(ctrl("c"));
  await repl.until(/cancelled after/);
  await shows(repl, ["saeq› abc"], [9, 0]);
  repl.type(ctrl("c"));
  await shows(repl, idle);
});

test("Ctrl-C twice ends a stubborn engine", async () => {
  await fresh();
  await enter(repl, "stubborn; slow 900");
  await repl.until("running");
  repl.type(ctrl("c"));
  await repl.until("Ctrl-C again kills the engine");
  repl.type(ctrl("c"));
  await repl.until(/^cancelled/m);
  await enter(repl, "sample 3");
  await repl.until("3×2");
});

test("Ctrl-C in the menu, the search and with Esc before while something runs", async () => {
  for (const open of ["s\t", ctrl("r"), key.escape]) {
    await fresh();
    await enter(repl, "slow 400");
    await repl.until("/400 texts");
    repl.type(open);
    if (open !== key.escape) await repl.until(open === "s\t" ? /^ {2}sample/m : "history:");
    repl.type(ctrl("c"));
    await repl.until(/cancelled after/);
    await repl.until((screen) => live(screen)[0]?.startsWith("saeq›") === true);
    repl.type(`${ctrl("u")}`);
    await shows(repl, idle);
  }
});

test("Ctrl-D while something runs says what to do", async () => {
  await fresh();
  await enter(repl, "slow 400");
  await repl.until("/400 texts");
  repl.type(ctrl("d"));
  await shows(repl, ["saeq›", "  still running: Ctrl-C cancels"]);
  repl.type(".cancel\r");
  await repl.until(/cancelled after/);
  await shows(repl, idle);
});

test("a window that changes its size while something runs", async () => {
  await fresh();
  await enter(repl, "slow 400");
  await repl.until("/400 texts");
  for (const [columns, rows] of [[40, 10], [20, 6], [100, 30], [80, 24]] as const) {
    repl.resize(columns, rows);
    repl.type("x");
    await repl.until((screen) => screen.every((row) => row.length <= columns) && live(screen).length > 0 && screen.some((row) => /%|\/400/.test(row)));
    repl.type(key.backspace);
  }
  repl.type(ctrl("c"));
  await repl.until(/cancelled after/);
  await shows(repl, idle);
  assert.is(repl.screen().filter((row) => /^saeq›$/.test(row)).length, 1);
});

test("a mistake has its line and caret, and Tab puts the fix in", async () => {
  await fresh();
  repl.type("sample 3 | actz layer 7\r");
  await repl.until(/1 │ sample 3 \| actz layer 7\n +│ \^+/);
  await play(repl, [["\t", ["saeq› sample 3 | acts layer 7"]]]);
  repl.type(ctrl("c"));
  await shows(repl, idle);
});

test("a bug, a dead engine and a note are one line each, and the prompt lives", async () => {
  await fresh();
  await enter(repl, "explode", "die", "note");
  await repl.until(/bug: boom[^]*engine-died[^]*note: seed 42[^]*3×2/);
  await shows(repl, idle);
});

test("results longer than the window stand whole in what can be scrolled back to", async () => {
  const before = repl.bytes().length;
  for (let i = 0; i < 20; i++) await enter(repl, "?acts");
  await enter(repl, "sample 3 # end");
  await repl.until(/sample 3 # end\ntable/);
  await shows(repl, idle);
  const rows = repl.everything();
  assert.is(rows.filter((row) => row === "saeq› ?acts").length, 20);
  assert.is(rows.filter((row) => row === "reads activations").length, 20);
  // Only Ctrl-L clears what is seen, and nothing ever clears what was scrolled away.
  assert.is(times(repl.bytes(), "\x1b[3J"), 0);
  assert.is(times(repl.bytes().slice(before), "\x1b[2J") + times(repl.bytes().slice(before), "\x1b[H"), 0);
});

test.run();
