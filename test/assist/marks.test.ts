/** Without this file an editor might take a column for a value, or a word of one meaning for another. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { analyse } from "../../src/assist/analyse.ts";
import { actions, certainFixes } from "../../src/assist/actions.ts";
import { completeAt, signatureIn } from "../../src/assist/complete_script.ts";
import { definition, references } from "../../src/assist/definition.ts";
import { hover } from "../../src/assist/hover.ts";
import { layoutEdit } from "../../src/assist/layout_edit.ts";
import { rename } from "../../src/assist/rename.ts";
import { semanticTokens } from "../../src/assist/semantic.ts";
import { symbols } from "../../src/assist/symbols.ts";
import { SETTINGS } from "../../src/check/settings.ts";
import { START } from "../../runtime/session/start_settings.ts";
import { open } from "../session/open.ts";
import { analysed, offsetOf, settled } from "./around.ts";
import { SCRIPTS } from "./scripts.ts";

const put = (text: string, edits: readonly { readonly span: { readonly start: number; readonly end: number }; readonly text: string }[]): string =>
  edits.toSorted((a, b) => b.span.start - a.span.start).reduce((made, { span, text: now }) => made.slice(0, span.start) + now + made.slice(span.end), text);
const codes = (found: readonly { readonly code: string }[]): string[] => found.map(({ code }) => code);

test("each word has the role that it plays", async () => {
  const text = [
    "param n: int = 3",
    "let k = 2",
    "set convention openmoss",
    "def f(x: table, most: int = 2) = x | take $most",
    "let rows = memorization | where matching_tokens > $k",
    "assert count(rows) > 1 and max(rows.matching_tokens) > 1",
    "groups a = rows, b = (sample perfect $n) | f most 1 | acts layer 7 of continuation | top 3 by max",
  ].join("\n");
  const { marks } = await analysed(text);
  assert.equal(
    marks().map(({ role, span, declares }) => `${text.slice(span.start, span.end)} ${role}${declares ? " new" : ""}`),
    [
      "n param new", "int type", "k param new", "convention setting", "openmoss option", "f stage new", "x relation new", "table type", "most param new", "int type", "x relation", "take stage", "most param",
      "rows relation new", "memorization relation", "where stage", "matching_tokens column", "k param",
      "assert stage", "count function", "rows relation", "max function", "rows relation", "matching_tokens column",
      "groups stage", "a label", "rows relation", "b label", "sample stage", "perfect relation", "n param", "f stage", "most keyword", "acts stage", "layer keyword", "of keyword", "continuation option", "top stage", "by keyword", "max option",
    ],
  );
});

test("a long script is answered in a time that grows with its length", async () => {
  const lines = 8000;
  const text = `${Array.from({ length: lines }, (_, i) => `let rows_${i} = perfect | take ${i}`).join("\n")}\nrows_1 | sam`;
  const around = await settled("perfect | take 1");
  const started = Date.now();
  const analysis = analyse(text, around);
  assert.ok(completeAt(analysis, text.length).items.some((item) => item.text === "sample"));
  assert.is(symbols(analysis).length, lines + 1);
  assert.ok(semanticTokens(analysis).length > 5 * lines);
  assert.match(hover(analysis, 5)?.text ?? "", "rows_0: table");
  // It is one second; with a copy of all names for each line it is half a minute.
  assert.ok(Date.now() - started < 10_000, `${Date.now() - started} ms`);
});

test("a formal hides a value of the same name inside its def only", async () => {
  const text = "let x = perfect\ndef f(x: table) = x | take 1\nx | f";
  const analysis = await analysed(text);
  assert.equal(references(analysis, 4).map(({ start }) => start), [4, offsetOf(text, "x", 3)]);
  assert.equal(references(analysis, offsetOf(text, "x", 1)).length, 2);
  assert.is(definition(analysis, text.length)?.name, "f");
  assert.is(definition(analysis, offsetOf(text, "perfect")), null);
});

test("a name means what was bound above it, and nothing bound below", async () => {
  const analysis = await analysed("mine | take 1\nlet mine = perfect\nlet mine = non_perfect\nmine | take 2");
  assert.is(definition(analysis, 1), null);
  assert.is(definition(analysis, analysis.text.lastIndexOf("mine"))?.span.start, 18);
});

test("uses of a name that comes with saeq belong together", async () => {
  const text = "perfect | take 1\nconcat perfect, (sample perfect 2)";
  assert.is(references(await analysed(text), 2).length, 3);
});

test("a new name everywhere leaves every script as right or wrong as it was", async () => {
  let tried = 0;
  for (const { name, text } of SCRIPTS) {
    const analysis = await analysed(text);
    for (const mark of analysis.marks().filter(({ declares, target }) => declares && target!.kind !== "module")) {
      const renaming = rename(analysis, mark.span.start, "fresh_name");
      assert.ok("spans" in renaming, `${name}: ${JSON.stringify(renaming)}`);
      const made = put(text, renaming.spans.map((span) => ({ span, text: renaming.text })));
      // A name that is bound twice is wrong only as long as it is bound twice.
      if (codes(analysis.diagnostics()).includes("name-taken")) continue;
      // Within quotes a param is told by its name: text that has another stays.
      if (analysis.diagnostics().some(({ message }) => message.startsWith(`\`$${mark.name}\` within quotes`))) continue;
      assert.equal(codes((await analysed(made)).diagnostics()), codes(analysis.diagnostics()), `${name}: ${mark.name}`);
      tried++;
    }
  }
  assert.ok(tried > 15, `${tried} names`);
});

test("refusals of a new name say why", async () => {
  const analysis = await analysed("let mine = memorization | where matching_tokens > 3\nparam n: int = 2\nmine | take $n");
  const why = (name: string, at = 5): string => {
    const found = rename(analysis, at, name);
    return "refused" in found ? found.refused : "fine";
  };
  assert.equal(["top", "in", "let", "n", "perfect", "matching_tokens", "1a", "", "a.b"].map((name) => why(name).replace(/^`[^`]*` /, "")), [
    "is a stage", "is a reserved word", "is a reserved word", "is already bound", "comes with saeq", "is a column in this script",
    ...Array.from({ length: 3 }, () => "is not a name: letters, digits and `_`, not starting with a digit"),
  ]);
  assert.is(why("other"), "fine");
  assert.is(why("$lines", analysis.text.length), "fine");
  assert.match(why("x", analysis.text.indexOf("memorization")), "not given in this script");
  assert.match(why("x", analysis.text.indexOf("=")), "no name here");
});

test("semantic tokens are in order, on one line each, and none overlap", async () => {
  for (const { name, text } of SCRIPTS) {
    let end = 0;
    for (const { span } of semanticTokens(await analysed(text))) {
      assert.ok(span.start >= end && span.end > span.start, name);
      assert.not.match(text.slice(span.start, span.end), "\n");
      end = span.end;
    }
  }
});

test("no prefix of any script makes an answer fail", async () => {
  for (const { name, text } of SCRIPTS) {
    const around = await settled(text);
    const step = Math.max(1, Math.floor(text.length / 10));
    for (let end = 0; end <= text.length; end += step) {
      const analysis = analyse(text.slice(0, end), around);
      const at = Math.max(0, end - 1);
      for (const ask of [completeAt, signatureIn, hover, definition, references]) for (const offset of [end, at, Math.floor(end / 2)]) (ask as (a: typeof analysis, offset: number) => unknown)(analysis, offset);
      [semanticTokens(analysis), symbols(analysis), layoutEdit(analysis), certainFixes(analysis.diagnostics(), analysis.text)].forEach((found) => assert.ok(found !== undefined, name));
      for (const { span } of analysis.marks()) assert.ok(span.start >= 0 && span.start <= span.end && span.end <= end, name);
    }
  }
});

test("the layout edit is what `fmt` writes", async () => {
  const analysis = await analysed("let a =   perfect\n# kept\na|take 3\n");
  const edit = layoutEdit(analysis)!;
  assert.is(put(analysis.text, [edit]), "let a = perfect\n# kept\na | take 3\n");
  assert.ok(edit.span.start > 0 && edit.span.end < analysis.text.length);
  assert.is(layoutEdit(await analysed("perfect | take 3\n")), null);
  assert.is(layoutEdit(await analysed("perfect | take (3\n")), null);
  assert.is(layoutEdit(await analysed("x | derive  (is # c\n## d\nnull)\n")), null, "where it would be read as another script");
});

test("fixes are offered where they stand, and all at once", async () => {
  const text = "perfect | wher matching_tokens = 0 && perfect_match";
  const found = (await analysed(text)).diagnostics();
  const titles = actions(found, text, { start: 0, end: text.length }).map(({ title }) => title);
  assert.ok(titles.includes("write `and` for `&&`"), titles.join());
  assert.equal(actions(found, text, { start: 0, end: 0 }), []);
  const mended = put(text, certainFixes(found, text));
  assert.not.match(mended, "&&");
});

test("what waits for the command line is neither a mistake nor looked up", async () => {
  const analysis = await analysed("param file: path\nparam m: str\nset model $m\ncsv $file | where any > $n\nparam bad: integer\n");
  assert.equal(codes(analysis.diagnostics()), ["unknown-param", "unknown-type"]);
  assert.equal(analysis.needs(), []);
});

test("a server starts with the settings of a session", async () => {
  const session = await open({ settings: { seed: START.seed, ep: START.ep } });
  assert.equal(session.settings(), Object.fromEntries(Object.entries(SETTINGS).map(([name, spec]) => [name, spec.show(START)])));
  await session.close();
});

test.run();
