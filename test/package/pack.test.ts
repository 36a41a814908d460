/** Without this file the published package might not hold what it needs: there everything is bundled, and paths differ. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../house/files.ts";
import { SOURCES } from "../house/program.ts";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const place = mkdtempSync(join(tmpdir(), "saeq-pack-"));
const modules = join(place, "node_modules");
const installed = join(modules, "saeq", "repl", "bin", "saeq.js");
const npm = (...args: string[]): string => execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
/** A folder that no engine is in: the installed program has its own, whatever is said of one for tests. */
const nowhere = join(place, "nowhere");
/** What a program writes, the sources' or the installed one's, in a folder of its own. */
const output = (program: string, input: string, ...args: string[]): string => execFileSync(process.execPath, [program, ...args], { cwd: place, input, encoding: "utf8", env: { ...process.env, SAEQ_TESTED: program === SOURCES ? undefined : nowhere, SAEQ_CACHE: join(place, program === SOURCES ? "cache-sources" : "cache-installed") }, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 2 ** 26 });
const both = (input: string, ...args: string[]): void => assert.is(output(installed, input, ...args), output(SOURCES, input, ...args), args.join(" "));

test.before(() => {
  npm("run", "prepack", "--silent");
  const parsed = JSON.parse(npm("pack", "--json", "--ignore-scripts", "--pack-destination", place)) as readonly Packed[] | Readonly<Record<string, Packed>>;
  const packed = Object.values(parsed)[0]!;
  const paths = packed.files.map((file) => file.path);
  assert.equal(paths.filter((path) => /^test\/|^bench\/|\.test\.|\.ts$|\/build\//.test(path)), []);
  // Links of README lead into the package, but for those to what only developers have.
  const linked = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
  assert.equal(linked.filter((path) => !paths.includes(path)), ["editors/vscode", "test/parity/make_sae_fixtures.py", "bench"]);
  assert.ok(packed.size < 14_000_000, `${packed.size} bytes`);
  mkdirSync(modules);
  // What these need lies beside their real places; saeq itself finds no more than it names.
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Readonly<Record<"dependencies" | "optionalDependencies", object>>;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (!existsSync(join(ROOT, "node_modules", name))) continue;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "junction");
  }
  execFileSync("tar", ["-xzf", packed.filename], { cwd: place });
  execFileSync("mv", [join(place, "package"), join(modules, "saeq")]);
});

test.after(() => {
  rmSync(place, { recursive: true, force: true });
  rmSync(join(ROOT, "dist"), { recursive: true, force: true });
});

test("the packed package runs where only its dependencies are installed", () => {
  const out = output(installed, "", "eval", "set seed 1; sample perfect 2 | acts layer 7 last 5 | top 3", "--format", "json", "--no-cache");
  const rows = JSON.parse(out) as readonly Record<string, unknown>[];
  assert.is(rows.length, 3);
  assert.equal(Object.keys(rows[0]!), ["feature", "count", "mean", "max"]);
});

test("every part of it finds what it imports", () => {
  // Tools for developers of Ink are left out: it loads them where the variable DEV is "true", and goes on without.
  const parts = join(modules, "saeq", "dist");
  const load = `for (const name of ${JSON.stringify(readdirSync(parts).filter((name) => name.endsWith(".js") && !name.startsWith("devtools-")))}) await import(${JSON.stringify(`${pathToFileURL(parts).href}/`)} + name)`;
  execFileSync(process.execPath, ["--input-type=module", "-e", load], { cwd: place, stdio: ["ignore", "pipe", "pipe"] });
});

test("it says the same as the sources: figures, pictures, tables in files, messages, pages, help and docs", () => {
  writeFileSync(join(place, "t.csv"), "a,b\n1,x\n2,y\n3,x\n");
  both("", "eval", 'csv "t.csv" | derive c = round(median(a), 2) | save "t.parquet"', "-A", "--out", place);
  both("", "eval", 'parquet "t.parquet" | group b | agg n = count(), m = mean(c)', "--format", "csv");
  both("", "eval", 'prompts "Who?" | chat template "std:kjv/dialogue.jinja" | tokenize', "--format", "csv");
  both("", "eval", 'set seed 2; sample perfect 3 | acts layer 7 | hist l0 | save "l0.svg"', "--format", "jsonl", "-A", "--out", place);
  assert.match(readFileSync(join(place, "l0.svg"), "utf8"), /^<svg/);
  both("", "export", join(ROOT, "examples", "memorization.saeq"), "--to", "html", "--output", "-", "-A", "--out", place);
  for (const args of [["doc"], ["doc", "acts"], ["--help"], ["sae", "--help"], ["completions", "bash"]]) both("", ...args);
  both('csv "t.csv"|top 3\n', "fmt", "-");
});

test("what it kept of texts it finds again", () => {
  const asked = ["eval", "set seed 3; sample perfect 30 | acts layer 7 last 50 | top 3", "--format", "json"];
  const first = output(installed, "", ...asked);
  assert.match(output(installed, "", "cache", "ls"), /tokens/);
  assert.is(output(installed, "", ...asked), first);
  const told = output(installed, "", "eval", "set seed 3; explain (sample perfect 30 | acts layer 7 last 50 | top 2)");
  assert.match(told, /30 texts cached; the model reads none/);
});

test("the licences of all that is bundled come along", () => {
  const text = readFileSync(join(modules, "saeq", "dist", "LICENSES.txt"), "utf8");
  for (const name of ["chevrotain", "vega", "ink", "react", "papaparse", "seedrandom", "@huggingface/tokenizers"]) assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, "m"));
  assert.ok((text.match(/copyright/gi) ?? []).length > 50);
});

test.run();
