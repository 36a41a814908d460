/** Without this file the engine's process could read, write or start what it has no business with, and nobody would see it. */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { confinedArguments, confinedEnvironment } from "../../runtime/engine/confinement.ts";
import { runtimeFolder } from "../../runtime/engine/providers.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { ROOT } from "../house/files.ts";
import { ownFolder } from "../house/own_folder.ts";

const folder = (): string => realpathSync(ownFolder("saeq-confined-"));

/** No engine that was bundled beforehand: what is asked here is asked of the sources. */
const fromSources = (): NodeJS.ProcessEnv => ({ ...process.env, SAEQ_TESTED: undefined });

/** What native or injected code would try. Each line says how it ended. */
const PROBE = `
const fs = require("node:fs");
const [own, outside] = process.argv.slice(2);
const tried = {
  ownWrite: () => fs.writeFileSync(own + "/made", "x"),
  ownRead: () => fs.readFileSync(own + "/made"),
  outsideRead: () => fs.readFileSync(outside + "/secret"),
  outsideList: () => fs.readdirSync(outside),
  outsideWrite: () => fs.writeFileSync(outside + "/made", "x"),
  outsideByDots: () => fs.readFileSync(own + "/../" + outside.split("/").pop() + "/secret"),
  link: () => fs.symlinkSync(outside + "/secret", own + "/link"),
  hardLink: () => fs.linkSync(outside + "/secret", own + "/hard"),
  home: () => fs.readdirSync(require("node:os").homedir()),
  environment: () => fs.readFileSync("/proc/self/environ"),
  process: () => require("node:child_process").execFileSync("true"),
  thread: () => new (require("node:worker_threads").Worker)("1", { eval: true }),
};
console.log(JSON.stringify(Object.fromEntries(Object.entries(tried).map(([name, attempt]) => { try { attempt(); return [name, "done"]; } catch (error) { return [name, error.code]; } }))));
`;

test("an engine process reads and writes its own folder, and nothing else; it starts nothing", () => {
  if (process.platform === "win32") return;
  const [own, outside] = [folder(), folder()];
  writeFileSync(join(outside, "secret"), "kept");
  writeFileSync(join(own, "probe.cjs"), PROBE);
  const { stdout, stderr } = spawnSync(process.execPath, [...confinedArguments(own, null), join(own, "probe.cjs"), own, outside], { encoding: "utf8", env: confinedEnvironment(process.env) });
  assert.is(stderr, "");
  const told = JSON.parse(stdout) as Record<string, string>;
  const { ownWrite, ownRead, ...rest } = told;
  assert.equal([ownWrite, ownRead], ["done", "done"]);
  for (const [name, how] of Object.entries(rest)) assert.is(how, "ERR_ACCESS_DENIED", name);
});

test("a folder that is made after the process has started is its own as well, and no other that is called alike", async () => {
  if (process.platform === "win32") return;
  const parent = folder();
  const own = join(parent, "own");
  const secret = join(parent, "own-secret");
  writeFileSync(secret, "kept");
  const code = `process.stdin.once("data", () => { const fs = require("node:fs"); const tried = (work) => { try { work(); return "done"; } catch (error) { return error.code; } };
    console.log([tried(() => fs.writeFileSync(${JSON.stringify(join(own, "made"))}, "x")), tried(() => fs.readFileSync(${JSON.stringify(join(own, "made"))})), tried(() => fs.readFileSync(${JSON.stringify(secret)}))].join());
    process.exit(); }); console.log("here");`;
  const child = spawn(process.execPath, [...confinedArguments(own, null), "-e", code], { stdio: ["pipe", "pipe", "inherit"], env: confinedEnvironment(process.env) });
  const said: string[] = [];
  const ended = new Promise((done) => child.once("close", done));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (said.length === 0) {
      mkdirSync(own);
      child.stdin.write("go\n");
    }
    said.push(text.trim());
  });
  await ended;
  assert.equal(said, ["here", "done,done,ERR_ACCESS_DENIED"]);
});

test("an engine process finds its runtime where node_modules is a link to a link", () => {
  if (process.platform === "win32") return;
  const tree = folder();
  for (const name of ["grammar", "src", "runtime", "package.json"]) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  mkdirSync(join(tree, "elsewhere"));
  symlinkSync(join(ROOT, "node_modules"), join(tree, "elsewhere", "installed"));
  symlinkSync(join("elsewhere", "installed"), join(tree, "node_modules"));
  const code = `const { createLane } = await import(${JSON.stringify(pathToFileURL(join(tree, "runtime/engine/supervisor.ts")).href)}); const lane = createLane({ threads: 1 }); await lane.measure(); await lane.close(); console.log("measured");`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code], { encoding: "utf8", env: fromSources() });
  assert.is(`${stdout}${stderr}`, "measured\n");
});

test("an engine process that calls a plugin can load what calls it, and without a plugin it cannot", async () => {
  if (process.platform === "win32") return;
  const absent = await import("koffi").then(() => false, () => true);
  if (absent) return console.log("\nSKIPPED: the optional package koffi is not installed");
  const code = `const { openApi } = await import(${JSON.stringify(pathToFileURL(join(ROOT, "runtime/engine/plugin/c_api.ts")).href)});
    console.log(await openApi(${JSON.stringify(runtimeFolder())}, "1.30.0").then(({ version }) => version, (error) => error.message));`;
  const confined = (library: string | null): readonly string[] => {
    const asked = `const { confinedArguments } = await import(${JSON.stringify(pathToFileURL(join(ROOT, "runtime/engine/confinement.ts")).href)}); console.log(JSON.stringify(confinedArguments(${JSON.stringify(folder())}, ${JSON.stringify(library)})));`;
    return JSON.parse(spawnSync(process.execPath, ["--input-type=module", "-e", asked], { encoding: "utf8", env: fromSources() }).stdout) as readonly string[];
  };
  const told = (library: string | null): string => spawnSync(process.execPath, [...confined(library), "--input-type=module", "-e", code], { cwd: ROOT, encoding: "utf8", env: confinedEnvironment(process.env) }).stdout;
  assert.is(told(join(folder(), "plugin.so")), "1.30.0\n");
  assert.match(told(null), /^the package koffi, which calls plugins, cannot be loaded: /);
});

test("an engine process knows no token and no proxy", () => {
  const env = { PATH: "/bin", HF_TOKEN: "x", HF_HOME: "/h", https_proxy: "p", HTTPS_PROXY: "p", AWS_SECRET_ACCESS_KEY: "k", MY_API_KEY: "k", NODE_OPTIONS: "--inspect", LD_LIBRARY_PATH: "/l", VK_DRIVER_FILES: "/v", OMP_NUM_THREADS: "1" };
  assert.equal(Object.keys(confinedEnvironment(env)).sort(), ["LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH", "VK_DRIVER_FILES"]);
});

interface Call {
  readonly pid: string;
  readonly call: string;
  /** Where what was opened lies; null where it was not opened. */
  readonly path: string | null;
  readonly writes: boolean;
  /** The thread or process that a call started. */
  readonly started: string | null;
}

/** Lines of `strace -f -y`: opens with the path of the descriptor they gave, and every call that reaches the network. */
function callsOf(trace: string): readonly Call[] {
  return trace.split("\n").flatMap((line) => {
    const [, pid, call] = /^(\d+) +(?:<\.\.\. )?(\w+)/.exec(line) ?? [];
    if (pid === undefined || call === undefined) return [];
    const path = /= \d+<([^>]*)>/.exec(line)?.[1] ?? null;
    const started = /^clone3?$|^v?fork$/.test(call) ? (/ = (\d+)$/.exec(line)?.[1] ?? null) : null;
    return [{ pid, call, path, started, writes: /O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(line) }];
  });
}

test("strace: the demo opens nothing for writing and connects to nothing outside its grant, and its engine reads only code and weights", () => {
  if (process.platform !== "linux" || spawnSync("strace", ["-V"]).status !== 0 || spawnSync("strace", ["-f", "true"]).status !== 0) {
    console.log("SKIPPED: strace is not there, or may not trace here: the system calls of a run are not looked at");
    return;
  }
  const home = folder();
  const out = folder();
  // What lies about in the folder and at home is nobody's to read, whatever it is called.
  mkdirSync(join(home, ".ssh"));
  for (const name of [".ssh/id_ed25519", "d.csv", "memorization_results_L50_O50.csv", "saeq.json", ".env"]) writeFileSync(join(home, name), "secret");
  const trace = join(home, "trace");
  const { status, stderr } = spawnSync("strace", ["-f", "-y", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2,creat,connect,bind,sendto,socket,execve,clone,clone3,fork,vfork", "-o", trace, process.execPath, join(ROOT, "repl/bin/saeq.js"), "--ep", "cpu", "run", "--lanes", "1", "--out", out, `--allow-write=${out}`, join(EXAMPLES, "memorization.saeq")], {
    encoding: "utf8",
    cwd: home,
    env: { PATH: process.env["PATH"], HOME: home, TMPDIR: home, SAEQ_CACHE: join(home, "cache"), HF_TOKEN: "secret" },
  });
  assert.is(status, 0, stderr);
  assert.equal(readdirSync(out).sort(), ["activation.svg", "l0.svg"]);
  const calls = callsOf(readFileSync(trace, "utf8"));
  assert.ok(calls.length > 500, "the trace holds the run");
  assert.equal(calls.filter(({ call }) => ["connect", "bind", "sendto", "socket"].includes(call)), []);
  const written = calls.filter(({ call, path, writes }) => /^(open|creat)/.test(call) && writes && path !== null).map(({ path }) => path!);
  const fine = [`${out}/`, `${join(home, "cache")}/`, `${home}/.cache/saeq/`, `${home}/saeq-encoders-`];
  assert.equal(written.filter((path) => !fine.some((start) => path.startsWith(start)) && !/^\/proc\/\d+\/oom_score_adj$|^\/dev\/(null|tty|pts)/.test(path)), []);
  const about = calls.filter(({ call, path }) => /^open/.test(call) && path?.startsWith(`${home}/`) === true).map(({ path }) => path!.slice(home.length));
  assert.equal([...new Set(about)].filter((path) => !/^\/(cache|\.cache\/saeq|saeq-encoders-[\w-]+)(\/|$)/.test(path)), []);
  // The engine: the process started with the permission model. Its own opens are of its code, its libraries, the machine and the weights.
  const engine = calls.find(({ call, pid }) => call === "execve" && pid !== calls[0]!.pid)?.pid;
  assert.ok(engine !== undefined, "an engine was started");
  const threads = new Set([engine]);
  for (const { pid, started } of calls) if (started !== null && threads.has(pid)) threads.add(started);
  assert.ok(threads.size > 2, "its threads are known");
  const read = [...new Set(calls.filter(({ pid, call, path }) => threads.has(pid) && /^open/.test(call) && path !== null).map(({ path }) => path!))];
  const real = realpathSync(ROOT);
  const modules = realpathSync(join(ROOT, "node_modules"));
  const needed = [`${real}/runtime/`, `${real}/src/`, `${real}/grammar/`, `${real}/package.json`, `${realpathSync(EXAMPLES)}/kjv/`, `${modules}/`, realpathSync(process.execPath), "/usr/lib", "/lib", "/etc/ld.so.cache", "/proc/", "/sys/", "/dev/", "/usr/share/zoneinfo", "/etc/localtime", "/etc/ssl/"];
  assert.equal(read.filter((path) => !needed.some((start) => path.startsWith(start))), []);
  assert.not(read.some((path) => path.endsWith(".csv")));
});

test.run();
