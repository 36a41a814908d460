/** Without this file saeq was only known to work where everything around it is as it should be. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SAEQ } from "../house/program.ts";
import { modelFolder } from "../session/checkpoints.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

const QUERY = "set seed 1; perfect | take 2 | acts layer 7 last 2 | top 2";
const usual = saeq(["eval", "--format", "csv", QUERY], { cwd: folder() });

/** The same query where a shell changed something first. */
function after(shell: string, env: NodeJS.ProcessEnv): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  return spawnSync("/bin/sh", ["-c", `${shell}\nexec "$0" "$1" --ep cpu eval --format csv "$2"`, process.execPath, SAEQ, QUERY], { encoding: "utf8", cwd: folder(), input: "", env });
}

test("64 open files at most, no HOME, no PATH, no place for temporary files: the same rows", () => {
  if (process.platform === "win32") return;
  assert.is(usual.status, 0, usual.stderr);
  const bare = after("ulimit -n 64", { TMPDIR: join(folder(), "not there") });
  assert.is(bare.status, 0, bare.stderr);
  assert.is(bare.stdout, usual.stdout);
});

test("a clock that stands in 1970 or 2100: the same rows, and a cache of the one is read in the other", () => {
  const cache = folder();
  for (const year of [0, 130]) {
    const clock = join(folder(), "clock.mjs");
    writeFileSync(clock, `const Real = Date; const start = Real.now();
globalThis.Date = class extends Real { constructor(...given) { given.length === 0 ? super(Date.now()) : super(...given); } static now() { return Real.now() - start + ${year} * 31_557_600_000; } };\n`);
    const told = saeq(["eval", "--format", "csv", QUERY], { cwd: folder(), env: { NODE_OPTIONS: `--import=${clock}`, SAEQ_CACHE: cache } });
    assert.is(told.status, 0, told.stderr);
    assert.is(told.stdout, usual.stdout);
  }
});

test("a full disk behind `>` is one line and no bug", () => {
  if (!existsSync("/dev/full")) return;
  const full = openSync("/dev/full", "w");
  const { stderr, status } = spawnSync(process.execPath, [SAEQ, "eval", "--format", "csv", "memorization"], { encoding: "utf8", cwd: folder(), stdio: ["ignore", full, "pipe"] });
  closeSync(full);
  assert.is(status, 1);
  assert.match(stderr, /^error: the output could not be written \(ENOSPC\): the disk is full, and what was written before is not all of it$/m);
  assert.not.match(stderr, /bug|^ +at /m);
});

test("a full disk behind `2>` is no matter where nothing is said", () => {
  if (!existsSync("/dev/full")) return;
  const full = openSync("/dev/full", "w");
  const status = (...args: readonly string[]): number | null => spawnSync(process.execPath, [SAEQ, ...args], { cwd: folder({ "bad.saeq": "tak 3\n" }), stdio: ["ignore", "ignore", full] }).status;
  assert.equal([status("--version"), status("doc", "top"), status("eval", "perfect | count"), status("check", "bad.saeq")], [0, 0, 0, 1]);
  closeSync(full);
});

test("a name that is too long for a file is refused by its length, and a file at the end of 300 characters is read and written", () => {
  const cwd = folder();
  const long = "x".repeat(300);
  const refused = saeq(["eval", `perfect | take 1 | save "${long}.csv"`], { cwd });
  assert.is(refused.status, 1, refused.stderr);
  assert.match(refused.stderr, /write-failed[^]*choose a shorter name/);
  assert.equal(readdirSync(cwd), []);
  const deep = Array.from({ length: 15 }, () => "a-folder-of-20-chars").join("/");
  mkdirSync(join(cwd, deep), { recursive: true });
  writeFileSync(join(cwd, deep, "y.csv"), "a\n1\n");
  const written = saeq(["eval", `perfect | take 3 | save "${deep}/x.csv"; csv "${deep}/y.csv" | count`], { cwd });
  assert.is(written.status, 0, written.stderr);
  assert.match(readFileSync(join(cwd, deep, "x.csv"), "utf8"), /^reference,/);
});

test("what is to be said of a model is said by `run`, which looks at it before it runs, as by `eval`", () => {
  const model = modelFolder({ config: (config) => void (config["auto_map"] = { AutoModel: "code.py" }) });
  const query = `set model ${JSON.stringify(model)}\nperfect | take 1 | resid layer 0 last 1 | count\n`;
  const cwd = folder({ "s.saeq": query });
  for (const args of [["run", "-A", "s.saeq"], ["eval", query]]) {
    const { status, stderr } = saeq(args, { cwd });
    assert.is(status, 0, stderr);
    assert.is(stderr.split("auto_map").length, 2, `${args[0]}: once\n${stderr}`);
  }
});

test.run();
