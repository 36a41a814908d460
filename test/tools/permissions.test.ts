/** Without this file the flags of permissions could mean something else on the command line than in the code behind it. */
import { existsSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder as made } from "../session/open.ts";
import { saeq } from "./saeq.ts";

const project = (): string => realpathSync(made({ "a.saeq": 'saeq 1\ncsv "d.csv" | take 1 | save "o.csv"\n', "d.csv": "a\n1\n2\n" }));

test("a refused script says the command that would run, and that command runs", () => {
  const cwd = project();
  const refused = saeq(["run", "--no-prompt", "a.saeq"], { cwd });
  assert.is(refused.status, 4);
  assert.match(refused.stderr, "to allow it: saeq --ep cpu run --allow-read=d.csv --allow-write=o.csv --no-prompt a.saeq");
  assert.not(existsSync(join(cwd, "o.csv")));
  const flags = saeq(["info", "--permissions", "a.saeq"], { cwd }).stdout.trim();
  assert.is(flags, "--allow-read=d.csv --allow-write=o.csv");
  assert.is(saeq(["run", ...flags.split(" "), "a.saeq"], { cwd }).status, 0);
  assert.is(readFileSync(join(cwd, "o.csv"), "utf8"), "a\n1\n");
});

test("-R=, -W= and -P are short forms, and none of them eats the script's name", () => {
  const cwd = project();
  assert.is(saeq(["run", "-R=.", "-W=o.csv", "a.saeq"], { cwd }).status, 0);
  assert.is(saeq(["run", "-R", "-W", "a.saeq"], { cwd }).status, 0);
  writeFileSync(join(cwd, "saeq.json"), '{"permissions": {"default": {"read": ["."], "write": ["o.csv"]}, "reader": {"read": true}}}');
  assert.is(saeq(["run", "a.saeq"], { cwd }).status, 4, "a file that lies there grants nothing");
  assert.is(saeq(["run", "-P", "a.saeq"], { cwd }).status, 0);
  const part = saeq(["run", "-P=reader", "a.saeq"], { cwd });
  assert.is(part.status, 4);
  assert.not.match(part.stderr, "  read");
  assert.match(saeq(["run", "-P=raeder", "a.saeq"], { cwd }).stderr, "did you mean `-P=reader`?");
});

test("--deny wins over -A, in scripts and in what is typed", () => {
  const cwd = project();
  const refused = saeq(["run", "-A", "--deny-write", "a.saeq"], { cwd });
  assert.is(refused.status, 4);
  assert.match(refused.stderr, "it is forbidden by --deny-write=o.csv");
  assert.is(saeq(["run", "-A", "--deny-read=.", "a.saeq"], { cwd }).status, 4);
  const typed = saeq(["eval", "--deny-read=d.csv", 'csv "d.csv" | count'], { cwd });
  assert.is(typed.status, 4);
  assert.match(typed.stderr, "leave out what forbids it: --deny-read=");
});

test("--audit tells each use once, also what was refused, and two runs tell the same", () => {
  const cwd = project();
  const told = (name: string): readonly Record<string, unknown>[] => readFileSync(join(cwd, name), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const name of ["one.jsonl", "two.jsonl"]) assert.is(saeq(["run", "-R=d.csv", "-W=o.csv", `--audit=${name}`, "a.saeq"], { cwd }).status, 0);
  assert.equal(told("one.jsonl"), told("two.jsonl"));
  assert.equal(told("one.jsonl").filter(({ path }) => String(path).startsWith(cwd)), [
    { use: "read", path: join(cwd, "d.csv"), granted: true },
    { use: "write", path: join(cwd, "o.csv"), granted: true },
  ]);
  const unwritable = saeq(["run", "-A", "--audit", "no/such/folder.jsonl", "a.saeq"], { cwd });
  assert.is(unwritable.status, 2);
  assert.match(unwritable.stderr, "the audit file no/such/folder.jsonl cannot be written");
});

test("a file that `text` reads is asked for as any other, and is among what a script reads", () => {
  const cwd = realpathSync(made({ "a.txt": "one\ntwo\n", "s.saeq": 'prompts "before" | take 1\ntext "a.txt" | save "x.csv"\n' }));
  const refused = saeq(["run", "--no-prompt", "-W", "s.saeq"], { cwd });
  assert.is(refused.status, 4);
  assert.match(refused.stderr, /read {2}a\.txt[^]*--allow-read=a\.txt/);
  assert.is(refused.stdout, "");
  assert.not(existsSync(join(cwd, "x.csv")));
  assert.match(saeq(["info", "s.saeq"], { cwd }).stdout, /reads +a\.txt/);
  assert.is(saeq(["run", "-R", "-W", "s.saeq"], { cwd }).status, 0);
  assert.match(readFileSync(join(cwd, "x.csv"), "utf8"), "one\ntwo");
});

test("no output of a command takes the place of a script or of what it reads", () => {
  const cwd = realpathSync(made({ "s.saeq": 'csv "d.csv" | take 1\n', "d.csv": "a\n1\n2\n" }));
  symlinkSync("d.csv", join(cwd, "link.csv"));
  const before = ["s.saeq", "d.csv"].map((name) => readFileSync(join(cwd, name), "utf8"));
  for (const args of [["export", "-A", "s.saeq", "--to", "md", "-o", "s.saeq"], ["export", "-A", "s.saeq", "--to", "html", "-o", "d.csv"], ["export", "-A", "s.saeq", "--to", "html", "-o", "link.csv"], ["bundle", "s.saeq", "-o", "s.saeq"], ["bundle", "s.saeq", "-o", "d.csv"], ["run", "-A", "--audit", "d.csv", "s.saeq"], ["run", "-A", "--audit", "s.saeq", "s.saeq"]]) {
    const { status, stderr } = saeq(args, { cwd });
    assert.is(status, 2, args.join(" "));
    assert.match(stderr, /would be overwritten|holds something else/, args.join(" "));
  }
  assert.equal(["s.saeq", "d.csv"].map((name) => readFileSync(join(cwd, name), "utf8")), before);
  for (let round = 0; round < 2; round++) assert.is(saeq(["run", "-A", "--audit", "uses.jsonl", "s.saeq"], { cwd }).status, 0);
  assert.is(readFileSync(join(cwd, "uses.jsonl"), "utf8").trimEnd().split("\n").length % 2, 0, "a second run goes on in the file of the first");
});

test.run();
