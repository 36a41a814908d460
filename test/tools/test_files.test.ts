/** Without these tests `saeq test` could pass what fails. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compareSnapshots, snapshotOf } from "../../repl/subcommands/snapshot.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder } from "../session/open.ts";
import { saeq } from "./saeq.ts";

test("each file is told with its time, and counted; a failed assert with its values", () => {
  const cwd = folder({ "a_test.saeq": "assert count(perfect) >= 10\n", "b_test.saeq": 'assert count(perfect) < 10, "too many"\n', "c.saeq": "tak 3\n" });
  const { stdout, stderr, status } = saeq(["test"], { cwd });
  assert.is(status, 1);
  assert.match(stdout, /^ok {6}a_test\.saeq {2}\S.*\nfailed {2}b_test\.saeq {2}\S.*\n1 passed, 1 failed\n$/);
  assert.match(stderr, /assertion-failed[^]*too many/);
  assert.match(stderr, /note: count\(perfect\) < 10\n.*note: count\(perfect\) is \d{2,}\n/);
  assert.is(saeq(["test", "a_test.saeq"], { cwd }).status, 0);
});

test("tests are found below the folder, but not in hidden ones and installed packages", () => {
  const cwd = folder();
  for (const name of ["deep/er", ".hidden", "node_modules/x"]) {
    mkdirSync(join(cwd, name), { recursive: true });
    writeFileSync(join(cwd, name, "x_test.saeq"), "perfect | count\n");
  }
  assert.match(saeq(["test"], { cwd }).stdout, /^ok {6}deep\/er\/x_test\.saeq .*\n1 passed, 0 failed\n$/);
  assert.match(saeq(["test", "deep"], { cwd }).stdout, /^ok {6}deep\/er\/x_test\.saeq .*\n1 passed, 0 failed\n$/, "a folder stands for the tests below it");
  const none = saeq(["test"], { cwd: folder() });
  assert.equal([none.status, none.stdout], [2, ""]);
});

test("a test reads beside itself and nowhere else, and writes nothing", () => {
  const cwd = folder({ "x.csv": "a\n1\n", "fine_test.saeq": 'csv "x.csv" | count\n', "reads_test.saeq": `csv "${join(folder({ "y.csv": "a\n1\n" }), "y.csv")}"\n`, "writes_test.saeq": 'csv "x.csv" | save "y.csv"\n' });
  const { stdout, stderr } = saeq(["test"], { cwd });
  assert.match(stdout, /ok {6}fine_test[^]*failed {2}reads_test[^]*failed {2}writes_test[^]*1 passed, 2 failed/);
  assert.match(stderr, /permission-denied[^]*--allow-read=[^]*--allow-write=y\.csv/);
  assert.not.ok(existsSync(join(cwd, "y.csv")));
  assert.is(saeq(["test", "--allow-write=y.csv", "writes_test.saeq"], { cwd }).status, 0);
});

test("snapshots: written by --update, compared after that, told where they differ", () => {
  const cwd = folder({ "s_test.saeq": "memorization | take 3 | derive x = matching_tokens / 3 | select x, perfect_match\n" });
  assert.is(saeq(["test"], { cwd }).status, 0);
  assert.not.ok(existsSync(join(cwd, "s_test.saeq.snap")), "nothing is written without --update");
  assert.is(saeq(["test", "--update"], { cwd }).status, 0);
  const snap = join(cwd, "s_test.saeq.snap");
  const kept = readFileSync(snap, "utf8");
  assert.match(kept, /^x,perfect_match\n/);
  assert.is(saeq(["test"], { cwd }).status, 0);
  writeFileSync(snap, kept.replace("true", "false"));
  const changed = saeq(["test"], { cwd });
  assert.is(changed.status, 1);
  assert.match(changed.stderr, /not that of s_test\.saeq\.snap[^]*line \d: - [^]*line \d: \+ /);
  assert.is(readFileSync(snap, "utf8"), kept.replace("true", "false"));
});

test("the snapshot is the last result that is shown, wherever asserts stand", () => {
  const cwd = folder({ "a_test.saeq": "perfect | take 3 | count\nassert count(perfect) >= 10\n", "only_test.saeq": "assert count(perfect) >= 10\n" });
  assert.is(saeq(["test", "--update"], { cwd }).status, 0);
  assert.is(readFileSync(join(cwd, "a_test.saeq.snap"), "utf8"), "count\n3\n");
  assert.not.ok(existsSync(join(cwd, "only_test.saeq.snap")), "of nothing there is no snapshot");
  writeFileSync(join(cwd, "a_test.saeq"), "perfect | take 4 | count\nassert count(perfect) >= 10\n");
  const changed = saeq(["test"], { cwd });
  assert.is(changed.status, 1);
  assert.match(changed.stderr, "line 2: - 3\n  line 2: + 4");
  writeFileSync(join(cwd, "a_test.saeq"), "assert count(perfect) >= 10\n");
  const gone = saeq(["test", "a_test.saeq"], { cwd });
  assert.is(gone.status, 1);
  assert.match(gone.stderr, "there is no result to compare with a_test.saeq.snap; to do without it: rm a_test.saeq.snap\n");
});

test("a test that compares nothing and asserts nothing says so, and how to make a snapshot", () => {
  const cwd = folder({ "a b_test.saeq": "perfect | count\n", "c_test.saeq": "let x = perfect\n", "d_test.saeq": "perfect | assert count() > 1 | count\n" });
  const { stdout, status } = saeq(["test"], { cwd });
  assert.is(status, 0);
  assert.match(stdout, /^ok {6}a b_test\.saeq {2}[\d.]+ m?s {2}nothing compared: no snapshot; to make one: saeq test --update 'a b_test\.saeq'\nok {6}c_test\.saeq {2}[\d.]+ m?s {2}nothing is shown or asserted\nok {6}d_test\.saeq {2}[\d.]+ m?s\n/);
});

test("a param without a default gets one to write, a file that is not there its exit code, and advice on permissions keeps the arguments", () => {
  const cwd = folder({ "n_test.saeq": "param n: int\nperfect | take $n\n", "w_test.saeq": 'perfect | save "o.csv"\n' });
  assert.match(saeq(["test", "n_test.saeq"], { cwd }).stderr, /a test is run without params: write a default\n.*help: param n: int = 1\n/);
  assert.equal([saeq(["test", "nosuch"], { cwd }).status, saeq(["test", "n_test.saeq", "nosuch"], { cwd }).status], [10, 10]);
  const { stderr } = saeq(["test", "w_test.saeq", "--update"], { cwd });
  assert.match(stderr, /to allow it: saeq --ep cpu test (--allow-read=\S+ )?--allow-write=o\.csv w_test\.saeq --update\n$/);
});

test("a snapshot is CSV with floats at six digits, nulls empty and texts in quotes where needed", () => {
  const text = snapshotOf({
    kind: "table", rows: 3, origin: "t",
    columns: [
      { name: "x", type: "float", values: Float64Array.of(1 / 3, 1e-20 / 7, 2), valid: null },
      { name: "a,b", type: "str", values: ['say "so"', "", "plain"], valid: null },
      { name: "n", type: "int", values: Float64Array.of(1, 2, 3), valid: Uint8Array.of(1, 0, 1) },
    ],
  });
  assert.is(text, 'x,"a,b",n\n0.333333,"say ""so""",1\n1.42857e-21,"",\n2,plain,3\n');
  assert.is(compareSnapshots(text.replaceAll("\n", "\r\n"), text), null);
  assert.match(compareSnapshots("a\n1\n", "a\n2\n3\n")!, "line 2: - 1\n  line 2: + 2\n  line 3: - \n  line 3: + 3");
});

test("the shipped test passes on the shipped model, as its snapshot says", () => {
  const { stdout, status } = saeq(["test", "memorization_test.saeq"], { cwd: EXAMPLES });
  assert.is(status, 0);
  assert.match(stdout, "1 passed, 0 failed");
  assert.ok(existsSync(join(EXAMPLES, "memorization_test.saeq.snap")));
});

test.run();
