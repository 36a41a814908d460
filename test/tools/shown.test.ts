/** Without this file what a script shows could depend on where it is run, or be lost where it is saved. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

const DATA = { "t.csv": "word,n\nx,1.23456789\ny,2.5\n" };

test("digits that are set hold from there on, in a script, a query, stdin and a page", () => {
  const script = 'saeq 1\nlet t = csv "t.csv"\nset precision 8\nt | take 1\nset precision 2\nt | take 1\n';
  const cwd = folder({ ...DATA, "a.saeq": script });
  for (const { stdout, stderr } of [saeq(["run", "-A", "a.saeq"], { cwd }), saeq(["eval", script], { cwd }), saeq(["-A"], { cwd, input: script })]) {
    assert.match(stdout, /1\.2345679[^]*1\.2$/m, stderr);
  }
  assert.is(saeq(["export", "-A", "--to", "md", "a.saeq"], { cwd }).status, 0);
  assert.match(readFileSync(join(cwd, "a.md"), "utf8"), /1\.2345679[^]*1\.2[^\d]/);
});

test("a page shows what is saved, too", () => {
  const cwd = folder({ ...DATA, "a.saeq": 'saeq 1\ncsv "t.csv" | where n > 2 | save "o.csv"\n' });
  const { status, stderr } = saeq(["export", "-A", "--to", "md", "a.saeq"], { cwd });
  assert.is(status, 0, stderr);
  assert.match(readFileSync(join(cwd, "a.md"), "utf8"), /\| y \| +2\.5 \|/);
});

test.run();
