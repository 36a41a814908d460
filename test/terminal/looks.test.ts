/** Without this file the REPL would be tried at one size, in one set of colours, by people who see the screen as its authors do. */
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fileURLToPath } from "node:url";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, FAKE, key, live, startSaeq } from "./saeq.ts";
import { clear, shows } from "./scenario.ts";
import type { Terminal } from "./terminal.ts";

const folder = ownFolder();
test.after(closeAll);
const examples = fileURLToPath(new URL("../../examples", import.meta.url));

/** Colours and marks of the cells in use: palette numbers, "default" or "rgb". */
function coloursOf(terminal: Terminal): { readonly text: Set<string>; readonly ground: Set<string> } {
  const text = new Set<string>();
  const ground = new Set<string>();
  const buffer = terminal.emulator.buffer.active;
  for (let y = 0; y < buffer.length; y++) {
    const line = buffer.getLine(y);
    for (let x = 0; x < terminal.emulator.cols; x++) {
      const cell = line?.getCell(x);
      if (cell === undefined || cell.getChars() === "") continue;
      text.add(cell.isFgDefault() ? "default" : cell.isFgPalette() ? String(cell.getFgColor()) : "rgb");
      ground.add(cell.isBgDefault() ? "default" : cell.isBgPalette() ? String(cell.getBgColor()) : "rgb");
    }
  }
  return { text, ground };
}

async function tour(repl: Terminal): Promise<void> {
  await repl.until(/saeq[›>]/);
  for (const [query, shown] of [
    ["perfect | take 3 | acts layer 7 | top 5", "feature  count"],
    ["groups a = (sample perfect 5), b = (sample non_perfect 5) | acts layer 7 | hist l0 overlay", "y: tokens"],
    ["perfect | actz layer 7", "unknown-stage"],
  ] as const) {
    repl.type(query);
    await repl.until(query);
    repl.type("\r");
    await repl.until((screen) => live(screen).length <= 2 && screen.some((row) => row.includes(shown)));
  }
  repl.type("sa");
  await repl.until((screen) => /^saeq[›>] sa/.test(live(screen)[0] ?? ""));
  repl.type("\t");
  await repl.until(/^ {2}save/m);
}

test("on light and dark grounds: no ground of its own but for what is chosen, and only the sixteen colours that people set", async () => {
  const repl = startSaeq(folder, { args: ["--seed", "1", "--no-history"], rows: 40, columns: 120 });
  await tour(repl);
  repl.type("\t");
  await repl.until(/▸/);
  const { text, ground } = coloursOf(repl);
  assert.equal([...ground], ["default"]);
  assert.ok(text.size > 3, [...text].join());
  // White and black would vanish on one of the two.
  assert.equal([...text].filter((one) => one !== "default" && !/^([1-6]|9|1[0-4])$/.test(one)), []);
});

test("NO_COLOR: not one colour, and what colour said is said in signs", async () => {
  const repl = startSaeq(folder, { args: ["--seed", "1", "--no-history"], rows: 40, columns: 120, env: { NO_COLOR: "1" } });
  await tour(repl);
  repl.type("\t");
  await repl.until(/▸/);
  assert.not.match(repl.bytes(), /\x1b\[(?!0?m)[\d;]*m/);
  const shown = repl.everything().join("\n");
  assert.match(shown, /[▓█░▒].*/);
  assert.match(shown, /error\[unknown-stage\]/);
});

test("a locale without UTF-8 gets ASCII", async () => {
  const repl = startSaeq(folder, { args: ["--seed", "1", "--no-history"], rows: 40, columns: 120, env: { LANG: "C", LC_ALL: "C" } });
  await tour(repl);
  for (const row of repl.everything()) assert.not.match(row, /[^\x20-\x7e]/);
});

for (const term of ["tmux-256color", "screen-256color", "xterm", "linux", "vt100"]) {
  test(`TERM=${term}: the prompt stands and answers`, async () => {
    const repl = startSaeq(folder, { program: FAKE, args: ["--no-history"], env: { TERM: term, TMUX: "/tmp/tmux-0/default,1,0" } });
    await repl.until("saeq›");
    repl.type("sample 3");
    await shows(repl, ["saeq› sample 3"]);
    // Where pastes are not marked, Enter right behind a character is taken for a part of one.
    await sleep(100);
    repl.type(key.enter);
    await repl.until("3×2");
    await shows(repl, ["saeq›"]);
  });
}

test("20 columns: one sign for a prompt, records for tables, and no row is wider", async () => {
  const repl = startSaeq(examples, { args: ["--seed", "1", "--no-history"], columns: 20, rows: 12 });
  await repl.until("›");
  repl.type("perfect | take 1 | select perfect_match, matching_tokens");
  await repl.until((screen) => live(screen).map((row) => row.trim()).join("").endsWith("matching_tokens"));
  assert.ok(live(repl.screen()).length < 12);
  repl.type("\r");
  await repl.until(/── row 1 ─+\n[^]*matching_t… 50|── row 1 ─+\n[^]*\b50/);
  await repl.until((screen) => live(screen)[0] === "›");
  assert.ok(repl.everything().every((row) => row.length <= 20));
});

let small: Terminal;
test.before(() => void (small = startSaeq(folder, { program: FAKE, args: ["--no-history"], columns: 60, rows: 8 })));

for (const [columns, rows] of [[60, 8], [60, 5], [60, 3], [30, 4], [20, 6], [60, 2], [200, 3]] as const) {
  test(`${columns}×${rows}: menu, long text and search stay shorter than the window`, async () => {
    small.resize(columns, rows);
    await small.until((screen) => screen.some((row) => row !== ""));
    await clearSmall();
    small.type("s");
    await small.until((screen) => /[›>] s$/.test(live(screen)[0] ?? ""));
    small.type("\t\t");
    await small.until((screen) => /[›>] sampl/.test(live(screen)[0] ?? ""));
    await clearSmall();
    small.paste("ab cd |\n".repeat(15));
    await small.until(/ mo|·|ab/);
    small.type(key.ctrl("a") + key.up + key.up);
    small.type(key.ctrl("r"));
    await small.until("history:".slice(0, columns - 3));
    small.type(key.escape);
    await small.until((screen) => !screen.some((row) => row.startsWith("hist")));
    await clearSmall();
    // Nothing of the live region was pushed out of the window above.
    const gone = small.everything().slice(0, -rows).filter((row) => /^(saeq)?[›>] |history|sample|more rows/.test(row));
    assert.equal(gone, []);
  });
}

async function clearSmall(): Promise<void> {
  small.type("\x03\x03\x03");
  await small.until((screen) => /^(saeq)?[›>]$/.test(live(screen)[0] ?? ""));
}

test("a window that is dragged about lays the text out anew each time, at every width", async () => {
  small.resize(80, 24);
  await clear(small);
  const text = `x${"1 2 3 4 5 6 7 8 9 ".repeat(5)}y`;
  small.type(text);
  await small.until((screen) => live(screen).join("").includes("y"));
  for (const columns of [70, 55, 42, 30, 45, 60, 90, 100]) {
    small.resize(columns, 24);
    const room = columns - (columns < 40 ? 2 : 6) - 1;
    await small.until((screen) => live(screen)[0] === `${columns < 40 ? "› " : "saeq› "}${text.slice(0, room)}`.trimEnd(), `${columns} columns`);
  }
  small.type("z");
  await small.until((screen) => live(screen).join("").endsWith("yz"));
  assert.ok(small.screen()[small.cursor()[1]]?.slice(0, small.cursor()[0]).endsWith("yz"));
  await clear(small);
});

test.run();
