/** Without this file a terminal could be left without echo, with a hidden cursor, or with a program that nobody sees. */
import { chmodSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { SAEQ, SOURCES } from "../house/program.ts";
import { closeAll, enter, environment, FAKE, key, live, startProgram, startSaeq } from "./saeq.ts";
import { shows } from "./scenario.ts";
import type { Terminal } from "./terminal.ts";

const folder = ownFolder();
test.after(closeAll);

/** saeq started by a shell that afterwards shows the state the terminal was left in, as a person's shell would find it. */
function startInShell(program: string, args = "", env: Readonly<Record<string, string>> = {}): Terminal {
  const command = `'${process.execPath}' '${program}' ${args}; echo "code $?"; stty -a; echo the end; read done`;
  return startProgram(folder, "/bin/sh", ["-c", command], { rows: 40, env });
}

/** The process under the shell. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

async function leftInOrder(shell: Terminal, code: number): Promise<void> {
  const screen = await shell.until("the end");
  const text = screen.join("\n");
  assert.match(text, `code ${code}`);
  assert.match(text, /(^|\s)icanon\b/m);
  assert.match(text, /(^|\s)echo\b/m);
  assert.match(text, /(^|\s)isig\b/m);
  assert.match(text, /(^|\s)icrnl\b/m);
  assert.equal(shell.leftOn(), []);
}

const waysOut: readonly (readonly [name: string, code: number, leave: (shell: Terminal) => void | Promise<void>])[] = [
  ["Ctrl-D on an empty line", 0, (shell) => shell.type(key.ctrl("d"))],
  ["SIGTERM while idle", 143, (shell) => void process.kill(childOf(shell.pid), "SIGTERM")],
  ["SIGHUP while idle", 143, (shell) => void process.kill(childOf(shell.pid), "SIGHUP")],
  ["SIGTERM while something runs", 143, async (shell) => {
    await enter(shell, "slow 400");
    await shell.until("/400 texts");
    process.kill(childOf(shell.pid), "SIGTERM");
  }],
  ["SIGTERM with the menu open", 143, async (shell) => {
    shell.type("s");
    await shows(shell, ["saeq› s"]);
    shell.type("\t");
    await shell.until(/^ {2}sample/m);
    process.kill(childOf(shell.pid), "SIGTERM");
  }],
  ["SIGINT from outside is a Ctrl-C, then SIGTERM", 143, async (shell) => {
    process.kill(childOf(shell.pid), "SIGINT");
    await shows(shell, ["saeq›", "  Ctrl-D or .quit leaves"]);
    shell.type("x");
    await shows(shell, ["saeq› x"]);
    process.kill(childOf(shell.pid), "SIGTERM");
  }],
];
for (const [name, code, leave] of waysOut) {
  test(`${name}: the terminal is as it was`, async () => {
    const shell = startInShell(FAKE, "--no-history");
    await shell.until("saeq›");
    await leave(shell);
    await leftInOrder(shell, code);
  });
}

test(".quit of the real thing, after a query: the terminal is as it was and nothing runs on", async () => {
  const shell = startInShell(SAEQ);
  await shell.until("saeq›");
  await enter(shell, "perfect | take 2 | acts layer 7 | top 1");
  await shell.until(/feature +count/);
  await enter(shell, ".quit");
  await leftInOrder(shell, 0);
});

test("SIGSTOP and SIGCONT: goes on with the line as it was, keys are keys", async () => {
  const shell = startInShell(FAKE, "--no-history");
  await shell.until("saeq›");
  shell.type("abc");
  await shows(shell, ["saeq› abc"]);
  const pid = childOf(shell.pid);
  process.kill(pid, "SIGSTOP");
  shell.type("d");
  process.kill(pid, "SIGCONT");
  // Until it is drawn again the terminal is as programs outside like it, where Ctrl-C is a signal to the shell too.
  await shell.until((screen) => live(screen)[0] === "saeq› abcd" && screen.filter((row) => row.startsWith("saeq›")).length === 2, "drawn again");
  shell.type("\x03\x04");
  await leftInOrder(shell, 0);
});

test("a shell that had the terminal while saeq was stopped leaves it as lines: after SIGCONT keys are keys again", async () => {
  const shell = startInShell(FAKE, "--no-history");
  await shell.until("saeq›");
  shell.type("abc");
  await shows(shell, ["saeq› abc"]);
  const pid = childOf(shell.pid);
  process.kill(pid, "SIGSTOP");
  const sane = spawnSync("stty", ["-F", readlinkSync(`/proc/${pid}/fd/0`), "sane"], { encoding: "utf8" });
  assert.is(sane.status, 0, sane.stderr);
  process.kill(pid, "SIGCONT");
  await shell.until((screen) => live(screen)[0] === "saeq› abc" && screen.filter((row) => row.startsWith("saeq›")).length === 2, "drawn again");
  shell.type(`${key.left}X`);
  await shell.until((screen) => live(screen)[0] === "saeq› abXc", "a key in the line");
  shell.type("\x03\x04");
  await leftInOrder(shell, 0);
});

test("$EDITOR has the terminal meanwhile, and what it saved is in the line", async () => {
  const editor = join(folder, "editor.sh");
  writeFileSync(editor, `#!/bin/sh\nstty -a | grep -o ' *-*icanon' | head -1\nread answer\nprintf 'top 3 |\\nsort \\033[31m%s\\n' "$answer" >> "$1"\n`);
  chmodSync(editor, 0o700);
  const shell = startInShell(FAKE, "--no-history", { VISUAL: editor });
  await shell.until("saeq›");
  shell.type("sample 3 | ");
  await shows(shell, ["saeq› sample 3 |"]);
  shell.type(key.ctrl("o"));
  await shell.until(/^ ?icanon/m);
  shell.type("count\n");
  await shows(shell, ["saeq› sample 3 | top 3 |", "    · sort count"], [16, 1]);
  shell.type("\x03\x04");
  await leftInOrder(shell, 0);
});

test("an editor that is not there is said, and the line stays", async () => {
  const shell = startInShell(FAKE, "--no-history", { VISUAL: "/nonexistent/editor" });
  await shell.until("saeq›");
  shell.type("abc");
  await shows(shell, ["saeq› abc"]);
  const before = shell.bytes().length;
  shell.type(key.ctrl("o"));
  // Until the terminal is saeq's again its driver echoes what is typed, and that looks the same.
  await shell.until(() => shell.bytes().slice(before).includes("\x1b[?2004h"), "the terminal come back");
  shell.type("d");
  await shows(shell, ["saeq› abcd"], [10, 0]);
  shell.type("\x03\x04");
  await leftInOrder(shell, 0);
});

for (const [when, does] of [["while idle", null], ["while something runs", "slow 4000"]] as const) {
  test(`a terminal that goes away ${when} takes saeq with it, as a signal would`, async () => {
    const repl = startSaeq(folder, { program: FAKE, args: ["--no-history"] });
    await repl.until("saeq›");
    if (does !== null) {
      await enter(repl, does);
      await repl.until("/4000 texts").catch(() => repl.until("/4,000 texts"));
    }
    repl.hangUp();
    assert.is((await repl.exit).code, 143);
  });
}

/** The sources without a terminal at `stdin`, `stdout` or both, and the modules they loaded: a bundle has other names for them. */
function loadedModules(args: readonly string[], input: string): { status: number | null; stdout: string; stderr: string; modules: string[] } {
  const list = join(folder, `modules-${Math.random().toString(36).slice(2)}`);
  const hook = join(folder, "hook.mjs");
  writeFileSync(hook, `import { registerHooks } from "node:module"; import { appendFileSync } from "node:fs";
registerHooks({ load(url, context, next) { appendFileSync(process.env.MODULES, url + "\\n"); return next(url, context); } });\n`);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", hook, SOURCES, ...args], { input, encoding: "utf8", cwd: folder, env: { ...environment(folder), MODULES: list } });
  return { status, stdout, stderr, modules: readFileSync(list, "utf8").split("\n") };
}

test("without a terminal stdin is a script, and neither Ink nor React is even loaded", () => {
  const ui = /node_modules\/(ink|react|react-reconciler|yoga-layout)\//;
  const script = loadedModules([], "perfect | take 2 | count\n");
  assert.is(script.status, 0, script.stderr);
  assert.match(script.stdout, /^count[^]*2\n$/);
  assert.not.match(script.stdout + script.stderr, "\x1b");
  assert.equal(script.modules.filter((url) => ui.test(url)), []);
  assert.ok(script.modules.some((url) => url.endsWith("/repl/main.ts")));
  const plain = loadedModules(["--plain"], "perfect | take 2 | count\n.quit\n");
  assert.is(plain.status, 0, plain.stderr);
  assert.equal(plain.modules.filter((url) => ui.test(url)), []);
  assert.not.match(plain.stdout + plain.stderr, "\x1b");
});

test("stdin on a terminal and stdout in a pipe: lines without any control of the screen", async () => {
  const file = join(folder, "out.txt");
  const shell = startProgram(folder, "/bin/sh", ["-c", `'${process.execPath}' '${FAKE}' --no-history > '${file}'; echo "code $?"; read done`]);
  shell.type("sample 3\n.quit\n");
  await shell.until("code 0");
  const text = readFileSync(file, "utf8");
  assert.match(text, /3×2/);
  assert.not.match(text, /[^\n\x20-\x7e\u00a0-\uffff]/);
});

test("stdin in a pipe and stdout on a terminal: a script", async () => {
  const shell = startProgram(folder, "/bin/sh", ["-c", `echo 'sample 3' | '${process.execPath}' '${FAKE}'; echo "code $?"; read done`]);
  await shell.until(/3×2[^]*code 0/);
  assert.equal(shell.leftOn(), []);
});

test("a reader that has seen enough ends saeq with 141, without a word", async () => {
  const child = spawn("/bin/bash", ["-c", `'${process.execPath}' '${SAEQ}' eval --format jsonl 'memorization; memorization | concat memorization | concat memorization' | head -c 10 > /dev/null; echo "\${PIPESTATUS[0]}"`], { cwd: folder, env: environment(folder) });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((done) => child.on("close", done));
  assert.is(stdout, "141\n", stderr);
  assert.not.match(stderr, /EPIPE|error|bug/);
});

mkdirSync(join(folder, "plain"));
for (const [name, args, env] of [
  ["--plain", ["--plain"], {}],
  ["TERM=dumb", [], { TERM: "dumb" }],
  ["ACCESSIBLE", [], { ACCESSIBLE: "1" }],
  ["a screen reader", [], { INK_SCREEN_READER: "true" }],
] as const) {
  test(`${name}: the terminal echoes, and saeq only ever adds lines`, async () => {
    const repl = startSaeq(join(folder, "plain"), { program: FAKE, args: ["--no-history", ...args, "--color", "never"], env });
    await repl.until("saeq>");
    repl.type("sample 3 |\r");
    await repl.until(/^ {2}\.\.\.$/m);
    repl.type("top 5\r");
    await repl.until(/3[×x]2[^]*saeq>$/m);
    repl.type("slow 100\r");
    await repl.until(/50 percent/);
    repl.type("\x03");
    await repl.until(/cancelled after/);
    repl.type("sa\t\r");
    await repl.until(/1\. sample/);
    repl.type("1\r3\r");
    await repl.until(/so far: sample/);
    // Nothing runs: what was begun is dropped, and a second one, or Ctrl-D, leaves.
    repl.type("\x03");
    await repl.until(/Ctrl-D leaves, and so does Ctrl-C again\nsaeq>$/m);
    repl.type(name === "--plain" ? "\x03" : "\x04");
    assert.is((await repl.exit).code, 0);
    assert.not.match(repl.bytes(), /\x1b/);
    assert.equal(live(repl.everything()).slice(0, 0), []);
  });
}

test.run();
