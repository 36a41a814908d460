/** Without this file the colours of an editor could disagree with what saeq reads. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { grammar, grammarText, GRAMMAR_FILE, KIND_OF_SCOPE } from "../../editors/vscode/generate_grammar.mts";
import { tokenize } from "../../grammar/parse.ts";
import { FUNCTIONS } from "../../src/ops/functions.ts";
import { STAGES } from "../../src/stages/mod.ts";
import { filesBelow, ROOT } from "../house/files.ts";
import { scopesOf } from "./text_mate.ts";

const files = [...filesBelow("examples"), ...filesBelow("test/corpus"), ...filesBelow("test/grammar/corpus")].filter((name) => name.endsWith(".saeq"));

/** Stretches of one kind on one line; neighbours of one kind are one stretch where that kind has no inner bounds. */
function stretches(text: string, found: readonly { readonly start: number; readonly end: number; readonly kind: string }[]): string[] {
  const cut: { start: number; end: number; kind: string }[] = [];
  for (const { start, end, kind } of found) {
    let from = start;
    for (const line of text.slice(start, end).split("\n")) {
      const last = cut.at(-1);
      if (last !== undefined && last.end === from && last.kind === kind && ["string", "error"].includes(kind)) last.end = from + line.length;
      else if (line.length > 0) cut.push({ start: from, end: from + line.length, kind });
      from += line.length + 1;
    }
  }
  return cut.map(({ start, end, kind }) => `${start} ${kind} ${text.slice(start, end)}`);
}

test("the grammar is what `node editors/vscode/generate_grammar.mts` writes", () => {
  assert.fixture(readFileSync(GRAMMAR_FILE, "utf8"), grammarText());
});

test("the rules agree with the lexer on every script that this project holds", () => {
  assert.ok(files.length > 70);
  const rules = grammar();
  for (const name of files) {
    const text = readFileSync(join(ROOT, name), "utf8");
    const tokens = tokenize(text);
    // A quote that never closes is an error to the lexer; a TextMate engine sees no further than a line and cannot know.
    const open = tokens.find(({ kind, span }) => kind === "error" && /["'`]/.test(text[span.start]!))?.span.start ?? text.length;
    const kindOf = (scope: string): string => KIND_OF_SCOPE.find(([each]) => scope.startsWith(each))?.[1] ?? `no kind for ${scope}`;
    const theirs = stretches(text, scopesOf(rules, text).map(({ start, end, scope }) => ({ start, end, kind: kindOf(scope) })));
    const ours = stretches(text, tokens.map(({ kind, span }) => ({ ...span, kind })));
    const before = (all: string[]): string => all.filter((each) => Number(each.split(" ", 1)[0]) < open).join("\n");
    assert.is(before(theirs), before(ours), name);
  }
});

test("stages and functions have scopes of their own", () => {
  const scopeOf = (text: string, word: string): string | undefined => scopesOf(grammar(), text).find(({ start, end }) => text.slice(start, end) === word)?.scope;
  for (const { name } of STAGES) assert.is(scopeOf(`x | ${name} 3`, name), "support.function.stage.saeq");
  for (const name of Object.keys(FUNCTIONS)) assert.is(scopeOf(`x | derive y = ${name}(z)`, name), "support.function.builtin.saeq");
  assert.is(scopeOf("perfect | sort count desc", "count"), "variable.other.saeq");
  assert.is(scopeOf("perfect | acts layer 7", "layer"), "entity.other.attribute-name.saeq");
  assert.is(scopeOf("acts | where layer == 7", "layer"), "variable.other.saeq");
});

test.run();
