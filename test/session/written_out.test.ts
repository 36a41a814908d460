/** Without this file a few lines of definitions that use one another twice could hold saeq for ever. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder, open, run } from "./open.ts";

const LEVELS = 40;

/** `f0`, then forty definitions (or lets), each made of the one before, then a use of the last. */
function levels(first: string, next: (name: string, before: string, level: number) => string, last: string): string {
  return [first, ...Array.from({ length: LEVELS }, (_, i) => next(`f${i + 1}`, `f${i}`, i + 1)), last].join("\n");
}

async function checked(text: string, readFrom = folder()): Promise<{ readonly codes: readonly string[]; readonly messages: readonly string[]; readonly accesses: number }> {
  const session = await open({ readFrom });
  const { diagnostics, compiled } = await session.check({ name: "x.saeq", text });
  await session.close();
  return { codes: diagnostics.map(({ code }) => code), messages: diagnostics.map(({ message, notes }) => [message, ...(notes ?? [])].join("\n")), accesses: compiled?.accesses.length ?? 0 };
}

const SHARED: Readonly<Record<string, string>> = {
  "twice the same source": levels("def f0() = perfect | take 3", (f, g) => `def ${f}() = concat (${g}), (${g})`, "f40 | count"),
  "twice what comes in": levels("def f0(x) = x | take 3", (f, g) => `def ${f}(x) = concat (x | ${g}), (x | ${g})`, "perfect | f40 | count"),
  "pipelines as arguments": levels("def f0(x, y) = concat x, y", (f, g) => `def ${f}(x, y) = concat (x | ${g} (y)), (y | ${g} (x))`, "perfect | f40 (non_perfect) | count"),
  "params that come to few values": levels("def f0(x, n: int) = x | take $n", (f, g) => `def ${f}(x, n: int) = concat (x | ${g} 2), (x | ${g} $n)`, "perfect | f40 7 | count"),
  "with what is saved on the way": levels("def f0() = perfect | take 3", (f, g, i) => `def ${f}() = concat (${g} | save "x${i}.csv"), (${g})`, "f40 | count"),
  "lets with a condition": levels("let f0 = perfect | take 3", (f, g) => `let ${f} = ${g} | assert count(${g}) > 1`, "f40 | count"),
  "lets of features with a condition": levels("let f0 = perfect | take 2 | acts layer 7 | top 5", (f, g) => `let ${f} = ${g} | assert count(${g}) > 1`, "f40 | top 3"),
};
for (const [name, text] of Object.entries(SHARED)) {
  test(`forty levels are checked and explained: ${name}`, async () => {
    assert.equal((await checked(text)).codes, []);
    const session = await open({ measured: false });
    const { outcome } = await run(session, `${text} | explain`);
    await session.close();
    assert.is(outcome.exitCode, 0);
  });
}

test("files of forty levels are asked for a few times at each level, not as often as they would be written", async () => {
  assert.ok((await checked(SHARED["with what is saved on the way"]!)).accesses <= 2 * LEVELS * LEVELS);
});

const REFUSED: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ["one behind the other", levels("def f0(x) = x | where perfect_match", (f, g) => `def ${f}(x) = x | ${g} | ${g}`, "perfect | f40 | count"), /^with `f40` written out, more than 2000 stages follow one another/],
  ["all different", levels("def f0(x) = x | take 3", (f, g, i) => `def ${f}(x) = concat (x | ${g}), (x | take ${i} | ${g})`, "perfect | f40 | count"), /^with `f40` written out, the pipeline has more than 10000 stages/],
  ["params that differ at each level", levels("def f0(x, n: int) = x | take $n", (f, g) => `def ${f}(x, n: int) = concat (x | ${g} $n * 2), (x | ${g} $n + 1)`, "perfect | f40 1 | count"), /^with `f\d+` written out, the pipeline has more than 10000 stages/],
  ["beside the pipe", levels("def f0(x) = x | take 3", (f, g) => `def ${f}(x) = x | tee (${g}) | ${g}`, "perfect | f40 | count"), /^with `f40` written out, more than 2000 stages follow one another/],
  ["a long chain", `${Array.from({ length: 1500 }, (_, i) => `def f${i}(x) = x | ${i === 0 ? "take 3" : `f${i - 1}`}`).join("\n")}\nperfect | f1499 | count`, /^`f1499` calls definitions that call one another more than 100 deep/],
  ["long bodies in many lines", `def big(x) = x ${"| where perfect_match ".repeat(1900)}\n${Array.from({ length: 300 }, (_, i) => `perfect | take ${i} | big | count`).join("\n")}`, /^with `big` written out here, the pipelines of this script have more than 500000 stages/],
];
for (const [name, text, message] of REFUSED) {
  test(`what would be too much is one error, with the name of the definition: ${name}`, async () => {
    const { codes, messages } = await checked(text);
    assert.equal([...new Set(codes)], ["too-many-stages"]);
    assert.match(messages[0]!, message);
  });
}

test("a mistake that a call brings about is told once, with the outermost and the innermost name", async () => {
  const { codes, messages } = await checked(levels("def f0(x) = x | where zzz > 3", (f, g) => `def ${f}(x) = concat (x | ${g}), (x | ${g})`, "perfect | f40 | count"));
  assert.equal(codes, ["unknown-column"]);
  assert.match(messages[0]!, /^in `f40`: in `f0`: no column `zzz`\n`f39` in the body of `f40`\n[^]*\n…\n[^]*`zzz` in the body of `f0`\ncolumns here:/);
});

test("joins that double their columns are refused", async () => {
  const { codes, messages } = await checked(levels("let f0 = perfect", (f, g, i) => `let ${f} = ${g} | join (${g}) on reference suffix "_${i}"`, "f40 | count"));
  assert.equal(codes, ["too-many-columns"]);
  assert.match(messages[0]!, /there would be 28673 columns, and a table has at most 16384/);
});

test("rows that double at each level are refused before they are made", async () => {
  const session = await open();
  const { outcome } = await run(session, levels("let f0 = perfect | select matching_tokens", (f, g) => `let ${f} = concat ${g}, ${g}`, "f40 | count"));
  await session.close();
  assert.equal(outcome.diagnostics.map(({ code }) => code), ["too-many-rows"]);
});

test("10,000 definitions, and calls of them, do not copy all names each time", async () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `let a${i} = ${i}\ndef g${i}(x, n: int = $a${i}) = x | take $n\nperfect | g${i} | count`);
  assert.equal((await checked(lines.join("\n"))).codes, []);
});

test("a definition sees the names of its place, in a session also those that were bound anew later", async () => {
  const session = await open({ interactive: true });
  const { values } = await run(session, "let n = 2\ndef few() = perfect | take $n\nlet n = 5\nfew | count\nperfect | take $n | count");
  const [first, second] = values.map((value) => (value.kind === "table" ? value.columns[0]!.values[0] : null));
  await session.close();
  assert.equal([first, second], [2, 5]);
});

test("a param of a script is declared once", async () => {
  assert.equal((await checked("param n: int = 1\nparam n: int = 2\nperfect | take $n")).codes, ["name-taken"]);
});

/** Modules m0 … m40, each made of the one before. */
function modules(next: (before: string) => string): string {
  const path = folder();
  mkdirSync(join(path, "lib"));
  for (let i = 0; i <= LEVELS; i++) writeFileSync(join(path, "lib", `m${i}.saeq`), i === 0 ? "def f(x) = x | take 3\n" : next(`m${i - 1}.saeq`));
  return path;
}
const USES = 'use "lib/m40.saeq" as m\nperfect | m.f | count';

test("modules forty deep whose definitions call one another twice are checked", async () => {
  assert.equal((await checked(USES, modules((before) => `use "${before}" as a\ndef f(x) = concat (x | a.f), (x | a.f)\n`))).codes, []);
});

test("modules that use one another twice bring twice the names at each level, which is refused and said", async () => {
  const { codes, messages } = await checked(USES, modules((before) => `use "${before}" as a\nuse "${before}" as b\ndef f(x) = x | a.f | b.f\n`));
  assert.is(codes[0], "broken-module");
  assert.match(messages[0]!, /line 2: with those of `m14\.saeq` there are more than 50000 stages to call/);
});

test("modules more than fifty deep are refused, and those that use each other in a roundabout way are a cycle", async () => {
  const deep = folder();
  for (let i = 0; i <= 120; i++) writeFileSync(join(deep, `m${i}.saeq`), i === 0 ? "def f(x) = x | take 3\n" : `use "./m${i - 1}.saeq" as a\ndef f(x) = x | a.f\n`);
  assert.match((await checked('use "m120.saeq" as m', deep)).messages[0]!, /modules use one another more than 50 deep|m119\.saeq/);
  const cycle = folder();
  mkdirSync(join(cycle, "lib"));
  writeFileSync(join(cycle, "lib", "a.saeq"), 'use "../lib/./a.saeq" as a\n');
  assert.match((await checked('use "lib/a.saeq" as a', cycle)).messages[0]!, /line 1: `\.\.\/lib\/\.\/a\.saeq` uses itself\nlib\/a\.saeq → lib\/a\.saeq/);
});

test.run();
