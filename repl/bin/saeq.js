#!/usr/bin/env node
// Without this file `saeq` would fail with a syntax error wherever an older Node comes first: the launcher, in old JavaScript.
import fs from "fs";
import module from "module";
import path from "path";
import v8 from "v8";
import { spawn } from "child_process";
import { fileURLToPath, pathToFileURL } from "url";

var NEEDED = [22, 18];

/** Whether a Node version such as "20.11.1" can run saeq. */
export function goodVersion(version) {
  var parts = version.replace(/^v/, "").split(".").map(Number);
  return parts[0] > NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] >= NEEDED[1]);
}

/** Where a newer Node may have been installed by the npm package `node`: from `folder` upwards, hoisted platform packages too. */
export function nodeCandidates(folder, platform, arch) {
  var windows = platform === "win32";
  var suffix = (windows ? "win" : platform) + "-" + arch;
  var file = path.join("bin", windows ? "node.exe" : "node");
  var packages = ["node", "node-" + suffix, "node-bin-" + suffix];
  var found = [];
  for (var at = folder; ; at = path.dirname(at)) {
    packages.forEach(function (name) {
      found.push(path.join(at, "node_modules", name, file));
      found.push(path.join(at, "node_modules", "node", "node_modules", name, file));
    });
    if (path.dirname(at) === at) return found;
  }
}

/** What to do on this Node: `import` our program, `start` another Node, or say what is `missing`. */
export function decide(facts) {
  if (goodVersion(facts.version)) return { kind: "import" };
  var candidates = facts.again ? [] : nodeCandidates(facts.folder, facts.platform, facts.arch).filter(facts.exists);
  if (candidates.length > 0) return { kind: "start", node: candidates[0] };
  return {
    kind: "missing",
    text:
      "saeq needs Node " + NEEDED.join(".") + " or newer; this is Node " + facts.version.replace(/^v/, "") + ".\n" +
      "Install one from https://nodejs.org, or beside saeq with: npm install --allow-scripts=node node@22\n",
  };
}

/** What Node reserves beside each memory of WebAssembly is 10 GB of addresses: it reserves none with this. */
var FRUGAL = "--disable-wasm-trap-handler";
var ROOMY = 64 * Math.pow(2, 30);

/** Whether addresses are limited (`ulimit -v`), as login nodes of clusters do. `limits`: what Linux tells in /proc/self/limits. */
export function cramped(limits) {
  var line = /^Max address space +(\d+)/m.exec(limits);
  return line !== null && Number(line[1]) < ROOMY;
}

/**
 * How much the heap may grow before what nobody needs is collected, in hundredths: left to itself V8 takes three times as much again, so that a stream
 * of a million rows takes 310 MB instead of 220 (bench/growth). Only for the Nodes that were seen to know this: another would write an error to the terminal.
 */
export function heapFlags(version) {
  return parseInt(version.replace(/^v/, ""), 10) <= 26 ? ["--heap-growing-percent=100"] : [];
}

function limits() {
  try {
    return fs.readFileSync("/proc/self/limits", "latin1");
  } catch (error) {
    return "";
  }
}

function start(node, file, flags) {
  var env = Object.assign({}, process.env, { SAEQ_RESTARTED: "1" });
  var child = spawn(node, flags.concat([file]).concat(process.argv.slice(2)), { stdio: "inherit", env: env });
  // The terminal sends Ctrl-C to both processes; only the child decides what it means.
  process.on("SIGINT", function () {});
  ["SIGTERM", "SIGHUP"].forEach(function (name) {
    process.on(name, function () { child.kill(name); });
  });
  child.on("error", function (error) {
    process.stderr.write("saeq could not start " + node + ": " + error.message + "\n");
    process.exit(8);
  });
  child.on("exit", function (code, signal) {
    if (signal === null) process.exit(code === null ? 1 : code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** A failure that nobody caught, without what its text might do to the terminal. */
function bug(error) {
  var text = String(error && error.stack ? error.stack : error).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
  process.stderr.write("saeq met a bug: " + text + "\n");
  process.exit(1);
}

/** Whether a folder is there, or could be made. Node's own recursion never ends below `/proc` and what is like it. */
function made(folder) {
  try {
    if (fs.statSync(folder, { throwIfNoEntry: false })) return true;
    if (path.dirname(folder) !== folder && !made(path.dirname(folder))) return false;
    fs.mkdirSync(folder, { mode: 448 });
    return true;
  } catch (error) {
    return error.code === "EEXIST";
  }
}

function launch(file) {
  var folder = path.dirname(file);
  var choice = decide({
    version: process.versions.node,
    folder: folder,
    platform: process.platform,
    arch: process.arch,
    again: process.env.SAEQ_RESTARTED === "1",
    exists: fs.existsSync,
  });
  var flags = cramped(limits()) ? [FRUGAL] : [];
  if (choice.kind === "start") return start(choice.node, file, flags);
  if (choice.kind === "missing") {
    process.stderr.write(choice.text);
    process.exitCode = 8;
    return;
  }
  if (flags.length > 0 && process.execArgv.indexOf(FRUGAL) < 0 && process.env.SAEQ_RESTARTED !== "1") return start(process.execPath, file, process.execArgv.concat(flags));
  delete process.env.SAEQ_RESTARTED;
  process.on("uncaughtException", bug);
  // The program ends by saying so. If nothing is left to wait for before that, it must not look as if it had succeeded.
  process.on("beforeExit", function () {
    bug("it ended before it had finished");
  });
  // Before anything is compiled: what is kept of it is kept by these flags too.
  heapFlags(process.versions.node).forEach(function (flag) {
    v8.setFlagsFromString(flag);
  });
  // Compiled code is kept in the user's own cache (a shared folder such as /tmp could be filled by others); where that cannot be written, nothing is kept.
  var caches = process.env.XDG_CACHE_HOME || (process.env.HOME ? path.join(process.env.HOME, ".cache") : "");
  if (path.isAbsolute(caches) && !process.env.NODE_COMPILE_CACHE && made(path.join(caches, "saeq", "compiled"))) module.enableCompileCache(path.join(caches, "saeq", "compiled"));
  // A working tree holds TypeScript, which a good Node reads as it is; the published package holds what was compiled from it.
  var written = path.join(folder, "..", "main.ts");
  var main = fs.existsSync(written) ? written : path.join(folder, "..", "..", "dist", "main.js");
  import(pathToFileURL(main).href).then(function (program) {
    return program.main(process.argv.slice(2));
  }).catch(bug);
}

var here = fileURLToPath(import.meta.url);
var started = process.argv[1] && fs.existsSync(process.argv[1]) ? fs.realpathSync(process.argv[1]) : null;
if (started === here) launch(here);
