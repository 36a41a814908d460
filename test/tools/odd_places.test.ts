/** Without this file folders that are gone, or that take nothing, and pipes where files should lie, could end in stack traces or be waited for without end. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { appendHistory, loadHistory } from "../../repl/history.ts";
import { makeFolder } from "../../runtime/data/make_folder.ts";
import { SAEQ } from "../house/program.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

const SCRIPT = 'prompts "a b c" | save "o.csv"\n';
const linux = process.platform === "linux";

test("a current folder that was removed is said", () => {
  const at = folder();
  const { status, stderr } = spawnSync("sh", ["-c", `mkdir gone; cd gone; rmdir ../gone; exec "$0" "$1" doc top`, process.execPath, SAEQ], { cwd: at, encoding: "utf8", timeout: 60_000 });
  assert.is(status, 2);
  assert.is(stderr, "error: the folder that saeq was started in is not there any more; go to another one: cd ~\n");
});

test("a folder below /proc is refused at once: for results, and for the cache", () => {
  if (!linux) return;
  const at = folder({ "x.saeq": SCRIPT });
  const run = saeq(["run", "--out", "/proc/x", "--allow-write=/proc", "x.saeq"], { cwd: at });
  assert.is(run.status, 2);
  assert.match(run.stderr, /^error: could not make the folder \/proc\/x: ENOENT/);
  for (const env of [{ XDG_CACHE_HOME: "/proc/x", SAEQ_CACHE: "" }, { XDG_CACHE_HOME: "", HOME: "/proc", SAEQ_CACHE: "" }]) {
    const { status, stderr } = saeq(["eval", "sample perfect 2 | acts layer 7 | top 1"], { cwd: at, env });
    assert.is(status, 0, stderr);
    assert.match(stderr, /note: the cache folder \/proc\/\S+ cannot be used \(ENOENT\); results are not kept on disk/);
  }
  assert.throws(() => makeFolder("/proc/x/y"), /ENOENT/);
  assert.throws(() => makeFolder(join(at, "x.saeq")), /EEXIST/);
  assert.throws(() => makeFolder(join(at, "x.saeq", "y")), /EEXIST|ENOTDIR/);
});

test("a folder for temporary files that is missing is said, with what names another", () => {
  const at = folder({ "x.saeq": SCRIPT });
  assert.is(saeq(["run", "--record", "--allow-write=.", "x.saeq"], { cwd: at }).status, 0);
  assert.is(saeq(["bundle", "-o", "b.zip", "x.saeq"], { cwd: at }).status, 0);
  for (const args of [["verify", "x.saeq"], ["run", "--allow-write=.", "b.zip"]]) {
    const { status, stderr } = saeq(args, { cwd: at, env: { TMPDIR: join(at, "nowhere") } });
    assert.is(status, 1, stderr);
    assert.match(stderr, /^error: there is no folder \S+nowhere for temporary files; name a folder that this user may write: TMPDIR=\/tmp saeq …\n$/);
  }
});

test("an audit that cannot be written ends the run, and is no mistake of saeq", () => {
  if (!linux) return;
  const { status, stderr } = saeq(["eval", "--audit", "/dev/full", "csv \"x.csv\""], { cwd: folder({ "x.csv": "a\n1\n" }) });
  assert.is.not(status, 0);
  assert.match(stderr, /the audit file \/dev\/full could not be written \(ENOSPC\), and what it does not hold is not done/);
  assert.not.match(stderr, /bug/);
});

test("pipes where files of saeq's own should lie are passed over", () => {
  if (!linux) return;
  const at = folder({ "x.saeq": SCRIPT });
  const cache = join(at, "cache");
  makeFolder(join(cache, "converted"));
  const history = join(at, "history.jsonl");
  spawnSync("mkfifo", [join(cache, "machine.json"), join(cache, "converted", "x.safetensors"), history, join(at, "saeq.lock")]);
  assert.equal(loadHistory(history), []);
  assert.not(appendHistory(history, { text: "top", time: 1, cwd: "/x", ok: true, ms: 2 }));
  assert.match(saeq(["cache", "ls"], { cwd: at, env: { SAEQ_CACHE: cache } }).stdout, /converted\s+damaged/);
  assert.match(saeq(["run", "--frozen", "--allow-write=.", "x.saeq"], { cwd: at }).stderr, /saeq\.lock is no lock: it is not a file/);
});

test("a pipe in place of a script is refused at once, and one that a shell hands over is read", () => {
  if (!linux) return;
  const at = folder({ "x.saeq": "perfect | count\n" });
  spawnSync("mkfifo", [join(at, "p p.saeq")]);
  for (const command of ["check", "fmt", "run", "info", "lock", "test", "verify"]) {
    const { stderr, status } = saeq([command, "p p.saeq"], { cwd: at });
    assert.equal([status, stderr], [10, "error: p p.saeq is a pipe or a device, and no script; write it to a file first: cat 'p p.saeq' > script.saeq\n"], command);
  }
  const program = `"${process.execPath}" "${SAEQ}"`;
  for (const line of [`${program} run /dev/stdin < x.saeq`, `cat x.saeq | ${program} run /dev/stdin`, `${program} run <(cat x.saeq)`, `${program} run /dev/fd/3 3< x.saeq`]) {
    const { stdout, status } = spawnSync("bash", ["-c", line], { cwd: at, encoding: "utf8", env: { ...process.env, SAEQ_CACHE: "off", NO_COLOR: "1", FORCE_COLOR: undefined } });
    assert.is(status, 0, line);
    assert.match(stdout, /160/, line);
  }
  // Whoever writes into it takes long, and signals are heard.
  const stopped = spawnSync("bash", ["-c", `timeout -k 20 -s TERM 2 ${program} check <(sleep 30)`], { cwd: at, encoding: "utf8" });
  assert.equal([stopped.status, stopped.signal], [124, null]);
});

test("a folder in place of the history, or of its lock, is no end of a session", () => {
  const at = folder();
  mkdirSync(join(at, "history.jsonl"));
  assert.equal(loadHistory(join(at, "history.jsonl")), []);
  assert.not(appendHistory(join(at, "history.jsonl"), { text: "top", time: 1, cwd: "/x", ok: true, ms: 2 }));
  const path = join(at, "other.jsonl");
  mkdirSync(`${path}.lock`);
  assert.ok(appendHistory(path, { text: "top", time: 1, cwd: "/x", ok: true, ms: 2 }));
  writeFileSync(path, readFileSync(path, "utf8").repeat(20_000));
  assert.ok(loadHistory(path).length > 0);
});

test.run();
