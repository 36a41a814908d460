/** Without this file a script that uses another might read the wrong files, or run what it should not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder, open, run, type Ran } from "./open.ts";

async function project(files: Readonly<Record<string, string>>, text: string, options: Parameters<typeof open>[0] = {}): Promise<Ran> {
  const path = folder();
  mkdirSync(join(path, "lib", "inner"), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  const session = await open({ readFrom: path, writeTo: path, ...options });
  const ran = await run(session, text);
  await session.close();
  return ran;
}
const rows = (ran: Ran): number => {
  const value = ran.values.at(-1);
  return value?.kind === "table" ? value.rows : -1;
};
const said = (ran: Ran): string => ran.outcome.diagnostics.map((each) => [each.message, ...(each.notes ?? [])].join("\n")).join("\n");

test("definitions of a file are called by their dotted names, with defaults and lists of the module", async () => {
  const ran = await project({ "lib/pick.saeq": "saeq 1\nparam k: int = 2\nlet low = [0, 1]\n## the first rows\ndef few(x: table, n: int = 2) = x | take $n\ndef some(x: table) = x | where matching_tokens in $low | few n $k" }, 'use "lib/pick.saeq" as p\nmemorization | p.some');
  assert.is(ran.outcome.exitCode, 0, said(ran));
  assert.is(rows(ran), 2);
});

test("without `as` the name of the file is the prefix", async () => {
  const ran = await project({ "lib/pick.saeq": "def one(x: table) = x | take 1" }, 'use "lib/pick.saeq"\nperfect | pick.one');
  assert.is(rows(ran), 1);
});

test("files named in a module lie beside the module, also in a module of a module", async () => {
  const files = { "lib/data.csv": "a\n1\n2\n3\n", "lib/inner/data.csv": "a\n1\n", "lib/inner/deep.saeq": 'def data() = csv "data.csv"', "lib/top.saeq": 'use "inner/deep.saeq" as deep\ndef data() = csv "data.csv"\ndef both() = concat (deep.data), (data)' };
  assert.is(rows(await project(files, 'use "lib/top.saeq" as t\nt.data')), 3);
  assert.is(rows(await project(files, 'use "lib/top.saeq" as t\nt.both')), 4);
});

test("a file that `text` reads in a module lies beside the module, too, and its right is asked for", async () => {
  const files = { "lib/lines.txt": "a\nb\nc\n", "lib/top.saeq": 'def lines() = text "lines.txt"' };
  assert.is(rows(await project(files, 'use "lib/top.saeq" as t\nt.lines')), 3);
  assert.is((await project(files, 'use "lib/top.saeq" as t\nt.lines', { grants: { read: [], write: [] } })).outcome.exitCode, 4);
});

test("what a module reads is asked for like what the script reads; the module itself needs no flag", async () => {
  const files = { "lib/data.csv": "a\n1\n", "lib/top.saeq": 'def data() = csv "data.csv"\ndef plain() = prompts "x"' };
  const refused = await project(files, 'use "lib/top.saeq" as t\nt.data', { grants: { read: [], write: [] } });
  assert.is(refused.outcome.exitCode, 4);
  const read: string[] = [];
  assert.is((await project(files, 'use "lib/top.saeq" as t\nt.plain', { grants: { read: [], write: [] }, onUse: (use) => void (use.use === "read" && read.push(basename(use.path))) })).outcome.exitCode, 0);
  // What nobody asked for is not looked at either.
  assert.not(read.includes("data.csv"));
  assert.ok(read.includes("top.saeq"));
});

test("a module runs nothing and names no data", async () => {
  for (const text of ["perfect | count", "set seed 1", 'let x = csv "a.csv"']) {
    const ran = await project({ "lib/m.saeq": text }, 'use "lib/m.saeq" as m\nperfect | count');
    assert.equal(ran.codes, ["broken-module"], text);
    assert.match(said(ran), /line 1: a module/);
    assert.equal(ran.values, []);
  }
});

test("a mistake in a module is one error at the `use`, with its line", async () => {
  const ran = await project({ "lib/m.saeq": "def ok(x: table) = x | take 1\ndef bad(x: table) = x | tak 1" }, 'use "lib/m.saeq" as m');
  assert.equal(ran.codes, ["broken-module"]);
  assert.match(said(ran), /line 2: no stage named `tak`/);
});

test("calls of what a broken module defines add no mistakes of their own, and names that it does not have do", async () => {
  for (const body of ["x | tak 1", "x | acts layer 7 | | top 3", 'x | acts layer 7 | top "a"']) {
    const files = { "lib/m.saeq": `def ok(x: table) = x | take 1\ndef bad(x: table) = ${body}` };
    const calls = "perfect | m.bad | count\nperfect | m.bad | m.ok\nperfect | m.ok";
    assert.equal((await project(files, `use "lib/m.saeq" as m\n${calls}`)).codes, ["broken-module"], body);
    assert.equal((await project(files, 'use "lib/m.saeq" as m\nperfect | m.baad')).codes, ["broken-module", "unknown-stage"], body);
  }
});

test("what helps with a broken module can be pasted from where saeq was started, and helps", async () => {
  const help = async (files: Readonly<Record<string, string>>, use: string) => (await project(files, `use "${use}" as m`)).outcome.diagnostics[0]?.help;
  assert.match((await help({ "lib/m m.saeq": "def bad(x: table) = x | tak 1" }, "lib/m m.saeq"))!, /^saeq check '\/.*\/lib\/m m\.saeq'$/);
  assert.match((await help({ "lib/m.saeq": 'use "n.saeq" as n', "lib/n.saeq": "def bad(x: table) = x | tak 1" }, "lib/m.saeq"))!, /^saeq check \/.*\/lib\/n\.saeq$/);
  // By itself it is a script without mistakes.
  assert.is(await help({ "lib/m.saeq": 'let x = csv "a.csv"\n  | take 3' }, "lib/m.saeq"), 'def x() = csv "a.csv" | take 3');
  assert.is(await help({ "lib/m.saeq": "perfect | count" }, "lib/m.saeq"), "def result() = perfect | count");
  assert.is(await help({ "lib/m.saeq": "param n: str" }, "lib/m.saeq"), 'param n: str = "x"');
  assert.is(await help({ "lib/m.saeq": "set seed 1" }, "lib/m.saeq"), undefined);
});

test("modules that use each other are an error, not a hang", async () => {
  const ran = await project({ "lib/a.saeq": 'use "b.saeq" as b', "lib/b.saeq": 'use "a.saeq" as a' }, 'use "lib/a.saeq" as a');
  assert.equal(ran.codes, ["broken-module"]);
  assert.match(said(ran), /broken|mistake|uses itself/);
});

test("definitions of the script do not leak into a module, nor the module's into the script", async () => {
  const files = { "lib/m.saeq": "def inner(x: table) = x | take 1\ndef uses(x: table) = x | mine" };
  const ran = await project(files, 'def mine(x: table) = x | take 1\nuse "lib/m.saeq" as m\nperfect | inner');
  assert.ok(ran.codes.includes("broken-module"));
  assert.ok(ran.codes.includes("unknown-stage"));
});

test("in a REPL a definition completes, has help and may be written anew", async () => {
  const session = await open({ interactive: true });
  await run(session, "## the first few\ndef few(x: table, n: int = 2) = x | take $n");
  assert.ok(session.complete("perfect | fe", 12).items.some((item) => item.text === "few" && item.detail === "the first few"));
  assert.match(session.complete("perfect | few ", 14).signature ?? "", /few \[n <int>\]/);
  assert.match(session.help("few") ?? "", /the first few/);
  await run(session, "def few(x: table, n: int = 3) = x | take $n");
  const ran = await run(session, "perfect | few");
  await session.close();
  assert.is(rows(ran), 3);
});

test.run();
