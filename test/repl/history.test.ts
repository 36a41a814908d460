/** Without this file a broken or forbidden history file could take the REPL down with it. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { appendHistory, distinct, fuzzy, historyPath, loadHistory, suggest, walk } from "../../repl/history.ts";

const folder = mkdtempSync(join(tmpdir(), "saeq-history-"));
const entry = (text: string) => ({ text, time: 1, cwd: "/x", ok: true, ms: 2 });
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("appendHistory writes a private file and loadHistory reads it back", () => {
  const path = join(folder, "a", "history.jsonl");
  assert.ok(appendHistory(path, entry("top 10\n| show")));
  assert.ok(appendHistory(path, entry(" secret")));
  assert.ok(appendHistory(path, entry("top 5")));
  assert.equal(loadHistory(path).map((one) => one.text), ["top 10\n| show", "top 5"]);
  assert.not.match(readFileSync(path, "utf8"), "secret");
  if (process.platform !== "win32") assert.is(statSync(path).mode & 0o777, 0o600);
});

test("loadHistory passes over what is not an entry", () => {
  const path = join(folder, "corrupt.jsonl");
  writeFileSync(path, '\0\0{"text":1}\n{"text":"good"}\n[3]\n{"text":"half');
  assert.equal(loadHistory(path).map((one) => one.text), ["good"]);
});

test("history survives folders it cannot use", () => {
  mkdirSync(join(folder, "dir.jsonl"));
  assert.equal(loadHistory(join(folder, "dir.jsonl")), []);
  assert.not(appendHistory(join(folder, "dir.jsonl"), entry("x")));
  assert.equal(loadHistory(null), []);
  assert.ok(appendHistory(null, entry("x")));
});

test("historyPath follows XDG_STATE_HOME, else the home folder", () => {
  assert.is(historyPath({ XDG_STATE_HOME: "/s" }), join("/s", "saeq", "history.jsonl"));
  assert.is(historyPath({ HOME: "/h" }), join("/h", ".local", "state", "saeq", "history.jsonl"));
});

test("walk goes through texts by prefix, each once", () => {
  const texts = distinct(["top 1", "sample 3", "top 2", "top 1"].map(entry));
  assert.equal(texts, ["top 1", "top 2", "sample 3"]);
  assert.is(walk(texts, "top", -1, 1), 0);
  assert.is(walk(texts, "top", 0, 1), 1);
  assert.is(walk(texts, "top", 1, 1), null);
  assert.is(walk(texts, "top", 1, -1), 0);
  assert.is(walk(texts, "", 1, 1), 2);
});

test("fuzzy finds letters in order and prefers the closest", () => {
  const texts = ["sample x | top 10", "stats | plot", "top 10 | save"];
  assert.equal(fuzzy(texts, "stp"), ["stats | plot", "sample x | top 10"]);
  assert.is(fuzzy(texts, "top")[0], "sample x | top 10");
  assert.equal(fuzzy(texts, "zz"), []);
});

test("suggest offers the newest continuation", () => {
  assert.is(suggest(["top 10", "top 20"], "top"), " 10");
  assert.is(suggest(["top 10"], "top 10"), "");
  assert.is(suggest(["top 10"], ""), "");
});

test("a lock is waited for, a stale one is taken away, and none is left behind", () => {
  const path = join(folder, "locked.jsonl");
  writeFileSync(path, "");
  writeFileSync(`${path}.lock`, "");
  assert.ok(appendHistory(path, entry("while another session writes")));
  assert.ok(existsSync(`${path}.lock`), "the lock of another session stays its own");
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  assert.ok(appendHistory(path, entry("after one that died")));
  assert.not.ok(existsSync(`${path}.lock`));
  assert.is(loadHistory(path).length, 2);
});

test("a history that others could read is closed to them", () => {
  for (const mode of [0o644, 0o640, 0o620, 0o604]) {
    const path = join(folder, `open-${mode}.jsonl`);
    writeFileSync(path, `${JSON.stringify(entry("top 3"))}\n`);
    chmodSync(path, mode);
    assert.is(loadHistory(path).length, 1);
    if (process.platform !== "win32") assert.is(statSync(path).mode & 0o777, 0o600, mode.toString(8));
  }
});

test("what another session adds while the file is shortened is kept", async () => {
  const path = join(folder, "two.jsonl");
  writeFileSync(path, Array.from({ length: 24_500 }, (_, i) => `${JSON.stringify(entry(`top ${i}`))}\n`).join(""));
  const module = JSON.stringify(new URL("../../repl/history.ts", import.meta.url).href);
  const other = spawn(process.execPath, ["--input-type=module", "-e", `import { appendHistory } from ${module}; for (let i = 0; i < 40; i++) appendHistory(${JSON.stringify(path)}, { text: "other " + i, time: 1, cwd: "/", ok: true, ms: 1 });`]);
  const ended = new Promise((done) => void other.on("exit", done));
  loadHistory(path);
  await ended;
  loadHistory(path);
  const texts = loadHistory(path).map(({ text }) => text);
  assert.is(texts.filter((text) => text.startsWith("other ")).length, 40);
  assert.ok(texts.length <= 20_040);
});

test.run();
