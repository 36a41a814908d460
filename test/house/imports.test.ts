/** Without this file the house would lose its one-way streets: grammar ← src ← runtime ← repl. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, sourceFiles } from "./files.ts";

/** Each room may import itself and those before it. */
const ROOMS = ["grammar", "src", "runtime", "repl"];
const INNER = ["ops", "stages", "check", "plan", "optimize"];
/** Beside the chain: emit sees ops alone, assist and lint read all that leads to a checked program. */
const BESIDE: Readonly<Record<string, readonly string[]>> = { emit: ["ops"], assist: ["ops", "stages", "check", "pipeline.ts"], lint: ["ops", "stages", "check", "pipeline.ts"] };

/** The folders of runtime, each of which imports those before it; the few files beside them import nothing of runtime. */
const RUNTIME = ["kernels", "data", "checkpoint", "registry", "hub", "engine", "cache", "catalog", "permissions", "guard", "figures", "passes", "plot", "execute", "planner", "session", "record", "bundle", "lock", "parity"];

const IMPORT = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;

function importsOf(file: string): string[] {
  return [...readFileSync(join(ROOT, file), "utf8").matchAll(IMPORT)].map((match) => relative(ROOT, join(ROOT, dirname(file), match[1]!)));
}

test("rooms import only themselves and those before them", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles()) {
    const room = ROOMS.indexOf(file.split("/")[0]!);
    for (const imported of importsOf(file)) {
      const other = ROOMS.indexOf(imported.split("/")[0]!);
      if (other < 0 || other > room) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.equal(wrong, []);
});

test("inside src the chain is ops ← stages ← check ← plan ← optimize", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles().filter((name) => name.startsWith("src/") && name.split("/").length > 2)) {
    const from = file.split("/")[1]!;
    for (const imported of importsOf(file).filter((name) => name.startsWith("src/"))) {
      const to = imported.split("/")[1]!;
      if (to === from) continue;
      const beside = BESIDE[from];
      const fine = beside === undefined ? INNER.includes(to) && INNER.indexOf(to) < INNER.indexOf(from) : beside.includes(to);
      if (!fine) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.equal(wrong, []);
});

test("inside runtime each folder imports only those before it", () => {
  const placeOf = (file: string): number => (file.split("/").length > 2 ? RUNTIME.indexOf(file.split("/")[1]!) : -1);
  const wrong: string[] = [];
  for (const file of sourceFiles().filter((name) => name.startsWith("runtime/"))) {
    for (const imported of importsOf(file).filter((name) => name.startsWith("runtime/"))) if (placeOf(imported) > placeOf(file)) wrong.push(`${file} imports ${imported}`);
  }
  assert.equal(wrong, []);
  const folders = [...new Set(sourceFiles().filter((name) => /^runtime\/[^/]+\//.test(name)).map((name) => name.split("/")[1]!))];
  assert.equal(folders.sort(), [...RUNTIME].sort());
});

test("what a file exports it owns: only the lists of parts, and the port of a session, hand on what others made", () => {
  const handing = sourceFiles().filter((name) => !/\/mod\.ts$/.test(name) && /^export (type )?(\{[^}]*\}|\*)( as \w+)? from /m.test(readFileSync(join(ROOT, name), "utf8")));
  assert.equal(handing, ["runtime/session/session_port.ts"]);
});

test("grammar imports only chevrotain and string-width from outside, and of Node what loads the latter when it is needed", () => {
  const outside = /from "([^".][^"]*)"/g;
  for (const file of sourceFiles().filter((name) => name.startsWith("grammar/") && !name.includes("generate_"))) {
    for (const match of readFileSync(join(ROOT, file), "utf8").matchAll(outside)) assert.ok(["chevrotain", "string-width", "node:module"].includes(match[1]!), `${file} imports ${match[1]!}`);
  }
});

test("only the lane imports onnxruntime-node, and only views import ink", () => {
  for (const file of sourceFiles()) {
    const text = readFileSync(join(ROOT, file), "utf8");
    if (/from "onnxruntime-node"|import\("onnxruntime-node"\)/.test(text)) assert.match(file, /^runtime\/engine\/lane/);
    if (/^import (?!type)[^\n]*from "ink"/m.test(text)) assert.match(file, /^repl\/(views\/|terminal_repl\.ts)/);
  }
});

test.run();
