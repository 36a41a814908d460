/** Without these tests editors could mark the wrong words, and fixes could break scripts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { diagnosticJson } from "../../repl/diagnostic_json.ts";
import { applyFixes } from "../../repl/subcommands/fixes.ts";
import { folder } from "../session/open.ts";
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

test("fmt --check --fix says that the file would change, and changes nothing", () => {
  const cwd = folder({ "a.saeq": "perfect | tak 3\n" });
  assert.is(saeq(["fmt", "--check", "--fix", "a.saeq"], { cwd }).status, 3);
  assert.is(readFileSync(join(cwd, "a.saeq"), "utf8"), "perfect | tak 3\n");
});

test("fmt - reads stdin and writes stdout", () => {
  assert.is(saeq(["fmt", "-"], { cwd: folder(), input: "perfect|take 3" }).stdout, "perfect | take 3\n");
  assert.is(saeq(["fmt", "--fix", "-"], { cwd: folder(), input: "perfect|tak 3" }).stdout, "perfect | take 3\n");
});

test("fixes that lead in a circle end", async () => {
  const span = { start: 0, end: 1 };
  const { text } = await applyFixes("a", async (now) => [{ code: "c", severity: "error", span, message: "m", fix: { span, text: now === "a" ? "b" : "a" } }]);
  assert.ok(text === "a" || text === "b");
});

test.run();
