/** Without this file it would be believed, not seen, that data cannot take over the terminal it is shown on. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, enter, live, startSaeq } from "./saeq.ts";
import type { Terminal } from "./terminal.ts";

const folder = ownFolder();
test.after(closeAll);

/** What the text holds, and what must be seen of it instead. */
const cells: readonly (readonly [name: string, text: string, seen: string])[] = [
  ["OSC-8 links", "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "\\u{1B}]8;;http://evil\\u{1B}\\click"],
  ["OSC-52 clipboard", "\x1b]52;c;ZXZpbA==\x07", "\\u{1B}]52;c;ZXZpbA==\\u{07}"],
  ["OSC-0 titles", "\x1b]0;evil\x07", "\\u{1B}]0;evil\\u{07}"],
  ["DCS", "\x1bPq#0;2;0;0;0~\x1b\\", "\\u{1B}Pq#0;2;0;0;0~"],
  ["C1 controls", "\x9b2J\x9d0;x\x9c", "\\u{9B}2J\\u{9D}0;x\\u{9C}"],
  ["clearing the screen and what was scrolled away", "\x1b[2J\x1b[3J\x1bc", "\\u{1B}[2J\\u{1B}[3J\\u{1B}c"],
  ["questions to the terminal", "\x1b[6n\x1b[c\x05", "\\u{1B}[6n\\u{1B}[c\\u{05}"],
  ["the alternate screen and a hidden cursor", "\x1b[?1049h\x1b[?25l", "\\u{1B}[?1049h"],
  ["BEL, BS, CR", "a\x07b\b\bc\rd", "a\\u{07}b\\u{08}\\u{08}c␍d"],
  ["line ends and tabs", "a\nb\tc", "a␤b␉c"],
  ["bidi overrides", "\u202egnp.exe\u202c\u2066x\u2069", "\\u{202E}gnp.exe\\u{202C}"],
  ["tag characters", "a\u{e0041}\u{e0042}b", "a\\u{E0041}\\u{E0042}b"],
  ["joiners and invisible blanks", "a\u200bb\u200dc\ufeffd", "a\\u{200B}b\\u{200D}c\\u{FEFF}d"],
  ["ten thousand accents", `z${"\u0301".repeat(10_000)}y`, "z\u0301\u0301"],
  ["wide characters", "日本語テキスト", "日本語テキスト"],
];

let repl: Terminal;
let titles = 0;
let bells = 0;
test.before(async () => {
  mkdirSync(join(folder, "data"));
  cells.forEach(([, text], i) => writeFileSync(join(folder, "data", `h${i}.csv`), `label,"${text.replaceAll('"', '""')}",n\nfirst,"${text.replaceAll('"', '""')}",12345\nsecond,plain,7\n`));
  repl = startSaeq(folder, { args: ["--no-history"], columns: 100, rows: 30 });
  repl.emulator.onTitleChange(() => void titles++);
  repl.emulator.onBell(() => void bells++);
  await repl.until("saeq›");
});

cells.forEach(([name, , seen], i) => {
  test(`a table of ${name}: seen, in line, and the terminal as it was`, async () => {
    const before = repl.bytes().length;
    await enter(repl, `csv "data/h${i}.csv"`);
    const screen = await repl.until((rows) => rows.indexOf(`saeq› csv "data/h${i}.csv"`) >= 0 && rows.findLastIndex((row) => /^second +plain +7$/.test(row)) > rows.indexOf(`saeq› csv "data/h${i}.csv"`) && live(rows).length === 1);
    const table = screen.slice(screen.findLastIndex((row) => row.startsWith("label")));
    assert.ok(table.slice(0, 3).join("\n").includes(seen), table.join("\n"));
    // The numbers end in one column, measured by the terminal's own cells.
    const buffer = repl.emulator.buffer.active;
    const top = buffer.baseY + screen.findLastIndex((row) => row.startsWith("label"));
    const ends = [1, 2, 3].map((row) => {
      for (let x = repl.emulator.cols - 1; x >= 0; x--) if ((buffer.getLine(top + row)?.getCell(x)?.getChars() ?? "").trim() !== "") return x;
      return -1;
    });
    if (name !== "ten thousand accents") assert.equal(new Set(ends).size, 1, `${ends.join()}\n${table.join("\n")}`);
    // What saeq itself writes is the only control there is.
    const ours = /\x1b\[(?:\?(?:2004|2026)[hl]|\?25[hl]|[\d;]*[mABCDEGHJK])|\r|\n/g;
    const foreign = /.{0,20}[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\u200d\ufeff].{0,20}/.exec(repl.bytes().slice(before).replace(ours, ""));
    assert.is(foreign === null ? "" : JSON.stringify(foreign[0]), "");
    // A window is only cleared from the cursor down.
    assert.not.match(repl.bytes().slice(before), /\x1b\[[23]J/);
    repl.type("\x0c");
    await repl.until((rows) => rows[0] === "saeq›");
  });
});

test("hostile names of files, in errors and where there is a file", async () => {
  const name = "x\x1b[31m\x07\u202e.csv";
  writeFileSync(join(folder, name), "a\n1\n");
  await enter(repl, 'csv "no\\u{1B}[2J\\u{07}such\\u{202E}.csv"');
  await repl.until("missing-file");
  await repl.until((rows) => live(rows).length <= 2);
  await enter(repl, 'csv "x\\u{1B}[31m\\u{07}\\u{202E}.csv"');
  await repl.until(/^a\n─+?\n *1$/m);
  assert.not.match(repl.bytes(), /\u202e|\x1b\[2J/);
});

test("nothing rang, renamed the window, moved to another screen or was answered", async () => {
  assert.is(bells, 0);
  assert.is(titles, 0);
  assert.is(repl.emulator.buffer.active.type, "normal");
  assert.equal(repl.leftOn().filter((mode) => mode !== "bracketed paste" && mode !== "hidden cursor"), []);
  repl.type("x");
  await repl.until((rows) => live(rows)[0] === "saeq› x");
});

test.run();
