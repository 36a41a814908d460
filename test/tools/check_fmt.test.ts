/** Without these tests editors could mark the wrong words, and fixes could break scripts. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { diagnosticJson } from "../../repl/diagnostic_json.ts";
import { applyFixes } from "../../repl/subcommands/fixes.ts";
import { format } from "../../repl/subcommands/fmt.ts";
import { folder } from "../session/open.ts";
import { inProcess } from "../share/in_process.ts";
import { saeq } from "./saeq.ts";

test("a diagnostic as editors read it: lines and UTF-16 characters from 0, fix as data", () => {
  const text = "# 𝒳\nperfect | tak 3";
  const at = text.indexOf("tak");
  const span = { start: at, end: at + 3 };
  assert.equal(diagnosticJson({ code: "unknown-stage", severity: "warning", span, message: "m", label: "l", fix: { span, text: "take" } }, text), {
    range: { start: { line: 1, character: 10 }, end: { line: 1, character: 13 } },
    severity: 2, code: "unknown-stage", source: "saeq", message: "m",
    data: { label: "l", fix: { range: { start: { line: 1, character: 10 }, end: { line: 1, character: 13 } }, newText: "take" } },
  });
  const end = diagnosticJson({ code: "c", severity: "error", span: { start: 99, end: 100 }, message: "m" }, "a\n");
  assert.equal(end.range, { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } });
});

test("check --json: every file, on stdout alone, with the exit code of check", () => {
  const cwd = folder({ "bad.saeq": "perfect |\n  tak 3\n", "good.saeq": "perfect | take 3\n" });
  const { stdout, stderr, status } = saeq(["check", "--json", "bad.saeq", "good.saeq"], { cwd });
  const files = JSON.parse(stdout) as readonly { file: string; diagnostics: readonly { code: string; range: unknown }[] }[];
  assert.is(status, 3);
  assert.is(stderr, "");
  assert.equal(files.map(({ file, diagnostics }) => [file, diagnostics.map((one) => one.code)]), [["bad.saeq", ["unknown-stage"]], ["good.saeq", []]]);
  assert.equal(files[0]!.diagnostics[0]!.range, { start: { line: 1, character: 2 }, end: { line: 1, character: 5 } });
});

test("check tells what would stop a run at its saves; a folder may be there when it runs", () => {
  const cwd = folder({ "t.csv": "a\n1\n", "folder.saeq": 'csv "t.csv" | save "no/o.csv"\n', "over.saeq": 'csv "t.csv" | save "t.csv"\n' });
  const missing = saeq(["check", "folder.saeq"], { cwd });
  assert.match(missing.stderr, /^warning\[missing-folder\][^]*mkdir -p [^]*no errors/);
  assert.is(missing.status, 0);
  assert.is(saeq(["check", "--out", "x", "over.saeq"], { cwd }).status, 0, "saved elsewhere");
  assert.is(saeq(["check", "over.saeq"], { cwd }).status, 3);
});

test("fmt --fix applies what messages offer, one after another, then formats", () => {
  const cwd = folder({ "a.saeq": "perfect|tak 3\nmemorization | where matching_tokens = 0 && perfct_match\n" });
  const { status, stderr } = saeq(["fmt", "--fix", "a.saeq"], { cwd });
  assert.is(readFileSync(join(cwd, "a.saeq"), "utf8"), "perfect | take 3\nmemorization | where matching_tokens == 0 and perfect_match\n");
  assert.is(status, 0);
  assert.match(stderr, "a.saeq: 4 fixes\na.saeq: rewritten\n");
});

test("fmt --fix writes nothing where a mistake of syntax is left", () => {
  const cwd = folder({ "a.saeq": "perfect | tak 3\nlet x\n" });
  assert.is(saeq(["fmt", "--fix", "a.saeq"], { cwd }).status, 3);
  assert.is(readFileSync(join(cwd, "a.saeq"), "utf8"), "perfect | tak 3\nlet x\n");
});

test("fmt --fix says that it wrote nothing, where it did not", () => {
  const cwd = folder({ "a.saeq": "perfect | tak 3\nlet x\n" });
  assert.match(saeq(["fmt", "--fix", "a.saeq"], { cwd }).stderr, "a.saeq: nothing is written while a mistake of grammar is left (1 fix found)\n");
});

test("fmt --fix makes no fix that could change what is meant, and says how many are left", () => {
  const meant = [
    "memorization | where `matching_tokens > 3\n",
    'prompts "a, "b"\n',
    "sample perfect 3 | acts layer 7 | rank 3\n",
    "sample perfect 3 | resid layer 5, 11\n",
    "memorization | where matching_tokens > 3 // 2 |\n",
    "let run_a = perfect\nrun_b | take 3\n",
    "perfect | derive score1 = 1 | sort score2\n",
    "perfect | sample 3 | acts 7\n",
    "memorization | where matching_tokens! = 0\n",
    "memorization | where matching_tokens !perfect_match\n",
    "memorization | agg n! = count()\n",
    "memorization | derive x = if(perfect_match, 1, |)\n",
    // min, max and mad are as near.
    "perfect | agg m = mix(matching_tokens)\n",
  ];
  for (const text of meant) {
    const cwd = folder({ "a.saeq": text });
    saeq(["fmt", "--fix", "a.saeq"], { cwd });
    assert.is(readFileSync(join(cwd, "a.saeq"), "utf8"), text);
  }
  const cwd = folder({ "a.saeq": "perfect | sample 3 | acts 7\n" });
  const { status, stderr } = saeq(["fmt", "--fix", "a.saeq"], { cwd });
  assert.is(status, 0);
  assert.is(stderr, "a.saeq: 1 fix left for you to choose; `saeq check` shows it\n");
});

test("fmt --fix mends what leaves no choice", () => {
  const mended: readonly (readonly [string, string])[] = [
    ["sample perfect 3 | acts layer=7", "sample perfect 3 | acts layer 7"],
    ["sample perfect 3 | acts layer=7, last=5 | top 3, by mean", "sample perfect 3 | acts layer 7 last 5 | top 3 by mean"],
    ["sample perfect 3 | acts layr 7", "sample perfect 3 | acts layer 7"],
    ["memorization | where 1 < matching_tokens < 3", "memorization | where 1 < matching_tokens and matching_tokens < 3"],
    ["sample perfect 3 | tee count | take 1", "sample perfect 3 | tee (count) | take 1"],
    ["memorization | where perfect_match and!perfect_match", "memorization | where perfect_match and not perfect_match"],
    ["memorization | where !perfect_match and (!perfect_match)", "memorization | where not perfect_match and (not perfect_match)"],
    ["memorization | where matchin_tokens > 3", "memorization | where matching_tokens > 3"],
  ];
  for (const [text, wanted] of mended) assert.is(saeq(["fmt", "--fix", "-"], { cwd: folder(), input: text }).stdout, `${wanted}\n`);
});

test("fmt leaves a script as it is where its canonical form would be read as another one", async () => {
  const text = "x|take 3\n";
  const cwd = folder({ "a.saeq": text });
  for (const flags of [[], ["--check"]]) {
    const { status, stderr } = await inProcess(["fmt", ...flags, "a.saeq"], cwd, async (request, shop) => (request.kind === "fmt" ? format(request, shop, () => null) : 0));
    assert.equal([status, stderr], [1, "bug: a.saeq is left as it is, since its canonical form would be read as another script; please report it with `saeq doctor`\n"]);
  }
  assert.is(readFileSync(join(cwd, "a.saeq"), "utf8"), text);
});

test("fmt --check - writes nothing and says that the text differs", () => {
  const { status, stdout, stderr } = saeq(["fmt", "--check", "-"], { cwd: folder(), input: "perfect|take 3" });
  assert.equal([status, stdout, stderr], [3, "", "-: not in canonical form\n"]);
  assert.is(saeq(["fmt", "--check", "-"], { cwd: folder(), input: "perfect | take 3\n" }).status, 0);
});

test("fmt --check --fix says that the file would change, and changes nothing", () => {
  const cwd = folder({ "a.saeq": "perfect | tak 3\n" });
  const { status, stderr } = saeq(["fmt", "--check", "--fix", "a.saeq"], { cwd });
  assert.is(status, 3);
  assert.is(stderr, "a.saeq: 1 fix would be made\na.saeq: not in canonical form\n");
  assert.is(readFileSync(join(cwd, "a.saeq"), "utf8"), "perfect | tak 3\n");
});

test("fmt follows a link, keeps the mode of a file, and says in one line what hinders it", () => {
  const cwd = folder({ "real.saeq": "perfect|take 3" });
  chmodSync(join(cwd, "real.saeq"), 0o600);
  symlinkSync("real.saeq", join(cwd, "link.saeq"));
  assert.is(saeq(["fmt", "link.saeq"], { cwd }).status, 0);
  assert.ok(lstatSync(join(cwd, "link.saeq")).isSymbolicLink());
  assert.is(readFileSync(join(cwd, "real.saeq"), "utf8"), "perfect | take 3\n");
  assert.is(statSync(join(cwd, "real.saeq")).mode & 0o777, 0o600);
  assert.equal(readdirSync(cwd).toSorted(), ["link.saeq", "real.saeq"]);
});

test("fmt - reads stdin and writes stdout", () => {
  assert.is(saeq(["fmt", "-"], { cwd: folder(), input: "perfect|take 3" }).stdout, "perfect | take 3\n");
  assert.is(saeq(["fmt", "--fix", "-"], { cwd: folder(), input: "perfect|tak 3" }).stdout, "perfect | take 3\n");
});

test("fixes that lead in a circle end", async () => {
  const span = { start: 0, end: 1 };
  const { text } = await applyFixes("a", async (now) => [{ code: "foreign-operator", severity: "error", span, message: "m", fix: { span, text: now === "a" ? "b" : "a" } }]);
  assert.ok(text === "a" || text === "b");
});

test("a fix that leaves its mistake is not made, and the next one is", async () => {
  const found = (text: string) => [{ at: text.indexOf("&&"), fix: (at: number) => ({ span: { start: at, end: at }, text: " " }) }, { at: text.indexOf("||"), fix: (at: number) => ({ span: { start: at, end: at + 2 }, text: "or" }) }].filter(({ at }) => at !== -1);
  const fixed = await applyFixes("a || b && c", async (text) => found(text).map(({ at, fix }) => ({ code: "foreign-operator", severity: "error", span: { start: at, end: at + 2 }, message: "m", fix: fix(at) })));
  assert.equal(fixed, { text: "a or b && c", count: 1, left: 1 });
});

test("check, lint and fmt take folders, and leave hidden and installed ones alone", () => {
  const cwd = folder({ "b.saeq": "perfect|take 3\n" });
  for (const name of ["deep/er", ".hidden", "node_modules", "empty"]) mkdirSync(join(cwd, name), { recursive: true });
  for (const name of ["deep/er/a.saeq", ".hidden/x.saeq", "node_modules/y.saeq"]) writeFileSync(join(cwd, name), "perfect | tak 3\n");
  const checked = saeq(["check", "--json", "."], { cwd });
  assert.is(checked.status, 3);
  assert.equal((JSON.parse(checked.stdout) as { file: string }[]).map(({ file }) => file), ["b.saeq", "deep/er/a.saeq"]);
  assert.is(saeq(["lint", "--json", "."], { cwd }).status, 3);
  assert.is(saeq(["fmt", "--fix", "."], { cwd }).status, 0);
  assert.is(readFileSync(join(cwd, "deep/er/a.saeq"), "utf8"), "perfect | take 3\n");
  assert.is(readFileSync(join(cwd, ".hidden/x.saeq"), "utf8"), "perfect | tak 3\n");
  const empty = saeq(["check", "empty"], { cwd });
  assert.is(empty.status, 2);
  assert.match(empty.stderr, "there is no *.saeq file below empty");
});

test("a param without a default is no mistake of a script that is only looked at", () => {
  const cwd = folder({ "a.saeq": "saeq 1\n## how many\nparam n: int\nset seed 1\nsample perfect $n\n" });
  assert.is(saeq(["check", "a.saeq"], { cwd }).status, 0);
  assert.is(saeq(["lint", "a.saeq"], { cwd }).status, 0);
  assert.is(saeq(["run", "-A", "a.saeq"], { cwd }).status, 2);
});

test.run();
