/** Without these tests an editor could be told of a changed script what is not true of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findings } from "../../repl/lsp/findings.ts";
import { analyse, type Analysis, type Surroundings } from "../../src/assist/analyse.ts";
import { completeAt, signatureIn } from "../../src/assist/complete_script.ts";
import { definition, references } from "../../src/assist/definition.ts";
import { hover } from "../../src/assist/hover.ts";
import { layoutEdit } from "../../src/assist/layout_edit.ts";
import { createReader } from "../../src/assist/live.ts";
import { rename } from "../../src/assist/rename.ts";
import { semanticTokens } from "../../src/assist/semantic.ts";
import { symbols } from "../../src/assist/symbols.ts";
import { settled } from "../assist/around.ts";
import { folder } from "../session/open.ts";
import { COUNT, handOf, type Hand } from "./edits.ts";

const EDITS = 15;
const place = folder({ "lib.saeq": "## The first rows.\ndef few(x: table, k: int = 2) = x | take $k\n" });
writeFileSync(join(place, "runs.csv"), "id,score\n1,0.5\n");

type Question = readonly [name: string, ask: (analysis: Analysis) => unknown];

/** What editors ask, of a few places of the text. */
function questions(text: string, hand: Hand): readonly Question[] {
  const somewhere = (): number => hand.below(text.length + 1);
  const [a, b, c, d] = [somewhere(), somewhere(), somewhere(), somewhere()];
  const all: readonly Question[] = [
    [`completion ${a}`, (analysis) => completeAt(analysis, a)],
    ["diagnostics", (analysis) => analysis.diagnostics()],
    ["syntax", ({ syntax }) => syntax],
    ["needs", (analysis) => analysis.needs()],
    ["findings", (analysis) => findings(analysis)],
    ["symbols", (analysis) => symbols(analysis)],
    [`completion ${b}`, (analysis) => completeAt(analysis, b)],
    [`signature ${b}`, (analysis) => signatureIn(analysis, b)],
    ["colours", (analysis) => semanticTokens(analysis)],
    ["formatting", (analysis) => layoutEdit(analysis)],
    ...[a, b, c, d].flatMap((at): readonly Question[] => [
      [`hover ${at}`, (analysis) => hover(analysis, at)],
      [`definition ${at}`, (analysis) => definition(analysis, at)],
      [`references ${at}`, (analysis) => references(analysis, at)],
      [`rename ${at}`, (analysis) => rename(analysis, at, "another")],
    ]),
  ];
  // Nothing may depend on what was asked before.
  return hand.below(2) === 0 ? all : all.toReversed();
}

test("a script that is changed bit by bit is told of as if it were opened anew", async () => {
  const hand = handOf("live");
  for (let round = 0; round < COUNT / EDITS; round++) {
    const first = hand.script();
    let text = first;
    let around = await settled(text, place);
    const read = createReader();
    for (let i = 0; i < EDITS; i++) {
      const before = text;
      if (i > 0) text = hand.below(6) === 0 ? first : hand.edited(text);
      // More becomes known while somebody types.
      if (i === 7) around = await settled(text, place);
      const known: Surroundings = hand.below(8) === 0 ? { ...around, facts: new Map() } : around;
      const [live, anew] = [read(text, known), analyse(text, known)];
      for (const [name, ask] of questions(text, hand)) {
        const [told, wanted] = [ask(live), ask(anew)];
        try {
          assert.equal(told, wanted);
        } catch (error) {
          throw new Error(`${name} of ${JSON.stringify({ before, text })}\n${String((error as { details?: string }).details ?? error)}`);
        }
      }
    }
  }
});

test("a definition that the grammar could not read is silent for who calls it, also where it was readable before", async () => {
  const before = "def f(x: table) = x | take 2\nperfect | f | derive matchin | count\n";
  const text = before.replace("table)", "table/* a */)");
  const around = await settled(before, place);
  const read = createReader();
  assert.is(read(before, around).diagnostics().length, 1);
  assert.equal(findings(read(text, around)), findings(analyse(text, around)));
});

test("a hundred mistakes and more are told as those of a script that is opened anew", async () => {
  const around = await settled("perfect | take 1", place);
  const read = createReader();
  const lines = Array.from({ length: 130 }, (_, i) => `perfec | take ${i}\n`);
  for (const count of [98, 99, 100, 101, 130, 3]) {
    const text = `let a = perfect\n${lines.slice(0, count).join("")}a | tak 3\n`;
    assert.equal(read(text, around).diagnostics(), analyse(text, around).diagnostics(), String(count));
  }
});

/** Counts the names that are looked up: a statement that is checked asks for the table that it reads. */
class Counted<K, V> extends Map<K, V> {
  count = 0;

  override get(key: K): V | undefined {
    this.count++;
    return super.get(key);
  }
}

test("a letter in a long script costs a small part of reading it", async () => {
  const text = `saeq 1\nset seed 1\n${Array.from({ length: 6000 }, (_, i) => `let rows_${i} = perfect | take ${i + 1}\nrows_${i} | count\n`).join("")}`;
  const { scope, ...rest } = await settled("perfect | take 1", place);
  const counted = new Counted(scope.standard);
  const around = { ...rest, scope: { ...scope, standard: counted } };
  const read = createReader();
  const asked = (script: string): number => {
    const before = counted.count;
    const analysis = read(script, around);
    findings(analysis);
    semanticTokens(analysis);
    hover(analysis, script.length / 2);
    completeAt(analysis, script.length / 2);
    return counted.count - before;
  };
  const opened = asked(text);
  assert.ok(opened >= 6000, `${opened} when it is opened`);
  const at = text.indexOf(" | count", text.length / 2);
  for (let i = 0; i < 9; i++) {
    const typed = asked(`${text.slice(0, at)} | take ${i + 1}${text.slice(at)}`);
    assert.ok(typed < 100, `${typed} of ${opened} at letter ${i}`);
  }
});

test.run();
