/** Without this file query text that is broken, hostile or strange might do anything. Rows 1 to 15 of what bad input gets, and what looks alike. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { SAEQ } from "../house/program.ts";
import { folder, open, run } from "./open.ts";

const session = await open({ interactive: true });
const diagnosed = async (text: string): Promise<readonly Diagnostic[]> => (await session.check({ name: "query", text })).diagnostics;
const first = async (text: string): Promise<Diagnostic> => {
  const [diagnostic] = await diagnosed(text);
  assert.ok(diagnostic, `an error on ${JSON.stringify(text.slice(0, 60))}`);
  return diagnostic!;
};
const under = (text: string, { span }: Diagnostic): string => text.slice(span.start, span.end);
function saeq(...args: string[]): { status: number | null; stderr: string } {
  const { FORCE_COLOR: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [SAEQ, ...args], { encoding: "utf8", env: { ...env, SAEQ_CACHE: "off", NO_COLOR: "1" }, input: "" });
  return { status, stderr };
}

test("1: nothing but comments: a REPL does nothing, a command says that there is no query", async () => {
  assert.is((await run(session, "# only this")).outcome.exitCode, 0);
  const { status, stderr } = saeq("eval", "# only this");
  assert.is(status, 2);
  assert.match(stderr, /no query/);
});

test("2: 100,000 nested brackets are one error", async () => {
  assert.is((await first(`perfect | where ${"(".repeat(100_000)}`)).code, "nesting-too-deep");
});

test("3: a query of 17 million characters or 100,000 stages names its limit", async () => {
  assert.match((await first("x".repeat(17_000_000))).message, /16777216/);
  assert.match((await first(`perfect${" | take 1".repeat(100_000)}`)).message, /2000/);
});

test("4: a million illegal characters are at most ten errors", async () => {
  assert.ok((await diagnosed("\u00a7".repeat(1_000_000))).length <= 10);
});

test("5: an unterminated text points at its opening quote", async () => {
  const text = 'prompts "In the beginning | count';
  const error = await first(text);
  assert.is(error.code, "open-string");
  assert.is(under(text, error), '"');
});

test("6: half a character is an error, and a file that is not UTF-8 names the byte", async () => {
  assert.is((await diagnosed("perfect | take \ud800")).length > 0, true);
  const path = folder();
  writeFileSync(join(path, "latin.saeq"), Buffer.from([0x23, 0x20, 0xe9, 0x0a]));
  const { status, stderr } = saeq("run", join(path, "latin.saeq"));
  assert.is(status, 10);
  assert.match(stderr, /not UTF-8 text: byte 2/);
});

test("7: direction overrides and unseen characters are shown and refused outside of texts", async () => {
  const error = await first("perfect | take 1 # \u202eabc");
  assert.is(error.code, "hidden-character");
  assert.match(error.message, /\\u\{202E\}/);
  assert.equal(await diagnosed('prompts "\\u{202E}"'), []);
});

test("8: a letter of another alphabet is named", async () => {
  const error = await first("sample perfect 2 | \u0430cts layer 7");
  assert.is(error.label, "did you mean `acts`?");
  assert.match((error.notes ?? []).join(), /character 1 is U\+0430/);
});

test("9: byte order mark, CRLF and CR are accepted, NUL is not", async () => {
  assert.equal(await diagnosed("\ufeffperfect | take 1\r\n| count\r\n"), []);
  assert.ok((await diagnosed("perfect | take 1\0")).length > 0);
  assert.equal(await diagnosed("# of an old Mac\rperfect\r| take 1\r| count\r"), []);
  assert.is((await run(session, "# not\rperfect | count")).values.length, 1, "a comment ends where editors end its line");
  const text = "perfect | take 1\r\n| coun";
  assert.is(under(text, await first(text)), "coun");
});

test("10: numbers that do not fit are refused, none is rounded in silence", async () => {
  for (const number of ["9007199254740993", "1e999"]) assert.ok((await diagnosed(`perfect | where matching_tokens == ${number}`)).length > 0, number);
  assert.equal(await diagnosed("perfect | where matching_tokens == 1_000"), []);
});

test("11: a feature past the SAE's last is refused with the range, before anything runs", async () => {
  const text = "sample perfect 2 | acts layer 7 last 2 | contexts 40000";
  const error = await first(text);
  assert.is(error.code, "out-of-range");
  assert.is(under(text, error), "40000");
  assert.match((error.notes ?? []).join(), /0 to 1535/);
});

test("12: a pattern that would backtrack for ever answers at once", async () => {
  const { outcome } = await run(session, `prompts "${"a".repeat(5000)}!" | where text =~ "(a+)+$" | count`);
  assert.is(outcome.exitCode, 0);
});

test("13: __proto__ and constructor are ordinary names of columns", async () => {
  const path = folder({ "odd.csv": "__proto__,constructor,toString\n1,2,3\n4,5,6\n" });
  const own = await open({ readFrom: path });
  const { values, outcome } = await run(own, 'csv "odd.csv" | where `__proto__` > 1 | select `__proto__`, constructor, toString');
  await own.close();
  assert.is(outcome.exitCode, 0, JSON.stringify(outcome.diagnostics));
  const table = values[0];
  assert.equal(table?.kind === "table" ? table.columns.map((column) => [column.name, column.values[0]]) : null, [["__proto__", 4], ["constructor", 5], ["toString", 6]]);
});

test("14: a column that is not there names the nearest", async () => {
  assert.is((await first("memorization | where matchin_tokens == 0")).label, "did you mean `matching_tokens`?");
});

test("14: a column that looks the same and is spelt with other characters is told apart, and both can be columns of one table", async () => {
  const path = folder({ "nfd.csv": "e\u0301,b\n1,2\n", "twins.csv": "e\u0301,\u00e9\n1,2\n" });
  const own = await open({ readFrom: path });
  for (const stage of ["select \u00e9", "where \u00e9 > 0", "group \u00e9 | count"]) {
    const [error] = (await own.check({ name: "query", text: `csv "nfd.csv" | ${stage}` })).diagnostics;
    assert.is(error?.fix?.text, "e\u0301", stage);
    assert.match((error?.notes ?? []).join(), /character 1 is U\+00E9 here and U\+0065 U\+0301 in the column/);
  }
  const { values } = await run(own, 'csv "twins.csv" | select \u00e9');
  await own.close();
  assert.equal(values[0]?.kind === "table" ? values[0].columns.map(({ name, values: [cell] }) => [name, cell]) : null, [["\u00e9", 2]]);
});

test("15: division by zero and the logarithm of a negative number are null, and counted aloud", async () => {
  const { values, notices } = await run(session, 'prompts "a", "b" | derive x = 1 / 0, y = log(-1) | select x, y');
  const table = values[0];
  assert.equal(table?.kind === "table" ? table.columns.map((column) => [...(column.valid ?? [])]) : null, [[0, 0], [0, 0]]);
  assert.is(notices.filter((text) => text.includes("2 rows")).length, 2);
});

test.after(() => session.close());
test.run();
