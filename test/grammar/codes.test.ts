/** Without these tests a code could lose its trigger, its words could decay unseen, and its fix could make things worse. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CODES } from "../../grammar/codes.ts";
import type { CodeEntry } from "../../grammar/codes.ts";
import { parse } from "../../grammar/parse.ts";
import { renderDiagnostic } from "../../grammar/render.ts";

const folder = new URL("golden/", import.meta.url);
const entries: [string, CodeEntry][] = Object.entries(CODES);

for (const [code, entry] of entries) {
  test(`${code} is told for its trigger, alone, in the words of its golden`, () => {
    const { diagnostics } = parse(entry.trigger);
    assert.equal(diagnostics.map((d) => d.code), [code]);
    const rendered = `${renderDiagnostic(diagnostics[0]!, { name: "query.saeq", text: entry.trigger }, { color: false, width: 100 })}\n`;
    const golden = new URL(`${code}.txt`, folder);
    if (process.env["UPDATE"] === "1" || !existsSync(golden)) {
      assert.is(process.env["UPDATE"], "1", `golden/${code}.txt is missing: run with UPDATE=1`);
      writeFileSync(golden, rendered);
    }
    assert.fixture(rendered, readFileSync(golden, "utf8"));
  });

  test(`${code} has the fix it promises`, () => {
    const fix = parse(entry.trigger).diagnostics[0]!.fix;
    if (entry.fixed === null) return void assert.is(fix, undefined);
    assert.ok(fix);
    const fixed = entry.trigger.slice(0, fix.span.start) + fix.text + entry.trigger.slice(fix.span.end);
    assert.is(fixed, entry.fixed);
    assert.equal(parse(fixed).diagnostics, []);
  });
}

test("a column called like a keyword in capitals is named as the advice writes it", () => {
  const [note] = parse("where AND").diagnostics.flatMap(({ notes }) => notes ?? []);
  const written = /written (\S+),/.exec(note ?? "")?.[1];
  assert.is(written, "`AND`");
  assert.equal(parse(`where ${written} == 1`).diagnostics, []);
});

test("every golden belongs to a code, and codes are kebab-case", () => {
  assert.equal(readdirSync(folder).map((name) => name.replace(/\.txt$/, "")).sort(), entries.map(([code]) => code).sort());
  for (const [code] of entries) assert.match(code, /^[a-z]+(-[a-z]+)*$/);
});

test("no message ends with a full stop or speaks of parsers", () => {
  for (const [code, entry] of entries) {
    const [d] = parse(entry.trigger).diagnostics;
    const words = [d!.message, d!.label ?? "", ...(d!.notes ?? [])].join("\n");
    assert.not.match(d!.message, /\.$/, code);
    assert.not.match(words, /\b(token|pars(e|er|ing)|syntax|EOF|lexer|rule)\b/i, code);
  }
});

test.run();
