/** Without these tests help could be missing for words that saeq itself prints. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CODE_NAMES, codeHelp, codePage } from "../../src/assist/code_page.ts";
import { help } from "../../src/assist/help.ts";
import { scriptDoc } from "../../repl/subcommands/script_doc.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

test("every code has a page with its query and what mends it", () => {
  for (const code of CODE_NAMES) {
    const text = codeHelp(code)!;
    assert.ok(text.startsWith(`${code}: `), code);
    const query = codePage(code)!.query;
    if (query !== null) assert.match(text, query.split("\n")[0]!.trimEnd());
    if (help(code) !== text) assert.ok(help(code) !== null, code);
  }
  assert.is(codeHelp("constructor"), null);
});

test("doc: codes, rules, and a guess for a word that has no help", () => {
  const cwd = folder();
  assert.match(saeq(["doc", "unknown-stage"], { cwd }).stdout, /^unknown-stage: No stage has this name\n[^]*actz[^]*acts/);
  assert.match(saeq(["doc", "cannot-bundle"], { cwd }).stdout, /^cannot-bundle: /);
  assert.match(saeq(["doc", "model-types"], { cwd }).stdout, "qwen3_moe");
  assert.match(saeq(["doc", "ep"], { cwd }).stdout, "\n  set ep openvino\n");
  assert.is(saeq(["doc", "openvino"], { cwd }).stdout, saeq(["doc", "ep"], { cwd }).stdout);
  assert.match(saeq(["doc", "seed"], { cwd }).stdout, "\n  set seed 42\n");
  assert.match(saeq(["doc", "unused-let"], { cwd }).stdout, "# lint-ignore unused-let");
  const unknown = saeq(["doc", "unknwn-stage"], { cwd });
  assert.is(unknown.status, 2);
  assert.match(unknown.stderr, "did you mean `unknown-stage`?");
  assert.match(saeq(["doc", "quantil"], { cwd }).stderr, "did you mean `quantile`?");
});

test("doc FILE: descriptions of file, params, values and stages", () => {
  const text = "saeq 1\n## What it shows.\n\n## Rows to take.\nparam n: int = 10\n## The first rows.\n## Of all.\nlet few = perfect | take $n\n\n## A stage.\ndef best(x: table, k: int = 3) = x | take $k\n";
  assert.is(scriptDoc("a.saeq", text), ["a.saeq", "  What it shows.", "", "Params", "  n: int = 10", "      Rows to take.", "", "Values", "  few", "      The first rows.", "      Of all.", "", "Stages", "  best(x: table, k: int = 3)", "      A stage."].join("\n"));
  assert.is(scriptDoc("b.saeq", "perfect"), "b.saeq\n\nIt defines nothing.");
  const cwd = folder({ "a.saeq": text });
  assert.match(saeq(["doc", "a.saeq"], { cwd }).stdout, "Rows to take.");
  assert.is(saeq(["doc", "nowhere.saeq"], { cwd }).status, 10);
});

test("lint: findings on stderr or as JSON, 3 where there are any", () => {
  const cwd = folder({ "a.saeq": "saeq 1\nlet few = perfect\nperfect | count\n", "b.saeq": "saeq 1\nperfect | count\n", "c.saeq": "perfect | tak 3\n" });
  const found = saeq(["lint", "a.saeq", "b.saeq"], { cwd });
  assert.is(found.status, 3);
  assert.match(found.stderr, /warning\[unused-let\][^]*a\.saeq: 1 found\nb\.saeq: nothing found\n$/);
  const json = JSON.parse(saeq(["lint", "--json", "a.saeq"], { cwd }).stdout) as readonly { diagnostics: readonly { code: string; severity: number }[] }[];
  assert.equal(json[0]!.diagnostics.map(({ code, severity }) => [code, severity]), [["unused-let", 2]]);
  assert.is(saeq(["lint", "b.saeq"], { cwd }).status, 0);
  assert.match(saeq(["lint", "c.saeq"], { cwd }).stderr, "unknown-stage");
  assert.match(saeq(["lint", "--rules"], { cwd }).stdout, /^constant-condition +\S/);
  assert.is(saeq(["lint"], { cwd }).status, 2);
});

test.run();
