/** Without this file Ink, the keys and the reducer would only ever meet in front of a user. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openDialogue } from "../../repl/dialogue.ts";
import { look } from "../../repl/terminal.ts";
import { createSession } from "./fake_session.ts";

process.env["CI"] = "false";
process.env["NODE_ENV"] = "production";
const { runRepl } = await import("../../repl/terminal_repl.ts");
const folder = mkdtempSync(join(tmpdir(), "saeq-app-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A REPL on streams of our own; `until` waits for a text in the newest frame. */
function start(columns = 80, rows = 24) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, isRaw: false, setRawMode: () => stdin, ref: () => stdin, unref: () => stdin }) as unknown as NodeJS.ReadStream & PassThrough;
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns, rows }) as unknown as NodeJS.WriteStream & PassThrough;
  let frame = "";
  let all = "";
  stdout.on("data", (chunk: Buffer) => {
    all += chunk.toString();
    const text = stripVTControlCharacters(chunk.toString());
    if (text.trim() !== "") frame = text;
  });
  const options = { color: "always", ascii: false } as const;
  const lookAt = (width: number) => look({ isTTY: true, columns: width, rows }, {}, options);
  const dialogue = openDialogue({
    open: () => createSession({ readFrom: folder, writeTo: folder, grants: { read: true, write: true }, params: {}, settings: { ep: "cpu" }, interactive: true }),
    look: () => lookAt(columns), cwd: folder, settings: {}, view: { mode: "table", rows: null, wide: false, time: false },
  });
  const exit = runRepl({ dialogue, look: lookAt, history: join(folder, "history.jsonl"), cwd: folder, greeting: "hello", code: null, stdin, stdout, stderr: stdout, debug: true });
  return {
    exit,
    type: (text: string) => void stdin.write(text),
    output: () => all,
    async until(text: string | RegExp): Promise<string> {
      for (const end = Date.now() + 3000; Date.now() < end; await sleep(5)) if (typeof text === "string" ? frame.includes(text) : text.test(frame)) return frame;
      throw new Error(`never saw ${text} in:\n${frame}`);
    },
  };
}

test("a query is typed, completed, run and left", async () => {
  const repl = start();
  await repl.until("saeq›");
  repl.type("sam\t");
  await repl.until(/saeq› sample *$/m);
  repl.type("perfect 10 | acts");
  await repl.until("acts layer <layer>");
  repl.type(" layer 7\r");
  const frame = await repl.until("table 3×2");
  assert.match(frame, "saeq› sample perfect 10 | acts layer 7");
  assert.match(frame, "1034");
  repl.type("\x04");
  assert.is(await repl.exit, 0);
});

test("a paste waits for Enter and a mistake offers its fix", async () => {
  const repl = start();
  await repl.until("saeq›");
  repl.type("\x1b[200~sample 3 |\r\nactz\x1b[31m layer 7\x1b[201~");
  const pasted = await repl.until("actz layer 7");
  assert.not.match(pasted, "no stage named");
  repl.type("\r");
  await repl.until("Tab applies the fix");
  assert.match(repl.output(), "no stage named `actz`");
  repl.type("\t");
  await repl.until(/· acts layer 7/);
  repl.type("\x03");
  await repl.until(/saeq› *$/m);
  repl.type(".quit\r");
  assert.is(await repl.exit, 0);
});

test("Ctrl-C cancels, twice kills, and the prompt lives through all of it", async () => {
  const repl = start(60, 12);
  await repl.until("saeq›");
  repl.type("slow 400\r");
  await repl.until("/400 texts");
  repl.type("\x03");
  await repl.until(/cancelled after \d+\/400 texts/);
  repl.type("die\r");
  await repl.until("engine-died");
  repl.type("explode\r");
  await repl.until("bug: boom");
  assert.not.match(repl.output(), "boom \x1b[31m");
  repl.type("sample 3\r");
  await repl.until("table 3×2");
  repl.type("\x04");
  await repl.exit;
});

test("dot commands, help, history and suggestions", async () => {
  const repl = start();
  await repl.until("saeq›");
  repl.type(".lss\r");
  await repl.until("did you mean `.ls`");
  repl.type("?acts\r");
  await repl.until("reads activations");
  repl.type(".mode json\r");
  await repl.until("printed as json");
  repl.type("sample 3\r");
  await repl.until('"feature":88');
  repl.type(`.save out.saeq\r`);
  await repl.until("saved out.saeq");
  repl.type("samp");
  await repl.until(/saved[^]*saeq› sample 3/);
  repl.type("\x1b[C\r");
  await repl.until(/saeq› sample 3\n[^]*saeq› sample 3\n[^]*saeq› *$/m);
  repl.type("\x12?ac");
  await repl.until("history: ?ac");
  repl.type("\x1b");
  await repl.until(/saeq› *$/m);
  repl.type("\x04");
  await repl.exit;
});

test("a mistake is told while one pauses, and F1 helps with the word at the caret", async () => {
  const repl = start();
  await repl.until("saeq›");
  repl.type("actz layer 7 | top 3");
  await repl.until("no stage named `actz`; Tab writes `acts`");
  assert.match(repl.output(), "\x1b[4m\x1b[31mactz");
  repl.type("\t");
  await repl.until("saeq› acts layer 7 | top 3");
  repl.type("\x1b[H\x1bOP");
  await repl.until("reads activations");
  repl.type("\x03\x1b[15~");
  await repl.until(/saeq› *$/m);
  repl.type("\x04");
  await repl.exit;
});

test("the editor and the pager have the terminal, and what the editor saved is on the line", async () => {
  const editor = join(folder, "editor.mjs");
  writeFileSync(editor, 'import { readFileSync, writeFileSync } from "node:fs";\nwriteFileSync(process.argv[2], readFileSync(process.argv[2], "utf8").replace("3", "9"));\n');
  process.env["VISUAL"] = `${process.execPath} ${editor}`;
  const repl = start();
  await repl.until("saeq›");
  repl.type("sample 3\r");
  await repl.until("table 3×2");
  repl.type(".edit\r");
  await repl.until(/saeq› sample 9 *$/m);
  repl.type("\x03.edit 7\r");
  await repl.until("there is no result 7");
  delete process.env["VISUAL"];
  const paged = join(folder, "paged.txt");
  const pager = join(folder, "pager.mjs");
  writeFileSync(pager, `import { writeFileSync } from "node:fs";\nlet text = "";\nfor await (const chunk of process.stdin) text += chunk;\nwriteFileSync(${JSON.stringify(paged)}, text);\n`);
  process.env["SAEQ_PAGER"] = `${process.execPath} ${pager}`;
  repl.type("long\r");
  await repl.until("Space pages through it");
  repl.type(" ");
  for (const end = Date.now() + 3000; !existsSync(paged) && Date.now() < end; ) await sleep(10);
  await sleep(20);
  assert.match(stripVTControlCharacters(readFileSync(paged, "utf8")), /^long 300 × 1\n[^]*\n *299$/m);
  delete process.env["SAEQ_PAGER"];
  await repl.until(/saeq› *$/m);
  repl.type("\x04");
  await repl.exit;
});

test("the clipboard by the terminal, a log on disk, a light theme and what is held", async () => {
  for (const name of ["DISPLAY", "WAYLAND_DISPLAY"]) delete process.env[name];
  const repl = start();
  await repl.until("saeq›");
  repl.type(".log session.txt\r");
  await repl.until("is written down");
  repl.type("sample 3\r");
  await repl.until("table 3×2");
  repl.type(".copy csv\r");
  await repl.until("asked the terminal to copy");
  const sent = /\x1b\]52;c;([A-Za-z0-9+/=]+)\x07/.exec(repl.output());
  assert.is(Buffer.from(sent?.[1] ?? "", "base64").toString(), "feature,count\n88,41\n7,12\n1034,3\n");
  repl.type(".log off\r");
  await repl.until("the log is closed");
  assert.match(readFileSync(join(folder, "session.txt"), "utf8"), /^saeq> sample 3\ntable 3×2\n[^]*1034/m);
  repl.type(".theme light\r");
  await repl.until("colours for a light background");
  repl.type(".theme dark\r");
  await repl.until("colours for a dark background");
  repl.type(".cache\r");
  await repl.until("nothing is held");
  repl.type("\x04");
  await repl.exit;
});

test("Shift-Enter adds a line where the terminal can say so", async () => {
  const repl = start();
  await repl.until("saeq›");
  assert.match(repl.output(), "\x1b[?u");
  repl.type("top 3\x1b[13;2u| show");
  await repl.until(/saeq› top 3 *\n *· \| show/);
  repl.type("\x03\x04");
  await repl.exit;
});

test("pictures are sent above the live region, below their header", async () => {
  for (const name of ["TMUX", "STY"]) delete process.env[name];
  process.env["TERM"] = "xterm-256color";
  const repl = start();
  await repl.until("saeq›");
  repl.type(".graphics auto\r");
  await repl.until("does not name itself");
  repl.type(".graphics iterm\r");
  await repl.until("the way of iterm");
  repl.type("draw\r");
  await repl.until(/plot x[^]*saeq› *$/);
  const works = await import("@resvg/resvg-js").then(() => true, () => false);
  for (const end = Date.now() + 5000; works && !repl.output().includes("1337;File") && Date.now() < end; ) await sleep(10);
  if (works) assert.match(repl.output(), /plot x[^]*\x1b\]1337;File=inline=1;size=\d+;width=\d+;preserveAspectRatio=1:[A-Za-z0-9+/=]+\x07/);
  repl.type("\x04");
  await repl.exit;
});

test.run();
